"""Is a lock held here, and does every call make a lock of its own?"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Func
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.shared.lock_blocks import LockBlocks
from fastapi_lint.project.shared.reservations import Reservations
from fastapi_lint.project.shared.state import LOCKS
from fastapi_lint.project.shared.taken_locks import TakenLocks
from fastapi_lint.project.types.values import ExtInstanceV

_WAITED_FOR = frozenset({"runs", "once", "coroutine"})


class Locks:
    """What `with` blocks hold. A block whose manager is unknown may hold anything, a lock for one."""

    def __init__(self, graph: Graph, requests: Reach) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._requests = requests
        self._certain: dict[Frame, frozenset[int]] = {}
        self._blocks = LockBlocks(graph, self.is_lock, self.certain_regions)
        self._reservations = Reservations(graph.inference, self.regions)
        self._taken = TakenLocks(graph.inference, self._blocks.is_exclusive)

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
        """The regions inside of which a lock is known to be held, or a place that one at a time has."""
        known = self._certain.get(frame)
        if known is None:
            exprs = [region.expr for region in self._index.scope(frame.gid).regions]
            locking = (
                number
                for number in self.regions(frame)
                if any(self.is_lock(value) for value in self._inference.type(frame, exprs[number]))
            )
            known = self._certain[frame] = frozenset(
                (*locking, *self._reservations.regions(frame), *self._taken.regions(frame))
            )
        return known

    def held(self, frame: Frame, event: int, certain: bool = False) -> bool:
        """Whether a lock is held where an event happens: by this function, or by whoever calls it.

        With `certain`, blocks of which nothing is known do not count, and every caller has to hold one.
        """
        scope = self._index.scope(frame.gid)
        locking = self.certain_regions(frame) if certain else self.regions(frame)
        if within(scope, scope.events[event].region, locking):
            return True
        if certain:
            return frame not in self._unlocked
        return self.acquired(frame, event) or self.held_by_caller(frame)

    def held_where_made(self, frame: Frame) -> bool:
        """Whether a function inside of another one is made under a lock, for what runs there: `def commit()`."""
        outer = self._inference.binding.outer(frame)
        made = Func(frame.gid - self._index.module(frame.gid).base)
        regions = [one.region for one in outer.scope.defs if outer.scope.exprs[one.value] == made]
        locking = self.certain_regions(outer) if any(regions) else ()
        return bool(locking) and all(within(outer.scope, region, locking) for region in regions)

    @cached_property
    def _unlocked(self) -> frozenset[Frame]:
        """What requests reach by a way on which no lock is known to be held."""
        onward: dict[Frame, list[Frame]] = {}
        roots = [frame for frame in self._requests.frames if self._requests.entry_of(frame)]
        for frame in self._requests.frames:
            for caller, edge in self._requests.callers(frame):
                if edge.mode not in _WAITED_FOR or edge.event < 0:
                    roots.append(frame)
                elif not self._is_locked_at(caller, edge.event):
                    onward.setdefault(caller, []).append(frame)
        unlocked: set[Frame] = set()
        todo = [frame for frame in roots if not self._is_injected_lock(frame)]
        while todo:
            frame = todo.pop()
            if frame not in unlocked:
                unlocked.add(frame)
                todo += onward.get(frame, ())
        return frozenset(unlocked)

    def _is_locked_at(self, frame: Frame, event: int) -> bool:
        region = frame.scope.events[event].region
        return region > 0 and within(frame.scope, region, self.certain_regions(frame))

    def _is_injected_lock(self, frame: Frame) -> bool:
        """Whether a dependency holds a lock from before a function runs until it has: `with lock: yield store`."""
        return any(
            edge.mode == "injected" and edge.certain and self._blocks.yields_locked(edge.callee)
            for edge in self._graph.node(frame).edges
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
