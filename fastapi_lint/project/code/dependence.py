"""On what that a caller passes does an expression depend?

A function runs in many frames, one for each set of arguments that tell something, and most of its expressions are the
same in all of them: half of all answers of a large project. They are found once, in the frame where nothing is bound.
"""

from __future__ import annotations

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Cls,
    Comp,
    Declared,
    Enter,
    Exc,
    Expr,
    Free,
    Func,
    Import,
    Iter,
    Lit,
    Map,
    Narrow,
    Opaque,
    Param,
    Phi,
    Scope,
    Seq,
    Star,
    Sub,
    Unpack,
    Use,
    Var,
)

_GIVEN = frozenset({Func, Param, Var})
_WITHOUT_PARTS = frozenset({Cls, Free, Func, Import, Lit, Opaque, Param, Var})
OUTER = 1
"""The bit for what the functions around the scope were given, and for functions that take all of it with them."""


def parameter_bit(number: int) -> int:
    """The bit for a parameter of the scope itself."""
    return 2 << number


def dependences(scope: Scope, is_nested: bool) -> tuple[int, ...]:
    """For each expression of a scope the parameters that decide on its type, as bits.

    `is_nested` says that the scope stands in a function: its defaults may depend on that function's parameters.
    """
    found = [_own(node, is_nested) if type(node) in _GIVEN else 0 for node in scope.exprs]
    if not any(found):
        return tuple(found)
    defined = [definition.value for definition in scope.defs]
    whole = [
        (number, parts)
        for number, node in enumerate(scope.exprs)
        if type(node) not in _WITHOUT_PARTS and (parts := parts_of(node, defined))
    ]
    has_loop = any(part > number for number, parts in whole for part in parts)
    again = True
    while again:  # parts come before the whole: only where there is a loop a second pass may find more
        again = False
        for number, parts in whole:
            bits = found[number]
            for part in parts:
                if part != NONE:
                    bits |= found[part]
            if bits != found[number]:
                found[number] = bits
                again = has_loop
    return tuple(found)


def _own(node: Expr, is_nested: bool) -> int:
    if isinstance(node, Param):
        return parameter_bit(node.index) | (OUTER if is_nested else 0)
    if isinstance(node, Var):
        return OUTER if node.scope else 0
    return OUTER if isinstance(node, Func) else 0


def parts_of(node: Expr, defined: list[int]) -> tuple[int, ...] | list[int]:
    """What an expression is made of; `defined` are the values of the definitions that names stand for."""
    if type(node) is Use or type(node) is Phi:
        return [defined[number] for number in node.defs]
    if type(node) is Attr:
        return (node.base,)
    if type(node) is Call:
        return (node.func, *node.args, *(value for _, value in node.keywords))
    if type(node) is Sub:
        return (node.base, node.index)
    if type(node) is Bin:
        return (node.left, node.right)
    if type(node) is Seq:
        return node.items
    if isinstance(node, (Await, Iter, Enter, Unpack, Star)):
        return (node.value,)
    if isinstance(node, Choice):
        return (*node.items, node.test)
    if isinstance(node, Declared):
        return (node.value, node.annotation)
    if isinstance(node, Comp):
        return (node.element, node.key)
    if isinstance(node, Narrow):
        return (node.value, node.cls)
    if isinstance(node, Map):
        return (*node.keys, *node.values)
    return (node.cls,) if isinstance(node, Exc) else ()
