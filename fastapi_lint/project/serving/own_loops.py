"""Which coroutines do requests run only on loops that are started for them in threads, where nobody else waits?

`asyncio.run(pull())` in a `def` route, or in a thread that the route waits for; a job that is handed to the loop of a
scheduler's own thread (see `loop_threads`). What such a loop runs side by side (`gather`, tasks) waits for each other
there, as on any loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import SERVING, Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint

_IN_THREADS = frozenset({"route", "dependency", "background-task", "exception-handler"})


class OwnLoops:
    """Answers by function."""

    def __init__(self, graph: Graph, contexts: Contexts) -> None:
        self._graph = graph
        self._contexts = contexts

    def keep_nobody_waiting(self, gid: int) -> bool:
        """Whether all requests, and tasks beside them, that get to a function get there in that way."""
        return gid not in self._shared and not SERVING.isdisjoint(self._contexts.categories(gid))

    @cached_property
    def _roots(self) -> list[tuple[Frame, EntryPoint | None]]:
        return [root for category in sorted(SERVING) for root in self._contexts.roots(category)]

    @cached_property
    def _shared(self) -> frozenset[int]:
        """What may run on a loop on which others wait."""
        shared = {frame for frame, _ in self._roots}
        todo = [(frame, False) for frame in shared]
        apart: set[Frame] = set()
        while todo:
            frame, is_apart = todo.pop()
            for callee, inner in self._onward(frame, is_apart):
                seen = apart if inner else shared
                if callee not in seen:
                    seen.add(callee)
                    todo.append((callee, inner))
        return frozenset(frame.gid for frame in shared)

    def _onward(self, frame: Frame, is_apart: bool) -> Iterator[tuple[Frame, bool]]:
        """What a frame runs, and whether that is the only thing that its loop does meanwhile."""
        for edge in self._graph.node(frame).edges:
            if edge.mode == "new-loop":
                yield edge.callee, edge.off_loop or frame not in self._on_loop
            elif edge.mode == "task" or (edge.mode == "coroutine" and not self._is_awaited(frame, edge)):
                yield edge.callee, False
            else:
                yield edge.callee, is_apart

    def _is_awaited(self, frame: Frame, edge: Edge) -> bool:
        events = frame.scope.events
        return 0 <= edge.event < len(events) and events[edge.event].flag

    @cached_property
    def _on_loop(self) -> frozenset[Frame]:
        """The frames that run on a loop: coroutines, and what they call."""
        found = {frame for category in SERVING for frame in self._contexts.reached(category) if frame.scope.is_async}
        found |= {frame for frame, entry in self._roots if entry is None or entry.kind not in _IN_THREADS}
        todo = list(found)
        while todo:
            for edge in self._graph.node(todo.pop()).edges:
                if edge.mode in ("runs", "once") and not edge.off_loop and edge.callee not in found:
                    found.add(edge.callee)
                    todo.append(edge.callee)
        return frozenset(found)
