"""What effects has a function? They flow up: from the sinks to every caller that runs them on its own thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from fastapi_lint.facts import NONE
from fastapi_lint.project.index import Frame
from fastapi_lint.project.nodes import Edge, LibraryCall, Node


class Witness(msgspec.Struct, frozen=True):
    """The nearest way from an event to a sink: the sink itself (`call`) or the edge to take.

    `distance` counts hops; `certain` is False where the way goes over one of several implementations of a method, or
    through a cached function without arguments, which runs the first time only: `once` is the gid of that function.
    """

    distance: int
    place: int
    event: int
    call: LibraryCall | None
    edge: Edge | None
    certain: bool = True
    once: int = NONE


class CallGraph:
    """Nodes by frame, and who runs them on his own thread: the same for all effects."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.frame: node for node in nodes}
        self.callers: dict[Frame, list[tuple[Frame, Edge]]] = {}
        for node in self.nodes.values():
            for edge in node.edges:
                if _carries(edge):
                    self.callers.setdefault(edge.callee, []).append((node.frame, edge))


class Effects:
    """Which frames reach a sink, and along which shortest way."""

    def __init__(self, calls: CallGraph, is_sink: Callable[[Frame, LibraryCall], bool]) -> None:
        self._nodes = calls.nodes
        self._callers = calls.callers
        self._is_sink = is_sink
        self.nearest = self._propagate()

    def _own(self, node: Node) -> Witness | None:
        for call in node.calls:
            if self._is_sink(node.frame, call):
                return Witness(0, call.place, call.event, call, None)
        return None

    def _propagate(self) -> dict[Frame, Witness]:
        """Breadth first; ways over one of several implementations count only where there is no certain one."""
        nearest: dict[Frame, Witness] = {}
        todo: deque[Frame] = deque()
        doubtful: deque[tuple[Frame, Edge]] = deque()
        for frame, node in self._nodes.items():
            own = self._own(node)
            if own is not None:
                nearest[frame] = own
                todo.append(frame)
        certain = True
        while todo or doubtful:
            if not todo:
                certain = False
                caller, edge = doubtful.popleft()
                if caller not in nearest:
                    nearest[caller] = self._step(nearest, edge, False)
                    todo.append(caller)
                continue
            frame = todo.popleft()
            for caller, edge in self._callers.get(frame, ()):
                if caller in nearest:
                    continue
                if edge.certain and edge.mode == "runs":
                    nearest[caller] = self._step(nearest, edge, certain)
                    todo.append(caller)
                else:
                    doubtful.append((caller, edge))
        return nearest

    def _step(self, nearest: dict[Frame, Witness], edge: Edge, certain: bool) -> Witness:
        onward = nearest[edge.callee]
        once = edge.callee.gid if edge.mode == "once" else onward.once
        return Witness(onward.distance + 1, edge.place, edge.event, None, edge, certain and onward.certain, once)

    def at_events(self, frame: Frame) -> list[Witness]:
        """For each place of a frame that reaches a sink its nearest witness, in order of evaluation."""
        node = self._nodes.get(frame)
        if node is None:
            return []
        best: dict[int, Witness] = {}
        for call in node.calls:
            if self._is_sink(frame, call):
                _keep(best, Witness(0, call.place, call.event, call, None))
        for edge in node.edges:
            if _carries(edge) and edge.callee in self.nearest:
                _keep(best, self._step(self.nearest, edge, edge.certain and edge.mode == "runs"))
        return sorted(best.values(), key=lambda witness: witness.event)

    def trail(self, frame: Frame, witness: Witness) -> list[tuple[Frame, Witness]]:
        """The hops from a witness to its sink, the sink last."""
        trail = [(frame, witness)]
        while witness.edge is not None:
            frame = witness.edge.callee
            witness = self.nearest[frame]
            trail.append((frame, witness))
        return trail


def _carries(edge: Edge) -> bool:
    """Whether effects of the callee are effects of the caller's loop code."""
    return edge.mode in ("runs", "once") and not edge.off_loop


def _keep(best: dict[int, Witness], witness: Witness) -> None:
    known = best.get(witness.place)
    if known is None or (not witness.certain, witness.distance) < (not known.certain, known.distance):
        best[witness.place] = witness
