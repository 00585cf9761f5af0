"""Does the value of one expression of a function go into another?"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Comp,
    Declared,
    Enter,
    Expr,
    Iter,
    Map,
    Narrow,
    Phi,
    Scope,
    Seq,
    Star,
    Sub,
    Unpack,
    Use,
)

_MOST_EXPRESSIONS = 400


def reaches(scope: Scope, exprs: Iterable[int], wanted: int, is_same: bool = False) -> bool:
    """Whether the value of an expression goes into one of these, or, if `is_same`, is the object itself."""
    todo = list(exprs)
    seen: set[int] = set()
    while todo and len(seen) < _MOST_EXPRESSIONS:
        number = todo.pop()
        if number == wanted:
            return True
        if number != NONE and number not in seen:
            seen.add(number)
            if not is_same or not isinstance(scope.exprs[number], Call):
                todo += _parts(scope, scope.exprs[number])
    return False


def _parts(scope: Scope, node: Expr) -> Iterable[int]:
    if isinstance(node, (Use, Phi)):
        return [scope.defs[definition].value for definition in node.defs]
    if isinstance(node, Call):
        return [node.func, *node.args, *(value for _, value in node.keywords)]
    if isinstance(node, (Await, Enter, Iter, Narrow, Unpack, Declared, Star)):
        return [node.value]
    if isinstance(node, (Seq, Choice)):
        return node.items
    if isinstance(node, Map):
        return [*node.keys, *node.values]
    if isinstance(node, Attr):
        return [node.base]
    if isinstance(node, Sub):
        return [node.base, node.index]
    if isinstance(node, Bin):
        return [node.left, node.right]
    return [node.element, node.key] if isinstance(node, Comp) else []
