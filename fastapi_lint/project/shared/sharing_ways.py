"""On which way to a change do callers hand over what is shared, and not an object of their own?"""

from __future__ import annotations

import heapq
import itertools

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.conditions import is_conditional, way_doubt
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.shared.state import SharedState

Way = tuple[Arrival, ...]


class SharingWays:
    """The way of those who were found first, or the one that rests on least if theirs is a possibility only."""

    def __init__(self, requests: Reach, state: SharedState) -> None:
        self._requests = requests
        self._state = state

    def to(self, frame: Frame) -> Way:
        """The way from an entry point to a frame."""
        first = self._first(frame)
        return self._surest(frame, first) if is_conditional(first) else first

    def _first(self, frame: Frame) -> Way:
        steps: list[Arrival] = []
        current, seen = frame, {frame}
        while (sharers := self._state.sharers.get(current)) is not None:
            shortest = self._requests.way(current)[-1:]
            own = [one for one in shortest if one.caller is not None and (one.caller, one.edge) in sharers]
            step = own[0] if own else Arrival(*sharers[0], None)
            if step.caller is None or step.caller in seen or step.caller not in self._requests.frames:
                return self._requests.way(frame)
            seen.add(step.caller)
            steps.append(step)
            current = step.caller
        return (*self._requests.way(current), *reversed(steps))

    def _surest(self, frame: Frame, first: Way) -> Way:
        """Of all ways on which what is shared is handed over, the one with the least doubt."""
        count = itertools.count()  # of equal ways the first found
        todo: list[tuple[int, int, int, Frame, Way]] = [(0, 0, next(count), frame, ())]
        seen: set[Frame] = set()
        best = first
        while todo:
            least, _, _, current, steps = heapq.heappop(todo)
            if least >= way_doubt(best):
                break
            if current in seen:
                continue
            seen.add(current)
            if current not in self._state.sharers:
                best = min(best, (*self._requests.way(current), *steps), key=way_doubt)
                continue
            for caller, edge in self._state.all_sharers(current):
                way = (Arrival(caller, edge, None), *steps)
                heapq.heappush(todo, (way_doubt(way), len(way), next(count), caller, way))
        return best
