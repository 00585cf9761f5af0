"""Which functions need the running loop on their own thread, so that no other thread can run them?

`self._loop = asyncio.get_running_loop()` and `asyncio.create_task(...)` fail where no loop runs: what does that each
time cannot be handed to a thread as a whole.
"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import Call, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, may_be_passed
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.types.values import ExternalV

_NEEDS = ("create_task", "ensure_future", "get_event_loop", "get_running_loop")
_MOST_FRAMES = 40


class LoopBound:
    """Answers by function, kept."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._index = graph.index
        self._asks: dict[int, bool] = {}
        self._known: dict[Frame, bool] = {}

    def needs_loop(self, frame: Frame) -> bool:
        """Whether a function, or what it is sure to run on its own thread, asks for the loop that runs there."""
        if frame not in self._known:
            self._known[frame] = self._find(frame)
        return self._known[frame]

    def _find(self, frame: Frame) -> bool:
        todo, seen = [frame], {frame}
        while todo and len(seen) <= _MOST_FRAMES:
            current = todo.pop()
            if self._is_asking(current.gid):
                return True
            for edge in self._graph.node(current).edges:
                if edge.callee not in seen and _is_sure(current.scope, edge):
                    seen.add(edge.callee)
                    todo.append(edge.callee)
        return False

    def _is_asking(self, gid: int) -> bool:
        known = self._asks.get(gid)
        if known is None:
            known = self._asks[gid] = any(
                _is_reached(self._index.scope(gid), call) and self._is_asyncio(gid, name, call)
                for name, call in self._sites.get(gid, ())
            )
        return known

    @cached_property
    def _sites(self) -> dict[int, list[tuple[str, int]]]:
        """The calls that are spelled like those that need the loop, by scope."""
        found: dict[int, list[tuple[str, int]]] = {}
        for name in _NEEDS:
            for site in self._index.call_sites(name):
                found.setdefault(site.gid, []).append((name, site.expr))
        return found

    def _is_asyncio(self, gid: int, name: str, call: int) -> bool:
        frame = self._graph.inference.plain_frame(gid)
        node = frame.scope.exprs[call]
        called = self._graph.inference.type(frame, node.func) if isinstance(node, Call) else ()
        return called == (ExternalV(f"asyncio.{name}"),)


def _is_sure(scope: Scope, edge: Edge) -> bool:
    if edge.mode not in ("runs", "once") or edge.off_loop or not edge.certain or edge.selected or edge.first_use:
        return False
    return 0 <= edge.event < len(scope.events) and _is_unconditional(scope, scope.events[edge.event].region)


def _is_reached(scope: Scope, call: int) -> bool:
    """Whether a call is made each time; `_is_unconditional` says when."""
    return any(
        event.kind == EventKind.CALL and event.expr == call and _is_unconditional(scope, event.region)
        for event in scope.events
    )


def _is_unconditional(scope: Scope, region: int) -> bool:
    """Whether control comes by in any case, and nothing handles what fails there: that may be the other way to go."""
    tried = any(scope.regions[number].kind == "try" for number in around(scope, region))
    return not tried and not may_be_passed(scope, region)
