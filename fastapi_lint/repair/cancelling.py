"""Does somebody who cancels a task look at once for what the task has started?

`self.process = Popen(...)`, and in another method `self._task.cancel()`, then `if self.process: self.process.kill()`. A
task on the loop has done both or nothing. With its work in a thread the task ends at once, the thread does not: what it
starts is noted when nobody looks any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Call, EventKind
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.repair.outside import Outside

_CANCELS = frozenset({"asyncio.Task.cancel", "asyncio.Future.cancel"})
_STARTING = frozenset({"change", "rewrite", "run", "send"})
_DEEPEST = 3

_Slot = tuple[int, str]
"""A class, and an attribute of its objects."""


class Cancelling:
    """Compares what code that is to be moved keeps with what the methods that cancel tasks look at."""

    def __init__(self, project: Project, outside: Outside) -> None:
        self._project = project
        self._index = project.index
        self._outside = outside

    def overlooks(self, frame: Frame, events: Iterable[int]) -> bool:
        """Whether events of a coroutine start something and keep it where who cancels the coroutine looks for it."""
        wanted = set(events)
        edges = [edge for edge in self._project.graph.node(frame).edges if edge.event in wanted and edge.mode == "runs"]
        reached = self._project.graph.reach([edge.callee for edge in edges]) if self._looked_at else ()
        return any(self._looked_at & self._kept(node.frame) for node in reached)

    def _kept(self, frame: Frame) -> set[_Slot]:
        """The attributes that a method sets to what the same method has started."""
        scope = self._index.scope(frame.gid)
        owner = self._index.class_of(frame.gid)
        stored = {
            event.name
            for event in scope.events
            if event.kind == EventKind.STORE_ATTR and is_receiver(scope, event.expr) and event.value != NONE
        }
        acts = self._outside.acts(frame, range(len(scope.events))) if stored and owner != NONE else []
        return {(owner, name) for name in stored} if any(act.how in _STARTING for act in acts) else set()

    @cached_property
    def _looked_at(self) -> set[_Slot]:
        """What methods read of their own objects behind the place where they cancel a task."""
        found: set[_Slot] = set()
        for gid in range(self._index.count):
            if self._index.class_of(gid) != NONE and self._index.scope(gid).kind == "function":
                frame = self._project.inference.plain_frame(gid)
                cancelled = next(self._cancellations(frame), None)
                if cancelled is not None:
                    found.update(self._read(frame, cancelled + 1, 0))
        return found

    def _cancellations(self, frame: Frame) -> Iterator[int]:
        scope = self._index.scope(frame.gid)
        for number, event in enumerate(scope.events):
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(node, Call) and isinstance(func, Attr) and func.name == "cancel":
                if any(callee.name in _CANCELS for callee in self._project.inference.calls.callees(frame, node)):
                    yield number

    def _read(self, frame: Frame, start: int, depth: int) -> Iterator[_Slot]:
        """The attributes of its object that a method reads from an event on, itself or by its other methods."""
        scope = self._index.scope(frame.gid)
        owner = self._index.class_of(frame.gid)
        for event in scope.events[start:]:
            node = scope.exprs[event.expr] if event.kind == EventKind.ATTR else None
            if isinstance(node, Attr) and is_receiver(scope, node.base):
                yield owner, node.name
        for edge in self._project.graph.node(frame).edges if depth < _DEEPEST else ():
            is_own = edge.mode in ("runs", "coroutine") and self._index.class_of(edge.callee.gid) == owner
            if is_own and edge.event >= start:
                yield from self._read(edge.callee, 0, depth + 1)
