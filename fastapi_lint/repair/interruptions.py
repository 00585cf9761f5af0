"""What goes wrong if others run, or the task is cancelled, at a place where nothing could happen before?

Where a task waits others run, and it may be cancelled. The thread goes on, so that what it does outside of the process
happens; but the statements behind the new `await`, which note it or begin the `try` that undoes it, are not reached.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi_lint.facts import NONE, Attr, Call, Use
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, is_paused_between, leads_to, within
from fastapi_lint.repair.dataflow import reaches
from fastapi_lint.repair.file_acts import Act
from fastapi_lint.repair.outside import Outside, belong_together
from fastapi_lint.repair.state_use import StateUse
from fastapi_lint.repair.surroundings import Surroundings
from fastapi_lint.repair.threads import Risk

_EFFECTS = frozenset({"change", "rewrite", "run", "send"})


class Interruptions:
    """Looks at what stands around some events of a coroutine, up to the next place where it waits anyway."""

    def __init__(self, project: Project, state: StateUse, outside: Outside) -> None:
        self._project = project
        self._index = project.index
        self._state = state
        self._outside = outside

    def of(self, frame: Frame, events: Iterable[int]) -> Risk | None:
        """What speaks against an `await` in the place of these events."""
        moved = set(events)
        scope = self._index.scope(frame.gid)
        acts = self._outside.acts(frame, range(len(scope.events)))
        before = [act for act in acts if act.event in moved or leads_to(scope, act.event, min(moved))]
        behind = [act for act in acts if act.event in moved or leads_to(scope, max(moved), act.event)]
        if self._splits_steps(frame, moved, before, behind):
            return Risk("it is one of several steps with the same files, or stands between them")
        begun = {act.event for act in before if act.how in _EFFECTS}
        if not any(event in moved or not self._is_undone_around(frame, event, min(moved)) for event in begun):
            return None
        if self._is_noted_behind(frame, moved):
            return Risk("what is done here is noted behind it, and a task that is cancelled does not get there")
        if self._is_undone_behind(frame, max(moved)):
            return Risk("the `try` that undoes it begins behind it, and a task that is cancelled does not get there")
        if self._is_undone_by_name(frame, max(moved)):
            return Risk("the `finally` around it undoes it by a name that is bound behind it")
        return None

    def _splits_steps(self, frame: Frame, moved: set[int], before: list[Act], behind: list[Act]) -> bool:
        """Whether steps with the same files, of which others saw all or none, come to lie on both sides of a wait."""
        locked = Surroundings(self._project, self._state, frame, min(moved)).guarded_events()
        for one in before:
            for other in behind:
                if one.event in locked and other.event in locked:
                    continue
                if one.event in moved and other.event in moved:
                    continue
                if belong_together(one, other) or self._outside.may_vanish(frame, one, other):
                    return True
        return False

    def _is_noted_behind(self, frame: Frame, moved: set[int]) -> bool:
        """Whether state that outlives the coroutine is changed right behind the place."""
        scope = self._index.scope(frame.gid)
        here = set(around(scope, scope.events[max(moved)].region))
        for touch in self._state.touches(frame):
            if touch.how == "read" or touch.event in moved or not leads_to(scope, max(moved), touch.event):
                continue
            inside = set(around(scope, scope.events[touch.event].region)) - here
            if not any(scope.regions[number].kind == "except" for number in inside):
                return True
        return False

    def _is_undone_behind(self, frame: Frame, last: int) -> bool:
        """Whether a `try` that undoes something for a cancelled task, too, begins behind the place, without a wait."""
        scope = self._index.scope(frame.gid)
        here = set(around(scope, scope.events[last].region))
        for number, region in enumerate(scope.regions):
            if region.kind != "try" or number in here or not self._is_main_line(frame, last, region.parent):
                continue
            inside = self._events_in(frame, {number})
            if not inside or inside[0] <= last or is_paused_between(scope, last, inside[0]):
                continue
            if self._changes_anything(frame, self._events_in(frame, self._cleaning(frame, number))):
                return True
        return False

    def _is_undone_around(self, frame: Frame, event: int, place: int) -> bool:
        """Whether the place, but not an event before it, stands in a `try` that undoes something when cancelled."""
        scope = self._index.scope(frame.gid)
        entered = set(around(scope, scope.events[place].region)) - set(around(scope, scope.events[event].region))
        tries = [number for number in entered if scope.regions[number].kind == "try"]
        return any(self._changes_anything(frame, self._events_in(frame, self._cleaning(frame, one))) for one in tries)

    def _is_main_line(self, frame: Frame, last: int, region: int) -> bool:
        """Whether control gets from an event to a region if what the event gives says so, or nothing else led away."""
        scope = self._index.scope(frame.gid)
        here = set(around(scope, scope.events[last].region))
        for number in around(scope, region):
            found = scope.regions[number]
            if number in here:
                return True
            is_asked = found.kind in ("if", "else") and reaches(scope, [found.expr], scope.events[last].expr)
            if not found.behind and not is_asked:
                return False
        return False

    def _is_undone_by_name(self, frame: Frame, last: int) -> bool:
        """Whether a `finally` around the place, or a handler for a cancelled task, needs what is bound behind it."""
        scope = self._index.scope(frame.gid)
        cleaning: set[int] = set()
        for number in around(scope, scope.events[last].region):
            if scope.regions[number].kind == "try":
                cleaning |= self._cleaning(frame, number)
        made = {event.expr for number, event in enumerate(scope.events) if leads_to(scope, last, number)}
        for number in self._events_in(frame, cleaning):
            event = scope.events[number]
            node = scope.exprs[event.expr] if event.expr != NONE else None
            node = scope.exprs[node.func] if isinstance(node, Call) else node
            base = scope.exprs[node.base] if isinstance(node, Attr) else None
            if isinstance(base, Use) and base.defs:
                numbers = scope.names.get(scope.defs[base.defs[0]].name, ())
                if numbers and all(scope.defs[number].value in made for number in numbers):
                    return True
        return False

    def _cleaning(self, frame: Frame, number: int) -> set[int]:
        """The `finally` of a `try`, and its handlers that a cancelled task comes to."""
        scope = self._index.scope(frame.gid)
        surroundings = Surroundings(self._project, self._state, frame, 0)
        found: set[int] = set()
        is_over = False
        for other, region in enumerate(scope.regions[number + 1 :], number + 1):
            if region.parent == scope.regions[number].parent and not is_over:
                is_over = region.kind in ("try", "finally")
                found.update({other} if region.kind == "finally" else ())
            elif region.parent == number and region.kind == "except":
                if region.expr == NONE or surroundings.names_cancellation(region.expr):
                    found.add(other)
        return found

    def _events_in(self, frame: Frame, regions: set[int]) -> list[int]:
        scope = self._index.scope(frame.gid)
        return [number for number, event in enumerate(scope.events) if within(scope, event.region, regions)]

    def _changes_anything(self, frame: Frame, events: list[int]) -> bool:
        wanted = set(events)
        if any(act.how in _EFFECTS for act in self._outside.acts(frame, wanted)):
            return True
        return any(touch.event in wanted and touch.how != "read" for touch in self._state.touches(frame))
