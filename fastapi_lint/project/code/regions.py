"""In which regions of its function does code stand?"""

from __future__ import annotations

from collections.abc import Container, Iterator

from fastapi_lint.facts import NONE, Lit, Region, Scope

_CONDITIONAL = frozenset({"if", "else", "except", "loop", "genexpr"})
_OPPOSITE = {"if": "else", "else": "if"}


def around(scope: Scope, region: int) -> Iterator[int]:
    """The number of a region and of those that it is nested in, innermost first; nothing for NONE."""
    while region != NONE:
        yield region
        region = scope.regions[region].parent


def within(scope: Scope, region: int, wanted: Container[int]) -> bool:
    """Whether a region is one of `wanted` or nested in one."""
    while region != NONE:  # asked for every event of a project: no generator
        if region in wanted:
            return True
        region = scope.regions[region].parent
    return False


def stands_in(scope: Scope, region: int, *kinds: str) -> bool:
    """Whether a region is of one of these kinds (`loop`, `except`, ...) or nested in one."""
    while region != NONE:
        found = scope.regions[region]
        if found.kind in kinds:
            return True
        region = found.parent
    return False


def branches(scope: Scope, region: int) -> Iterator[Region]:
    """The `if` and `else` branches, with their conditions, that a region stands in, innermost first."""
    for number in around(scope, region):
        found = scope.regions[number]
        if found.kind in ("if", "else") and found.expr != NONE:
            yield found


def may_be_passed(scope: Scope, region: int) -> set[int]:
    """The regions around code that may be passed by; what is left behind `raise` is not: who raises serves nobody."""
    return {
        number
        for number in around(scope, region)
        if (found := scope.regions[number]).kind in _CONDITIONAL
        and found.behind != "raise"
        and not (found.kind == "loop" and found.expr != NONE and scope.exprs[found.expr] in (Lit(True), Lit(1)))
    }


def exclude_each_other(scope: Scope, one: int, other: int) -> bool:
    """Whether two regions stand in different branches of the same condition: of one pass only one of them runs."""
    others: list[Region] | None = None
    for number in around(scope, one):
        found = scope.regions[number]
        opposite = _OPPOSITE.get(found.kind)
        if opposite is None or found.expr == NONE:
            continue
        if others is None:
            others = list(branches(scope, other))
        for its in others:
            if its.expr == found.expr and its.kind == opposite and its.parent == found.parent:
                return True
    return False


def comes_by(scope: Scope, first: int, last: int) -> bool:
    """Whether control comes by one event before it gets to another, in the same pass of a loop."""
    before, after = (set(around(scope, scope.events[number].region)) for number in (first, last))
    if not first < last or not before <= after:
        return False
    return all(scope.regions[one].kind != "loop" for one in after - before)


def is_paused_between(scope: Scope, first: int, last: int) -> bool:
    """Whether others are sure to get their turn between two events: a wait that is not passed by where both run."""
    if last <= first:
        return False
    allowed = may_be_passed(scope, scope.events[first].region) | may_be_passed(scope, scope.events[last].region)
    return any(
        event.pauses and may_be_passed(scope, event.region) <= allowed for event in scope.events[first + 1 : last]
    )


def leads_to(scope: Scope, first: int, last: int) -> bool:
    """Whether one event may follow another one without a wait in between."""
    one, other = scope.events[first].region, scope.events[last].region
    return first < last and not exclude_each_other(scope, one, other) and not is_paused_between(scope, first, last)
