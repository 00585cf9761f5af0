"""Does a caller count on a coroutine that never lets go of the loop?

Tasks begin in the order in which they are started, and one that never waits is done before the next one begins.

`value = await self.get(key)`, `await self.set(key, value + 1)`: as long as neither coroutine waits for anything, no
other task runs in between, for all the `await`s. With half of one in a thread, two tasks read the same value, and one
of the two changes is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Call, EventKind, Func, Scope
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import same
from fastapi_lint.repair.dataflow import reaches

_DEEPEST = 6


class Steps:
    """Looks at the callers of coroutines that contain no `await`."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._index = project.index
        self._counted: dict[int, bool] = {}

    def splits(self, use: BlockingUse) -> bool:
        """Whether the coroutine of a use is one half of reading something and writing it back, in a caller of it."""
        gid = use.frame.gid
        known = self._counted.get(gid)
        if known is None:
            known = self._counted[gid] = self._never_waits(gid) and self._is_half(gid)
        return known

    def is_ordered(self, frame: Frame) -> bool:
        """Whether a coroutine is started as a task, and runs whole: such tasks run one after the other."""
        return frame.gid in self._ordered

    @cached_property
    def _ordered(self) -> frozenset[int]:
        """The coroutine functions that run in one go, in tasks of their own or awaited by those that do so, too."""
        todo = [
            edge.callee
            for node in self._project.nodes
            for edge in node.edges
            if edge.mode == "task"
            and self._project.contexts.serves(node.frame.gid)
            and not self._is_waited_for(node.frame, edge.event)
        ]
        seen: set[Frame] = set()
        while todo:
            frame = todo.pop()
            if frame not in seen and self._runs_whole(frame, 0):
                seen.add(frame)
                todo += self._instead_of(frame)
                todo += [edge.callee for edge in self._project.graph.node(frame).edges if edge.mode == "coroutine"]
        return frozenset(frame.gid for frame in seen)

    def _is_waited_for(self, frame: Frame, event: int) -> bool:
        """Whether a function awaits the task that it starts: what it needs done before, it has seen to."""
        scope = self._index.scope(frame.gid)
        awaited = [each.expr for each in scope.events if each.kind == EventKind.AWAIT and each.expr != NONE]
        return event != NONE and reaches(scope, awaited, scope.events[event].expr)

    def _instead_of(self, frame: Frame) -> list[Frame]:
        """The methods that subclasses have in the place of an abstract one."""
        owner = self._index.class_of(frame.gid)
        scope = self._index.scope(frame.gid)
        if owner == NONE or not scope.is_stub:
            return []
        inference = self._project.inference
        found: list[Frame] = []
        for subclass in inference.classes.subclasses(owner):
            body = self._index.scope(subclass)
            values = [body.exprs[body.defs[number].value] for number in body.names.get(scope.name, ())]
            functions = [value for value in values if isinstance(value, Func)]  # whatever decorators make of them
            found += [inference.plain_frame(self._index.local(subclass, each.scope)) for each in functions]
        return found

    def _runs_whole(self, frame: Frame, depth: int) -> bool:
        """Whether all that a coroutine waits for are coroutines that wait for nothing."""
        scope = self._index.scope(frame.gid)
        if not scope.is_async or scope.is_generator or depth > _DEEPEST:
            return False
        pauses = [event for event in scope.events if event.pauses]
        if any(event.kind != EventKind.AWAIT for event in pauses):
            return False
        inference = self._project.inference
        for event in pauses:
            node = scope.exprs[event.expr]
            callees = inference.calls.callees(frame, node) if isinstance(node, Call) else []
            frames = [callee.frame for callee in callees if callee.frame is not None and callee.mode == "coroutine"]
            if not frames or len(frames) < len(callees):
                return False
            if not all(self._runs_whole(each, depth + 1) for each in frames):
                return False
        return True

    def _never_waits(self, gid: int) -> bool:
        scope = self._index.scope(gid)
        return scope.is_async and not any(event.pauses for event in scope.events)

    def _is_half(self, gid: int) -> bool:
        scope = self._index.scope(gid)
        for site in self._index.call_sites(scope.name):
            outer = self._index.scope(site.gid)
            for number, event in enumerate(outer.events):
                if event.kind == EventKind.CALL and event.expr == site.expr and gid in self._awaited(site.gid, number):
                    if any(self._belong_together(outer, number, other) for other in self._steps(site.gid, gid)):
                        return True
        return False

    def _steps(self, caller: int, gid: int) -> Iterator[int]:
        """The awaited calls of a function that run coroutines like this one: of the same class or module."""
        home = self._index.parent(gid)
        for number in range(len(self._index.scope(caller).events)):
            awaited = self._awaited(caller, number)
            if awaited and all(self._index.parent(each) == home and self._never_waits(each) for each in awaited):
                yield number

    def _awaited(self, caller: int, number: int) -> list[int]:
        """The coroutine functions of the project that an event calls and awaits at once."""
        scope = self._index.scope(caller)
        event = scope.events[number]
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL and event.flag else None
        if not isinstance(node, Call):
            return []
        inference = self._project.inference
        found = inference.calls.callees(inference.plain_frame(caller), node)
        return [callee.frame.gid for callee in found if callee.frame is not None and callee.mode == "coroutine"]

    def _belong_together(self, scope: Scope, one: int, other: int) -> bool:
        """Whether the later of two calls is given what the earlier one gave, for the same key, with no wait between."""
        first, last = min(one, other), max(one, other)
        source, target = scope.exprs[scope.events[first].expr], scope.exprs[scope.events[last].expr]
        if first == last or not isinstance(source, Call) or not isinstance(target, Call):
            return False
        between = (event for event in scope.events[first + 1 : last] if event.kind == EventKind.AWAIT)
        if any(event.expr != scope.events[first].expr for event in between):
            return False
        keys, given = _given(source), _given(target)
        has_key = not keys or any(same(scope, key, value) for key in keys for value in given if value != NONE)
        return has_key and reaches(scope, given, scope.events[first].expr)


def _given(node: Call) -> list[int]:
    return [*node.args, *(value for _, value in node.keywords)]
