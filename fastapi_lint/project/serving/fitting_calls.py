"""From which entry point does a request get to a place, for what the calls on its way pass?

`update({"role": role})` in one route never gets behind `if "password" in values` in `update`; another one does. And
`if swap.backfill: await launch(swap)` in `apply` is not for the route whose `swap` leaves that field at None.
"""

from __future__ import annotations

from collections import deque

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.caller_tests import CallerTests
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.left_fields import LeftFields
from fastapi_lint.project.serving.reach import Reach

_Step = tuple[Frame, int]
"""A frame, and the region of it in which the next call of a way stands."""


class FittingCalls:
    """Looks at each call of a way and at what the function called asks for where its own next call stands."""

    def __init__(self, graph: Graph, contexts: Contexts) -> None:
        self._graph = graph
        self._contexts = contexts
        self._tests = CallerTests(graph.inference)
        self._reaches: dict[str, Reach] = {}
        self._excluded: dict[tuple[_Step, Frame, Edge], bool] = {}
        self.left_fields = LeftFields(graph, lambda: self.reach("request"))

    def entry(self, frame: Frame, region: int, category: str, nearest: EntryPoint | None) -> EntryPoint | None:
        """The entry point from which the nearest way gets to a region of a frame; None if no way does.

        `nearest` is that of the shortest way of all.
        """
        reach = self.reach(category)
        step, is_fitting = (frame, region), True
        for arrival in reversed(reach.way(frame)):
            if arrival.caller is not None and arrival.edge is not None:
                is_fitting = is_fitting and not self._excludes(step, arrival.caller, arrival.edge)
                step = _before(arrival.caller, arrival.edge)
        return nearest if is_fitting else self._nearest((frame, region), reach)

    def _nearest(self, place: _Step, reach: Reach) -> EntryPoint | None:
        """The entry point of the shortest way of which each call fits."""
        seen, todo = {place}, deque([place])
        found: EntryPoint | None = None
        while todo:
            step = todo.popleft()
            for entry in reach.entry_of(step[0]):
                if entry.kind != "dependency":
                    return entry
                found = found or entry
            for caller, edge in reach.callers(step[0]):
                before = _before(caller, edge)
                if before not in seen and not self._excludes(step, caller, edge):
                    seen.add(before)
                    todo.append(before)
        return found

    def _excludes(self, step: _Step, caller: Frame, edge: Edge) -> bool:
        """Whether a call does not get to a region of the frame that it runs."""
        frame, region = step
        if not region:
            return False
        key = (step, caller, edge)
        if key not in self._excluded:
            is_told = self._tests.asks(frame, region) and self._tests.exclude(frame, region, [(caller, edge)])
            self._excluded[key] = is_told or self.left_fields.exclude_call(frame, region, caller, edge)
        return self._excluded[key]

    def reach(self, category: str) -> Reach:
        """What requests reach, or another category of code."""
        if category not in self._reaches:
            roots = self._contexts.roots(category)
            self._reaches[category] = Reach(self._graph, self._contexts, roots, _starts_loop)
        return self._reaches[category]


def _before(caller: Frame, edge: Edge) -> _Step:
    """Where a call stands; region 0 says nothing."""
    events = caller.scope.events
    return caller, events[edge.event].region if 0 <= edge.event < len(events) else 0


def _starts_loop(_: Frame, edge: Edge) -> bool:
    return edge.mode == "new-loop"
