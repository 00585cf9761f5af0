"""May a whole statement of a coroutine, a `with` or a loop, run in a thread?

What is true of a single call has to be true of all that the statement does. In addition it may use nothing of a thread
that was made before it, and leave nothing of a thread behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import get_args

from fastapi_lint.catalogue import BlockKind
from fastapi_lint.facts import Attr, Await, Call, Comp, Enter, EventKind, Iter, Map, Phi, Place, Seq, Sub, Unpack, Use
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.shared.containers import MUTATORS
from fastapi_lint.project.types.values import ExtInstanceV
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.threads import Risk

_STAYS = frozenset({"reentry", "input", "sync"})
_USING = frozenset({EventKind.ENTER, EventKind.ITER, EventKind.STORE_ATTR, EventKind.STORE_ITEM})


class Stretch:
    """The events of a coroutine whose places lie within some others."""

    def __init__(self, project: Project, frame: Frame, first: tuple[int, int], last: tuple[int, int]) -> None:
        self.frame = frame
        self.scope = project.index.scope(frame.gid)
        self._places = project.index.module(frame.gid).facts.places
        self._first, self._last = first, last
        self.events = {
            number
            for number, event in enumerate(self.scope.events)
            if event.kind != EventKind.AWAIT and event.place >= 0 and self.holds(self._places[event.place])
        }

    def holds(self, place: Place) -> bool:
        return self._first <= (place.row, place.column) and (place.end_row, place.end_column) <= self._last

    def makes(self, expr: int) -> bool:
        """Whether an object comes from a call inside of the stretch."""
        todo, seen = [expr], set()
        while todo:
            number = todo.pop()
            if number in seen:
                continue
            seen.add(number)
            node = self.scope.exprs[number]
            if isinstance(node, (Use, Phi)):
                todo += [self.scope.defs[definition].value for definition in node.defs]
            elif isinstance(node, (Await, Enter, Iter, Unpack)):
                todo.append(node.value)
            elif isinstance(node, (Attr, Sub)):
                todo.append(node.base)
            elif not (isinstance(node, Call) and node.place >= 0 and self.holds(self._places[node.place])):
                return False
        return True

    def entered(self, place: Place) -> int | None:
        """The expression of the context manager that is entered at a place."""
        for event in self.scope.events:
            if event.kind == EventKind.ENTER and event.place >= 0 and self._places[event.place] == place:
                return event.expr
        return None


class Stretches:
    """Looks at all that a stretch does."""

    def __init__(self, project: Project, moving: Moving) -> None:
        self._project = project
        self._moving = moving

    def risk(self, stretch: Stretch) -> Risk | None:
        """What speaks against running it in a thread."""
        for use in self._uses.get(stretch.frame.gid, ()):
            if use.event in stretch.events:
                if use.call.spec.blocks in _STAYS:
                    return Risk("it waits for a lock, a person or a loop")
                if (risk := self._moving.pause(use)) is not None:
                    return risk
        if not stretch.events:
            return Risk("nothing is known of it")
        around = self._moving.around_event(stretch.frame, min(stretch.events))
        if around.holds_unknown() or around.handles_cancellation() or around.catches("builtins.StopIteration"):
            return Risk("of what is around it")
        for number in sorted(stretch.events):
            event = stretch.scope.events[number]
            if event.kind == EventKind.ENTER and not around.may_enter(event.expr):
                return Risk("what a `with` holds is not known, or a lock")
        if self._leaves_behind(stretch):
            return Risk("what belongs to its thread gets out of it")
        risk = self._of_given(stretch) or self._moving.threads.of_events(stretch.frame, stretch.events)
        return risk or self._moving.beside_others(stretch.frame, stretch.events)

    def of_results(self, stretch: Stretch, names: Iterable[str]) -> Risk | None:
        """What speaks against handing values of these names from the thread to the loop."""
        wanted = set(names)
        for definition in stretch.scope.defs:
            if definition.name in wanted:
                kind = self._project.inference.type(stretch.frame, definition.value)
                if (risk := self._moving.threads.of_result(kind)) is not None:
                    return risk
        return None

    def of_returned(self, stretch: Stretch) -> Risk | None:
        """The same for what `return` gives."""
        for event in stretch.scope.events:
            if event.kind == EventKind.RETURN and event.expr >= 0:
                risk = self._moving.threads.of_result(self._project.inference.type(stretch.frame, event.expr))
                if risk is not None:
                    return risk
        return None

    def lets_out(self, stretch: Stretch, place: Place) -> bool:
        """Whether the context manager that is entered at a place is a library's that hides no exception."""
        expr = stretch.entered(place)
        kind = self._project.inference.type(stretch.frame, expr) if expr is not None else ()
        return bool(kind) and all(
            isinstance(value, ExtInstanceV) and not value.name.startswith("contextlib.") for value in kind
        )

    def _leaves_behind(self, stretch: Stretch) -> bool:
        """Whether something that belongs to its thread is put into a container or an attribute."""
        parts: list[int] = []
        for node in stretch.scope.exprs:
            if isinstance(node, Seq):
                parts += node.items
            elif isinstance(node, Map):
                parts += node.values
            elif isinstance(node, Comp):
                parts.append(node.element)
        for number in stretch.events:
            event = stretch.scope.events[number]
            if event.kind in (EventKind.STORE_ATTR, EventKind.STORE_ITEM):
                parts.append(event.value)
            elif event.kind == EventKind.CALL and isinstance(call := stretch.scope.exprs[event.expr], Call):
                func = stretch.scope.exprs[call.func]
                parts += call.args if isinstance(func, Attr) and func.name in MUTATORS else ()
        return any(
            part >= 0 and self._moving.threads.belongs_to_thread(self._project.inference.type(stretch.frame, part))
            for part in parts
        )

    def _of_given(self, stretch: Stretch) -> Risk | None:
        """Objects of a thread, or for one thread at a time, that the stretch uses and has not made."""
        used: list[int] = []
        for number in stretch.events:
            event = stretch.scope.events[number]
            node = stretch.scope.exprs[event.expr] if event.expr >= 0 else None
            if isinstance(node, Call):
                func = stretch.scope.exprs[node.func]
                used += [*node.args, *(value for _, value in node.keywords)]
                used += [func.base] if isinstance(func, Attr) else []
            elif isinstance(node, (Attr, Sub)):
                used.append(node.base)
            if event.kind in _USING:
                used.append(event.expr)
        return self._moving.threads.of_values(stretch.frame, [each for each in used if not stretch.makes(each)])

    @cached_property
    def _uses(self) -> dict[int, list[BlockingUse]]:
        found: dict[int, list[BlockingUse]] = {}
        for kind in get_args(BlockKind):
            for use in self._project.blocking(kind):
                found.setdefault(use.frame.gid, []).append(use)
        return found
