"""On how much does it rest that code runs, of what nothing known here decides?

Each condition may be the one that never holds where the chain comes from: a mode that nobody sets, an object that is
there already, a test that a caller has made. And each helper adds what only it knows of its callers, which the longest
chains show: so every helper beyond the third counts as a condition. Of the diagnostics that were read in 32 projects
93 % (309 of 333) were true where a chain from a coroutine rested on up to two of them, and 60 % (51 of 85) where it
rested on more. What requests make and change stands at the end of longer ways: there 87 % (143 of 164) were true up to
five, and 65 % (32 of 49) beyond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.flow.dead_branches import sure_regions

if TYPE_CHECKING:
    from fastapi_lint.project.serving.contexts import Arrival
    from fastapi_lint.project.types.inference import Inference

MOST_OF_A_CHAIN = 2
"""So much doubt may a chain from a coroutine to what blocks have."""

_MOST_OF_A_WAY = 5
"""So much may a way from an entry point have."""

_HELPERS_WITHOUT_DOUBT = 3


def doubt(conditions: int, helpers: int) -> int:
    """On how much a chain rests: its undecided conditions, and what so many helpers may know."""
    return conditions + max(0, helpers - _HELPERS_WITHOUT_DOUBT)


class Conditions:
    """The conditions of one frame, by region."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = frame.scope
        self._known: dict[int, int] = {NONE: 0}

    def at(self, region: int) -> int:
        """How many undecided conditions have to hold for a region to run."""
        known = self._known.get(region)
        if known is None:
            parent = self._scope.regions[region].parent
            counts = self._is_undecided(region) and not self._is_of_chain(parent)
            known = self._known[region] = self.at(parent) + counts
        return known

    def _is_of_chain(self, number: int) -> bool:
        """Whether a region is a written `else`: with the branches in it (`elif`) it is one condition, counted there."""
        return (
            number != NONE
            and self._scope.regions[number].kind == "else"
            and self._is_undecided(number)
            and (not self._scope.regions[number].behind)
        )

    def _is_undecided(self, number: int) -> bool:
        region = self._scope.regions[number]
        if region.kind == "except":
            return True
        if region.kind not in ("if", "else") or region.behind == "raise":
            return False
        return number not in sure_regions(self._inference, self._frame)


def exits_before(scope: Scope, number: int) -> int:
    """How many branches before an event may have left the function, beside the conditions that the event stands in.

    What follows `if found: ... if value: return value` is there for when that fails.
    """
    if not 0 <= number < len(scope.events):
        return 0
    here = set(around(scope, scope.events[number].region))
    left = {scope.regions[inside].expr for inside in here if scope.regions[inside].kind == "else"}
    found = set()
    for event in scope.events[:number]:
        if event.kind == EventKind.RETURN and event.region not in here:
            outermost = [inside for inside in around(scope, event.region) if inside not in here][-1]
            region = scope.regions[outermost]
            if region.kind != "except" and (region.kind != "if" or region.expr not in left):
                found.add(outermost)
    return len(found)


def way_doubt(way: Iterable[Arrival]) -> int:
    """On how much a way from an entry point rests that nothing known decides."""
    edges = [arrival.edge for arrival in way if arrival.edge is not None]
    return doubt(sum(edge.conditions for edge in edges), len(edges))


def is_conditional(way: Iterable[Arrival]) -> bool:
    """Whether a way from an entry point rests on so much that it is a possibility only."""
    return way_doubt(way) > _MOST_OF_A_WAY
