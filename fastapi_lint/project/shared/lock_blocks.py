"""Which blocks of the project's own hold a lock while they are entered?

A class whose `__aenter__` acquires a lock and whose `__aexit__` releases it, itself or through other such objects, and
a function under `@asynccontextmanager` that yields inside of such a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Attr, Call, EventKind
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in, within
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.types.values import ContextV, ExtInstanceV, InstanceV

_ENTERS = ("__aenter__", "__enter__")
_EXITS = frozenset({"__aexit__", "__exit__"})
_RELEASES = frozenset({"release", *_EXITS})
_TAKES = frozenset({"acquire", *_ENTERS})
_RUNS = frozenset({"runs", "coroutine"})
_MOST_HOPS = 4


class LockBlocks:
    """Answers by class and by function, kept; `locked` says in which regions of a frame a lock is held."""

    def __init__(self, graph: Graph, is_lock: Callable[[object], bool], locked: Callable[[Frame], frozenset[int]]):
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._is_lock = is_lock
        self._locked = locked
        self._known: dict[int, bool] = {}

    def holds(self, value: object) -> bool:
        """Whether who enters a value holds a lock until it leaves."""
        if isinstance(value, ContextV):
            function = self._inference.binding.frame_of(value.function)
            return self.yields_locked(function)
        if isinstance(value, InstanceV):
            return self._keep(value.gid, lambda: self._is_lock_class(value))
        return False

    def is_exclusive(self, value: object) -> bool:
        """Whether a value is a lock that one at a time holds: a semaphore of a pool of connections is none."""
        return self._is_lock(value) and not (isinstance(value, ExtInstanceV) and value.name.endswith("Semaphore"))

    def yields_locked(self, function: Frame) -> bool:
        """Whether a generator holds a lock wherever it yields."""
        return self._keep(function.gid, lambda: self._yields_locked(function))

    def _keep(self, gid: int, decide: Callable[[], bool]) -> bool:
        if gid not in self._known:
            self._known[gid] = False  # what enters itself holds nothing by that
            self._known[gid] = decide()
        return self._known[gid]

    def _yields_locked(self, frame: Frame) -> bool:
        yields = [event for event in frame.scope.events if event.kind == EventKind.YIELD]
        if not yields:
            return False
        regions = frame.scope.regions
        locked = {
            n
            for n in self._locked(frame)
            if regions[n].expr != NONE and self._holds_exclusively(frame, regions[n].expr)
        }
        return all(within(frame.scope, event.region, locked) for event in yields)

    def _holds_exclusively(self, frame: Frame, expr: int) -> bool:
        return any(self.is_exclusive(value) or self.holds(value) for value in self._inference.type(frame, expr))

    def _is_lock_class(self, value: InstanceV) -> bool:
        classes = self._inference.classes
        enters = [found for name in _ENTERS if (found := classes.find_method(value.gid, name)) is not None]
        exits = [found for name in _EXITS if (found := classes.find_method(value.gid, name)) is not None]
        return any(self._takes(classes.frame_of(one.gid, value), 0) for one in enters) and any(
            self._releases(classes.frame_of(one.gid, value)) for one in exits
        )

    def _takes(self, frame: Frame, hops: int) -> bool:
        """Whether a function acquires a lock that it does not release itself, unless something fails."""
        if any(not stands_in(frame.scope, region, "except") for _, region in self._calls(frame, _RELEASES)):
            return False
        for call, _ in self._calls(frame, _TAKES):
            func = frame.scope.exprs[call.func]
            if isinstance(func, Attr) and any(map(self.is_exclusive, self._inference.type(frame, func.base))):
                return True
        return hops < _MOST_HOPS and any(
            edge.mode in _RUNS and edge.callee.scope.name in _TAKES and self._takes(edge.callee, hops + 1)
            for edge in self._graph.node(frame).edges
        )

    def _releases(self, frame: Frame) -> bool:
        return any(True for _ in self._calls(frame, _RELEASES))

    def _calls(self, frame: Frame, names: frozenset[str]) -> Iterator[tuple[Call, int]]:
        """The calls of methods with one of these names, with the region in which each stands."""
        for event in frame.scope.events:
            node = frame.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = frame.scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(node, Call) and isinstance(func, Attr) and func.name in names:
                yield node, event.region
