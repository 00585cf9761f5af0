"""Which parameters say how often a loop tries again, and what do its tests say where that is not at all?

`for attempt in range(retries + 1)`: where `retries` is 0 there is one pass, in which `attempt >= retries` holds.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Bin, Call, Free, Iter, Lit, Scope, Use
from fastapi_lint.project.code.logic import order_of
from fastapi_lint.project.code.spelling import parameter_of

_COMPARISONS = frozenset({"compares", "equals", "differs"})
_OF_EQUALS = {">=": True, "<=": True, ">": False, "<": False}


def retry_counts(scope: Scope) -> frozenset[int]:
    """The parameters of a function that are such numbers."""
    counts = (_count(scope, region.expr) for region in scope.regions if region.kind == "loop" and region.expr != NONE)
    return frozenset(count for count in counts if count != NONE)


def asks_for_last(scope: Scope, node: Bin) -> tuple[int, bool] | None:
    """The parameter with which a test compares the number of the pass, and what the test is where both are 0."""
    if node.op not in _COMPARISONS:
        return None
    for one, other in ((node.left, node.right), (node.right, node.left)):
        used = scope.exprs[one]
        made = scope.exprs[scope.defs[used.defs[0]].value] if type(used) is Use and len(used.defs) == 1 else None
        count = parameter_of(scope, other) if type(made) is Iter else NONE
        if type(made) is Iter and count != NONE and _count(scope, made.value) == count:
            holds = node.op == "equals" if node.op != "compares" else _OF_EQUALS.get(order_of(scope, node))
            return None if holds is None else (count, holds)
    return None


def _count(scope: Scope, iterated: int) -> int:
    """The parameter `n` of `range(n + 1)`, or NONE."""
    node = scope.exprs[iterated]
    if type(node) is not Call or len(node.args) != 1 or scope.exprs[node.func] != Free("range"):
        return NONE
    passes = scope.exprs[node.args[0]]
    if type(passes) is not Bin or passes.op != "+" or scope.exprs[passes.right] != Lit(1):
        return NONE
    return parameter_of(scope, passes.left)
