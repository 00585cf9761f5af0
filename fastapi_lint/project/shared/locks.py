"""Is a lock held here, and does every call make a lock of its own?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Call, EventKind
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.shared.lock_blocks import LockBlocks
from fastapi_lint.project.shared.state import LOCKS
from fastapi_lint.project.types.values import ExtInstanceV

_WAITED_FOR = frozenset({"runs", "once", "coroutine"})
_MOST_HOPS = 3


class Locks:
    """What `with` blocks hold. A block whose manager is unknown may hold anything, a lock for one."""

    def __init__(self, graph: Graph, requests: Reach) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._requests = requests
        self._blocks = LockBlocks(graph, self.is_lock, self.certain_regions)

    def regions(self, frame: Frame) -> frozenset[int]:
        """The regions of a scope inside of which a lock is held, or may be."""
        scope = self._index.scope(frame.gid)
        return frozenset(
            number
            for number, region in enumerate(scope.regions)
            if region.kind in ("with", "async-with") and self._may_lock(frame, region.expr)
        )

    def _may_lock(self, frame: Frame, expr: int) -> bool:
        kind = self._inference.type(frame, expr)
        return not kind or any(self.is_lock(value) for value in kind)

    def is_lock(self, value: object) -> bool:
        """Whether a value is a lock, a semaphore or a condition of a library, or holds a lock while it is entered."""
        if not isinstance(value, ExtInstanceV):
            return self._blocks.holds(value)
        libraries = self._inference.libraries
        return any(libraries.is_a(value, name) for name in LOCKS) or "lock" in value.name.lower()

    def certain_regions(self, frame: Frame) -> frozenset[int]:
        """The regions inside of which a lock is known to be held."""
        exprs = [region.expr for region in self._index.scope(frame.gid).regions]
        return frozenset(
            number
            for number in self.regions(frame)
            if any(self.is_lock(value) for value in self._inference.type(frame, exprs[number]))
        )

    def held(self, frame: Frame, event: int, certain: bool = False) -> bool:
        """Whether a lock is held where an event happens: by this function, or by whoever calls it.

        With `certain`, blocks of which nothing is known do not count, and every caller has to hold one.
        """
        scope = self._index.scope(frame.gid)
        locking = self.certain_regions(frame) if certain else self.regions(frame)
        if within(scope, scope.events[event].region, locking):
            return True
        if certain:
            return self._is_held_by_all_callers(frame, 0)
        return self.acquired(frame, event) or self.held_by_caller(frame)

    def _is_held_by_all_callers(self, frame: Frame, hops: int) -> bool:
        calls = [] if hops > _MOST_HOPS or self._requests.entry_of(frame) else self._requests.callers(frame)
        return bool(calls) and all(
            edge.mode in _WAITED_FOR
            and edge.event >= 0
            and (
                within(caller.scope, caller.scope.events[edge.event].region, self.certain_regions(caller))
                or self._is_held_by_all_callers(caller, hops + 1)
            )
            for caller, edge in calls
        )

    def acquired(self, frame: Frame, before: int) -> bool:
        """Whether the function has called `acquire` by then."""
        scope = self._index.scope(frame.gid)
        for event in scope.events[:before]:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(func, Attr) and func.name == "acquire":
                return True
        return False

    def held_by_caller(self, frame: Frame) -> bool:
        """Whether some caller holds a lock around the call."""
        for caller, edge in self._requests.callers(frame):
            scope = self._index.scope(caller.gid)
            region = scope.events[edge.event].region if 0 <= edge.event < len(scope.events) else NONE
            if region > 0 and within(scope, region, self.regions(caller)):
                return True
        return False
