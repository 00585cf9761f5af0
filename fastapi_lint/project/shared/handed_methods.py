"""On which objects are the methods that a function hands over to run later, as a stream or in the background?

`StreamingResponse(store.rows(name))`, `tasks.add_task(store.save, name)`: they run for `store`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import Attr
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.types.values import MethodV

_LATER = frozenset({"background-task", "stream"})


class HandedMethods:
    """Looks for the method in the functions that register it."""

    def __init__(self, graph: Graph, requests: Reach) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._requests = requests
        self._running: dict[int, list[Frame]] = {}

    def receivers(self, frame: Frame) -> Iterator[tuple[Frame, int]]:
        """The objects, each as an expression of the function that hands the method over."""
        name = frame.scope.name
        for gid in {entry.gid: None for entry in self._requests.entry_of(frame) if entry.kind in _LATER}:
            for number, node in enumerate(self._index.scope(gid).exprs):
                if not isinstance(node, Attr) or node.name != name:
                    continue
                yield from ((one, node.base) for one in self._frames(gid) if self._gives(one, number, frame.gid))

    def _gives(self, frame: Frame, expr: int, method: int) -> bool:
        found = self._inference.type(frame, expr)
        return any(isinstance(one, MethodV) and one.function.gid == method for one in found)

    def _frames(self, gid: int) -> list[Frame]:
        """A function as requests run it."""
        if not self._running:
            for frame in self._requests.frames:
                self._running.setdefault(frame.gid, []).append(frame)
        return self._running.get(gid, [])
