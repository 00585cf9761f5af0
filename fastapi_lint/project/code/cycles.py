"""Yes-or-no answers about things that depend on each other in circles, the same whatever is asked first."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_DEEPEST = 400
"""How many answers may wait for each other: each takes several frames of Python's stack."""


class AnyOf(Generic[Key]):
    """Keeps whether a thing has a property that it has if any of those has it that it depends on.

    A question that comes back to itself is answered with no, for the rest decides. Such an answer holds only as long as
    the question is open; it is kept for good when all that it rests on have been answered with no.
    """

    def __init__(self) -> None:
        self._known: dict[Key, bool] = {}
        self._open: dict[Key, int] = {}
        self._resting: dict[Key, int] = {}
        self._lowest = _DEEPEST

    def ask(self, key: Key, decide: Callable[[], bool]) -> bool:
        """The answer to `key`; `decide` finds it out, and asks for what it depends on."""
        known = self._known.get(key)
        if known is not None:
            return known
        depth = len(self._open)
        cut = self._open.get(key, self._resting.get(key, 0 if depth >= _DEEPEST else None))
        if cut is not None:
            self._lowest = min(self._lowest, cut)
            return False
        return self._find(key, depth, decide)

    def _find(self, key: Key, depth: int, decide: Callable[[], bool]) -> bool:
        outer, self._lowest = self._lowest, _DEEPEST
        resting = len(self._resting)
        self._open[key] = depth
        found = decide()
        del self._open[key]
        lowest = self._lowest
        if found or lowest >= depth:
            while len(self._resting) > resting:
                other, _ = self._resting.popitem()
                if not found:
                    self._known[other] = False
            self._known[key] = found
            self._lowest = outer
        else:
            self._resting[key] = lowest
            self._lowest = min(outer, lowest)
        return found
