"""What do some entry points reach, by which ways, and from how many of them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Arrival, Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint


class Reach:
    """The frames that some roots reach, with every way that leads to them."""

    def __init__(
        self,
        graph: Graph,
        contexts: Contexts,
        roots: Iterable[tuple[Frame, EntryPoint | None]],
        stop: Callable[[Frame, Edge], bool] | None = None,
    ) -> None:
        self._graph = graph
        self._contexts = contexts
        self._stop = stop
        self._entries: dict[Frame, list[EntryPoint]] = {}
        for frame, entry in roots:
            known = self._entries.setdefault(frame, [])
            if entry is not None:
                known.append(entry)
        first = [(frame, entries[0] if entries else None) for frame, entries in self._entries.items()]
        self.frames = contexts.flow(first, stop)
        self._callers: dict[Frame, list[tuple[Frame, Edge]]] | None = None

    def way(self, frame: Frame) -> tuple[Arrival, ...]:
        """The shortest way from an entry point down to `frame`."""
        return tuple(self._contexts.way_in(frame, self.frames))

    def callers(self, frame: Frame) -> list[tuple[Frame, Edge]]:
        """Every frame among the reached ones that runs `frame`, with the edge."""
        if self._callers is None:
            self._callers = {}
            for caller in self.frames:
                for edge in self._graph.node(caller).edges:
                    if edge.callee in self.frames and not (self._stop is not None and self._stop(caller, edge)):
                        self._callers.setdefault(edge.callee, []).append((caller, edge))
        return self._callers.get(frame, [])

    def entry_of(self, frame: Frame) -> list[EntryPoint]:
        """The entry points that call `frame` itself."""
        return self._entries.get(frame, [])

    def entries(self, *frames: Frame) -> list[EntryPoint]:
        """The entry points from which requests come to some frames, the nearest ones first.

        A dependency counts only where no route, middleware or task leads to it.
        """
        found: dict[tuple[str, str, int, int], EntryPoint] = {}
        seen = dict.fromkeys(frames)
        for current in seen_while_growing(seen, lambda one: [caller for caller, _ in self.callers(one)]):
            for entry in self._entries.get(current, ()):
                found.setdefault(entry.told, entry)
        others = [entry for entry in found.values() if entry.kind != "dependency"]
        return others or list(found.values())

    def narrowed(
        self, frame: Frame, is_left_out: Callable[[Frame, Edge], bool], is_root: Callable[[Frame], bool]
    ) -> tuple[tuple[Arrival, ...], tuple[EntryPoint, ...]]:
        """The shortest way to a frame, and all entry points, without some edges and roots; empty if none is left."""
        onward: dict[Frame, Arrival] = {}
        seen: dict[Frame, None] = {frame: None}

        def callers(one: Frame) -> list[Frame]:
            kept = [(caller, edge) for caller, edge in self.callers(one) if not is_left_out(caller, edge)]
            kept.sort(key=lambda pair: pair[1].conditions)  # of several calls the one that rests on least
            for caller, edge in kept:
                if caller not in seen:
                    onward.setdefault(caller, Arrival(caller, edge, None))
            return [caller for caller, _ in kept]

        roots = [one for one in seen_while_growing(seen, callers) if is_root(one) and self._entries.get(one)]
        entries = [entry for root in roots for entry in self._entries[root]]
        if not entries:
            return (), ()
        others = [entry for entry in entries if entry.kind != "dependency"]
        first = (others or entries)[0]
        current = next(root for root in roots if first in self._entries[root])
        way = [Arrival(None, None, first)]
        while (arrival := onward.get(current)) is not None and arrival.edge is not None and current is not frame:
            way.append(arrival)
            current = arrival.edge.callee
        unique = {entry.told: entry for entry in reversed(others or entries)}
        return tuple(way), tuple(reversed(unique.values()))


def seen_while_growing(seen: dict[Frame, None], onward: Callable[[Frame], list[Frame]]) -> Iterable[Frame]:
    """Breadth first: each frame once, in the order in which it is found."""
    todo = list(seen)
    while todo:
        later: list[Frame] = []
        for frame in todo:
            yield frame
            for following in onward(frame):
                if following not in seen:
                    seen[following] = None
                    later.append(following)
        todo = later
