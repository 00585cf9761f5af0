"""What does a simple test ask for, and what does one test say of another?

Where `kind in ("text", "all")` holds, `kind != "image"` holds, too, and `kind is None` does not.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Lit, Scope, Seq, Use
from fastapi_lint.project.types.values import LiteralV

ConstantOf = Callable[[int], LiteralV | None]
"""The constant that an expression is known to be."""


class Question(msgspec.Struct, frozen=True):
    """Whether the expression `of` is one of `values`, or is true (no `values`); whether not, if not `positive`."""

    of: int
    values: frozenset[LiteralV]
    positive: bool


def question(scope: Scope, test: int, constant: ConstantOf) -> Question | None:
    """What a test asks that has no parts."""
    node = scope.exprs[test]
    if type(node) is not Bin:
        return Question(test, frozenset(), True) if isinstance(node, (Attr, Use)) else None
    right = scope.exprs[node.right] if node.right != NONE else None
    items: tuple[int, ...] = ()
    if node.op in ("is", "is not", "equals", "differs"):
        items = (node.right,)
    elif node.op in ("among", "not among") and type(right) is Seq:
        items = right.items
    values = [constant(item) for item in items]
    known = frozenset(value for value in values if value is not None)
    if not known or None in values:
        return None
    return Question(node.left, known, node.op in ("is", "equals", "among"))


def literal(scope: Scope, expr: int) -> LiteralV | None:
    """The constant that is written there, if tests can tell it from others."""
    node = scope.exprs[expr]
    if isinstance(node, Lit) and (node.value is None or isinstance(node.value, (bool, str))):
        return LiteralV(node.value)
    return None


def answer(known: Question, holds: bool, asked: Question) -> bool | None:
    """What `asked` is where `known`, of the same expression, is known to hold or not to; None if that says nothing."""
    is_among = _is_among(known, known.positive is holds, asked)
    return None if is_among is None else is_among is asked.positive


def _is_among(known: Question, is_one: bool, asked: Question) -> bool | None:
    """Whether the expression is one of the values that are asked for, or true."""
    if not asked.values:
        if not known.values:
            return is_one
        truths = {bool(value.value) if value.of == NONE else None for value in known.values} if is_one else {None}
        return truths.pop() if len(truths) == 1 else None
    if not known.values:  # what is true is neither None nor False, what is not true no text
        return False if all(bool(v.value) is not is_one and v.of == NONE for v in asked.values) else None
    if is_one and known.values <= asked.values:
        return True
    if not is_one:
        return False if asked.values <= known.values else None
    kinds = {value.of for value in known.values | asked.values}  # a member of an enumeration may equal its text
    return False if known.values.isdisjoint(asked.values) and len(kinds) == 1 else None
