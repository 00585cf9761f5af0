"""Is shared state looked at before a place and changed behind it, by the functions that are called there?

`_check(key)` asks `cache.get(key)`, which reads `self._values`, and `_record(key)` ends in `cache.set(key, ...)`. With
nothing awaited from the one to the other they are one step. The same is true of what is taken away before the place
and put back behind it: nobody has seen yet that it was missing.

Followed are the calls on both sides up to the next wait, to state that is known to be one and the same for all requests
(`project/shared/state.py`); what the coroutine itself does by name is the business of `Surroundings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Scope
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import leads_to, may_be_passed
from fastapi_lint.project.code.spelling import is_empty, same
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.repair.dataflow import reaches

_DEEPEST = 4

How = Literal["look", "empty", "change"]
Part = Literal["all", "first", "last"]
"""Of a coroutine only what it does before its first wait, or behind its last one."""


class Touch(msgspec.Struct, frozen=True):
    """Shared state is read, set to nothing, or changed otherwise by what an event runs.

    `at` is the event in whose place it happens: what a coroutine does behind its last wait is done at its `await`.
    `sure` says that the function that the event calls never passes it by, `keyed` that it is an item of a container.
    """

    event: int
    at: int
    key: tuple[str, str]
    how: How
    sure: bool
    keyed: bool


class SharedSteps:
    """Looks at the calls around a place."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._index = project.index
        self._known: dict[tuple[Frame, Part, int], tuple[Touch, ...]] = {}

    def splits(self, use: BlockingUse, guarded: set[int]) -> bool:
        """Whether a place stands between two halves of one step; `guarded` are the events under its loop lock."""
        scope = self._index.scope(use.frame.gid)
        found = [touch for touch in self._of(use.frame, "all", 0) if touch.event != use.event]
        before = [touch for touch in found if leads_to(scope, touch.at, use.event)]
        behind = [
            touch
            for touch in found
            if touch.how != "look" and touch.at == touch.event and leads_to(scope, use.event, touch.at)
        ]
        done = {(touch.event, touch.key) for touch in before if touch.how == "change" and touch.sure}
        for one in before if behind else ():
            for other in behind:
                if one.key != other.key or (one.event in guarded and other.event in guarded):
                    continue
                if one.how == "empty" and other.how == "change":
                    return True
                if one.how != "look" or (one.event, one.key) in done or not other.sure:
                    continue
                if not _is_other_key(scope, one, other) and not _is_memo(scope, one, use, other):
                    return True
        return False

    def _of(self, frame: Frame, part: Part, depth: int) -> tuple[Touch, ...]:
        key = (frame, part, depth)
        if key not in self._known:
            self._known[key] = ()  # a function that calls itself does nothing new
            self._known[key] = tuple(dict.fromkeys(self._found(frame, part, depth)))
        return self._known[key]

    def _found(self, frame: Frame, part: Part, depth: int) -> Iterator[Touch]:
        scope = self._index.scope(frame.gid)
        for number, event in enumerate(scope.events):
            if _is_part(scope, number, part):
                yield from self._touched(frame, number, event, _is_sure(scope, number, depth))
        for edge in self._project.graph.node(frame).edges if depth < _DEEPEST else ():
            if edge.event == NONE or edge.first_use or edge.off_loop or edge.mode not in ("runs", "coroutine"):
                continue
            end = _ended(scope, edge.event)
            if edge.mode == "coroutine" and end == edge.event:
                continue  # not awaited there
            yield from self._called(frame, edge, end, part, depth)

    def _called(self, frame: Frame, edge: Edge, end: int, part: Part, depth: int) -> Iterator[Touch]:
        scope = self._index.scope(frame.gid)
        is_sure = edge.certain and _is_sure(scope, edge.event, depth)
        parts: tuple[Part, ...] = ("all",) if edge.mode == "runs" else ("first", "last")
        for inner in parts:
            at = end if inner == "last" else edge.event
            if not _is_part(scope, at, part):
                continue
            for touch in self._of(edge.callee, inner, depth + 1):
                yield Touch(edge.event, at, touch.key, touch.how, is_sure and touch.sure, touch.keyed)

    def _touched(self, frame: Frame, number: int, event: Event, is_sure: bool) -> Iterator[Touch]:
        scope = self._index.scope(frame.gid)
        state = self._project.state
        if event.kind in (EventKind.ATTR, EventKind.LOAD):
            node = scope.exprs[event.expr]
            found = state.slot(frame, node.base, node.name) if isinstance(node, Attr) else None
            found = found or state.origin(frame, event.expr)
            if found is not None:
                yield Touch(number, number, (found.name, found.where), "look", is_sure, keyed=False)
            return
        changed = state.changed(frame, event)
        if changed is not None:
            is_set = event.kind in (EventKind.REBIND, EventKind.STORE_ATTR)
            is_nothing = is_set and is_empty(scope, event.value)
            how: How = "empty" if is_nothing else "change"
            yield Touch(number, number, (changed.name, changed.where), how, is_sure, keyed=not is_set)


def _is_sure(scope: Scope, event: int, depth: int) -> bool:
    """Whether a function never passes an event by; where the coroutine itself has it is no question."""
    return depth == 0 or not may_be_passed(scope, scope.events[event].region)


def _ended(scope: Scope, event: int) -> int:
    """The `await` of a call that is awaited at once, or the event itself."""
    found = scope.events[event]
    if found.kind != EventKind.CALL or not found.flag:
        return event
    later = range(event + 1, len(scope.events))
    return next(
        (n for n in later if scope.events[n].kind == EventKind.AWAIT and scope.events[n].expr == found.expr), event
    )


def _is_part(scope: Scope, event: int, part: Part) -> bool:
    """Whether an event belongs to the wanted part of its function: no sure wait stands before it, or behind it."""
    if part == "all":
        return True
    others = range(event) if part == "first" else range(event + 1, len(scope.events))
    allowed = may_be_passed(scope, scope.events[event].region)
    return not any(
        scope.events[number].pauses and may_be_passed(scope, scope.events[number].region) <= allowed
        for number in others
    )


def _is_other_key(scope: Scope, one: Touch, other: Touch) -> bool:
    """Whether two calls get at different items of a container: they are given nothing in common."""
    looked, given = _given(scope, one.event), _given(scope, other.event)
    return other.keyed and bool(looked and given) and not any(same(scope, a, b) for a in looked for b in given)


def _is_memo(scope: Scope, one: Touch, use: BlockingUse, other: Touch) -> bool:
    """Whether what the place gives is kept for the next time, and was not made of what was looked at before."""
    given = _given(scope, other.event)
    if not reaches(scope, given, scope.events[use.event].expr):
        return False
    return not reaches(scope, given, scope.events[one.event].expr)


def _given(scope: Scope, event: int) -> list[int]:
    found = scope.events[event]
    node = scope.exprs[found.expr] if found.kind == EventKind.CALL else None
    return [*node.args, *(value for _, value in node.keywords)] if isinstance(node, Call) else []
