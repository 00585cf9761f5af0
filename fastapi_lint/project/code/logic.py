"""What follows from a condition, and what is it for what its parts are? Through `not`, `and` and `or`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Bin, Choice, Lit, Scope

LATER, EARLIER = frozenset({">", ">="}), frozenset({"<", "<="})


def implied(scope: Scope, test: int, holds: bool) -> list[tuple[int, bool]]:
    """The simple tests that are sure to hold, or sure to fail, where a condition does."""
    node = scope.exprs[test]
    while type(node) is Bin and node.op == "not":
        test, holds = node.left, not holds
        node = scope.exprs[test]
    if type(node) is Bin and node.op == "and":
        return [*implied(scope, node.left, True), *implied(scope, node.right, True)] if holds else []
    if type(node) is Choice and node.test == NONE:
        return [] if holds else [one for part in node.items for one in implied(scope, part, False)]
    return [(test, holds)]


def nothing(scope: Scope, test: int, holds: bool) -> Iterator[int]:
    """What is None or empty where a condition holds, or where it does not: `x` of `x is None` and of `not x`."""
    return _tested(scope, test, holds, is_there=False)


def something(scope: Scope, test: int, holds: bool) -> Iterator[int]:
    """What is not None where a condition holds, or where it does not: `x` of `x is not None` and of `x`."""
    return _tested(scope, test, holds, is_there=True)


def _tested(scope: Scope, test: int, holds: bool, *, is_there: bool) -> Iterator[int]:
    for part, is_true in implied(scope, test, holds):
        node = scope.exprs[part]
        if not isinstance(node, Bin) or node.op not in ("is", "is not"):
            if is_true is is_there:
                yield part
        elif scope.exprs[node.right] == Lit(None) and ((node.op == "is not") is is_true) is is_there:
            yield node.left


def simple_tests(scope: Scope, test: int) -> list[int]:
    """The tests without parts that a condition is made of."""
    node = scope.exprs[test]
    while type(node) is Bin and node.op == "not":
        test = node.left
        node = scope.exprs[test]
    if type(node) is Bin and node.op == "and":
        return [*simple_tests(scope, node.left), *simple_tests(scope, node.right)]
    if type(node) is Choice and node.test == NONE:
        return [one for part in node.items for one in simple_tests(scope, part)]
    return [test]


def truth(scope: Scope, test: int, simple: Callable[[int], bool | None]) -> bool | None:
    """What a condition is, if `simple` knows enough of the simple tests in it."""
    node = scope.exprs[test]
    if type(node) is Bin and node.op == "not":
        inner = truth(scope, node.left, simple)
        return None if inner is None else not inner
    if type(node) is Bin and node.op == "and":
        return _decided([truth(scope, part, simple) for part in (node.left, node.right)], by=False)
    if type(node) is Choice and node.test == NONE:
        return _decided([truth(scope, part, simple) for part in node.items], by=True)
    return simple(test)


def _decided(parts: list[bool | None], by: bool) -> bool | None:
    return by if by in parts else None if None in parts else not by


def order_of(scope: Scope, node: Bin) -> str:
    """The sign of a comparison: the method that it runs stands beside it."""
    for other in scope.exprs:
        if type(other) is Bin and other.op in LATER | EARLIER:
            if (other.left, other.right) == (node.left, node.right):
                return other.op
    return ""
