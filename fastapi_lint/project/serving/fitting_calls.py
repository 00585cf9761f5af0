"""From which entry point does a request get to a place, for what the calls of its function pass?

`update({"role": role})` in one route never gets behind `if "password" in values` in `update`; another one does.
"""

from __future__ import annotations

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.caller_tests import CallerTests
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.reach import Reach


class FittingCalls:
    """Looks at the last call only, which the function's own conditions ask for."""

    def __init__(self, graph: Graph, contexts: Contexts) -> None:
        self._graph = graph
        self._contexts = contexts
        self._tests = CallerTests(graph.inference)
        self._reaches: dict[str, Reach] = {}

    def entry(self, frame: Frame, region: int, category: str) -> EntryPoint | None:
        """The nearest entry point whose call gets to a region of a frame; None where all do, or none is known to."""
        if not self._tests.asks(frame, region):
            return None
        reach = self.reach(category)
        calls = reach.callers(frame)
        left_out = [call for call in calls if self._tests.exclude(frame, region, [call])]
        if not 0 < len(left_out) < len(calls) or reach.entry_of(frame):
            return None
        _, entries = reach.narrowed(frame, lambda caller, edge: (caller, edge) in left_out, lambda _: True)
        return entries[0] if entries else None

    def reach(self, category: str) -> Reach:
        """What requests reach, or another category of code."""
        if category not in self._reaches:
            roots = self._contexts.roots(category)
            self._reaches[category] = Reach(self._graph, self._contexts, roots, _starts_loop)
        return self._reaches[category]


def _starts_loop(_: Frame, edge: Edge) -> bool:
    return edge.mode == "new-loop"
