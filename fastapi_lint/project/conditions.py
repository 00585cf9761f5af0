"""On how many conditions does it rest that code runs, of those that nothing known here decides?

Each of them may be the one that never holds where the chain comes from: a mode that nobody sets, an object that is
there already, a test that a caller has made. Of the diagnostics that were read in 32 projects 90 % (198 of 221) were
true where a chain rested on up to two conditions inside the functions that it leads through, and 47 % (27 of 57) where
it rested on more. What requests make and change stands at the end of longer ways: there 91 % (79 of 87) were true up to
five conditions, and 50 % (10 of 20) beyond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE
from fastapi_lint.project.dead_branches import sure_regions
from fastapi_lint.project.index import Frame

if TYPE_CHECKING:
    from fastapi_lint.project.contexts import Arrival
    from fastapi_lint.project.inference import Inference

MOST_OF_A_CHAIN = 2
"""So many conditions may a chain from a coroutine to what blocks rest on."""

_MOST_OF_A_WAY = 5
"""So many may a way from an entry point rest on."""


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


def is_conditional(way: Iterable[Arrival]) -> bool:
    """Whether a way from an entry point rests on so many conditions that it is a possibility only."""
    return sum(arrival.edge.conditions for arrival in way if arrival.edge is not None) > _MOST_OF_A_WAY
