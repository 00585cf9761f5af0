"""Where does a project read a name, a variable's or an attribute's, and what does it do with it there?"""

from __future__ import annotations

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Import, Lit, Scope, Sub, Var
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.spelling import signature

_LOOKS_UP = frozenset({"add", "discard", "get", "pop", "remove", "setdefault"})


class NameUse(msgspec.Struct, frozen=True):
    """Expression `expr` of scope `gid` is the name; `holder` is the expression that it is a part of, or NONE."""

    gid: int
    expr: int
    holder: int


def name_uses(index: Index, names: frozenset[str]) -> dict[str, list[NameUse]]:
    """Every read of each of these names, whatever holds the attribute; of all in one go."""
    found: dict[str, list[NameUse]] = {name: [] for name in names}
    for gid in index.reading(names):
        scope = index.scope(gid)
        held: dict[int, int] | None = None
        for number, node in enumerate(scope.exprs):
            if isinstance(node, (Attr, Var, Import)) and node.name in names:
                held = holders(scope) if held is None else held
                found[node.name].append(NameUse(gid, number, held.get(number, NONE)))
    return found


def holders(scope: Scope) -> dict[int, int]:
    """The expression that each expression of a scope is a part of."""
    found: dict[int, int] = {}
    for number, node in enumerate(scope.exprs):
        if isinstance(node, Lit):  # its value is no number of an expression
            continue
        parts = [*signature(node)[1], *getattr(node, "items", ()), getattr(node, "value", NONE)]
        for part in (*parts, *getattr(node, "keys", ()), *getattr(node, "values", ())):
            if isinstance(part, int) and part != NONE:
                found[part] = number
    return found


def called_by(scope: Scope, use: NameUse) -> Call | None:
    """The call of what a name stands for, where it stands; None where the name is handed on."""
    node = scope.exprs[use.holder] if use.holder != NONE else None
    return node if isinstance(node, Call) and node.func == use.expr else None


def looked_up(scope: Scope, use: NameUse) -> int:
    """The number that a name stands for, or the one that is looked up in the dictionary that it stands for."""
    node = scope.exprs[use.holder] if use.holder != NONE else None
    if isinstance(node, Sub) and node.base == use.expr:
        return use.holder
    if isinstance(node, Attr) and node.name in _LOOKS_UP:
        calls = (n for n, one in enumerate(scope.exprs) if isinstance(one, Call) and one.func == use.holder)
        return next(calls, use.expr)
    return use.expr
