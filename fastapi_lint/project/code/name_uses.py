"""Where does a project read a name, a variable's or an attribute's, and what does it do with it there?"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Declared,
    Enter,
    Import,
    Iter,
    Map,
    Narrow,
    Scope,
    Seq,
    Star,
    Sub,
    Unpack,
    Var,
)
from fastapi_lint.project.code.index import Index

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
        named = {
            number: node.name
            for number, node in enumerate(scope.exprs)
            if (type(node) is Attr or type(node) is Var or type(node) is Import) and node.name in names
        }
        held = holders(scope, named)
        for number, name in named.items():
            if name is not None:
                found[name].append(NameUse(gid, number, held.get(number, NONE)))
    return found


def holders(scope: Scope, wanted: Container[int] | None = None) -> dict[int, int]:
    """The expression that each expression of a scope, or each of those that are wanted, is a part of."""
    found: dict[int, int] = {}
    for number, node in enumerate(scope.exprs):
        parts_of = _PARTS.get(type(node))
        for part in parts_of(node) if parts_of is not None else ():
            if part != NONE and (wanted is None or part in wanted):
                found[part] = number
    return found


def _parts_of_call(node: Call) -> Iterable[int]:
    return (node.func, *node.args, *(value for _, value in node.keywords)) if node.keywords else (node.func, *node.args)


_PARTS: dict[type, Callable[[Any], Iterable[int]]] = {
    Attr: lambda node: (node.base,),
    Call: _parts_of_call,
    Bin: lambda node: (node.left, node.right),
    Sub: lambda node: (node.base, node.index),
    Seq: lambda node: node.items,
    Choice: lambda node: node.items,
    Map: lambda node: (*node.keys, *node.values),
    **dict.fromkeys((Await, Declared, Enter, Iter, Narrow, Star, Unpack), lambda node: (node.value,)),
}


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
