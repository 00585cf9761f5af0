"""Where does a function take a value that it has read?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Await, Bin, Call, Choice, Declared, EventKind, Free, Map, Phi, Scope, Seq, Sub, Use
from fastapi_lint.project.code.name_uses import holders

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "compares", "differs", "equals", "is", "is not", "among", "not among"})
_COMPUTES = frozenset({"abs", "bool", "float", "int", "len", "max", "min", "repr", "round", "str", "sum"})
_LEAVING = frozenset({EventKind.RETURN, EventKind.YIELD})
_STORING = frozenset({EventKind.REBIND, EventKind.STORE_ATTR, EventKind.STORE_ITEM})


class End(msgspec.Struct, frozen=True):
    """What becomes of a value, by itself, in a sum, a text or a display.

    It is a `test`, an `index`, an `argument`, a `store` or an `answer`; what is none of these is `other`. `number` is
    the expression that has it, for a store the event.
    """

    kind: str
    number: int


def ends(scope: Scope, expr: int) -> Iterator[End]:
    """All that becomes of an expression's value in its function, through computations, displays and local names."""
    holding = holders(scope)
    seen: set[int] = set()
    todo = [expr]
    while todo:
        number = todo.pop()
        if number in seen:
            continue
        seen.add(number)
        defined = {n for n, definition in enumerate(scope.defs) if definition.value == number}
        if defined:
            todo += [n for n, one in enumerate(scope.exprs) if isinstance(one, (Use, Phi)) and defined & set(one.defs)]
        yield from _events(scope, number)
        holder = holding.get(number, NONE)
        if holder == NONE:
            continue
        end = _kind(scope, holder, number)
        if end:
            yield End(end, holder)
        else:
            todo.append(holder)


def _events(scope: Scope, expr: int) -> Iterator[End]:
    for number, event in enumerate(scope.events):
        if event.kind in _LEAVING and event.expr == expr:
            yield End("answer", expr)
        elif event.kind in _STORING and event.value == expr:
            yield End("store", number)


def _kind(scope: Scope, holder: int, part: int) -> str:
    """What an expression makes of its part; empty where it goes on with the same value, or one computed from it."""
    node = scope.exprs[holder]
    if isinstance(node, Bin):
        return "test" if node.op in (*_COMPARISONS, "not") else ""
    if isinstance(node, Choice):
        return "test" if node.test == part else ""
    if isinstance(node, (Use, Phi, Await, Declared, Map, Seq)):
        return ""
    if isinstance(node, Sub) and node.index == part:
        return "index"
    if not isinstance(node, Call) or node.func == part:
        return "other"
    return "" if is_computed(scope, node) else "argument"


def is_computed(scope: Scope, node: Call) -> bool:
    """Whether a call does nothing but compute something of its arguments: `round(value, 3)`, `len(values)`."""
    func = scope.exprs[node.func]
    return isinstance(func, Free) and func.name in _COMPUTES
