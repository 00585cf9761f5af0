"""Which events of request code change what requests share, and which of them only the first time?

What start-up has filled, or the import of a module, no request fills again.
"""

from __future__ import annotations

from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Choice, Event, EventKind, Expr, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in, within
from fastapi_lint.project.code.spelling import is_empty, read_attribute, same
from fastapi_lint.project.flow.caller_tests import CallerTests
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Arrival, Contexts
from fastapi_lint.project.serving.left_fields import LeftFields
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.serving.once_per_key import OncePerKey
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.serving.start_up import StartUp
from fastapi_lint.project.shared.containers import changes
from fastapi_lint.project.shared.never_taken import NeverTaken
from fastapi_lint.project.shared.sharing_ways import SharingWays
from fastapi_lint.project.shared.state import SharedState, State
from fastapi_lint.project.types.values import ExternalV

_CAST = ExternalV("typing.cast")
_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})


class Change(msgspec.Struct, frozen=True):
    """Event `number` of a frame changes `state`; `once` says that it gets there the first time only."""

    number: int
    event: Event
    state: State
    once: bool


class Changes:
    """Asked frame by frame, for all that requests still reach when start-up is done."""

    def __init__(
        self,
        graph: Graph,
        contexts: Contexts,
        start_up: StartUp,
        state: SharedState,
        lifetimes: Lifetimes,
        once_per_key: OncePerKey,
    ) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._caller_tests = CallerTests(graph.inference)
        self._first_use = graph.inference.first_use
        self._contexts = contexts
        self._start_up = start_up
        self._state = state
        self._lifetimes = lifetimes
        self._never = NeverTaken(graph, contexts, start_up.launches)
        self._once_per_key = once_per_key
        roots = contexts.roots("request")
        self.requests = Reach(graph, contexts, roots, self._is_done)
        self._left_fields = LeftFields(graph, lambda: self.requests)
        self._ways = SharingWays(self.requests, state)
        self._each_time = contexts.flow(roots, self._is_taken_once)
        self._known: dict[Frame, tuple[Change, ...]] = {}
        self._changing: dict[int, tuple[tuple[int, Event], ...]] = {}

    def of(self, frame: Frame) -> tuple[Change, ...]:
        """All changes in a frame, in order."""
        if frame not in self._known:
            found = (change for change in self._all(frame) if not self._was_made_early(frame, change))
            self._known[frame] = tuple(found)
        return self._known[frame]

    @cached_property
    def by_name(self) -> dict[tuple[str, str], list[tuple[Frame, Change]]]:
        """The changes that requests make of each piece of state, by its name and where it is."""
        found: dict[tuple[str, str], list[tuple[Frame, Change]]] = {}
        for frame in self.requests.frames:
            for change in self.of(frame):
                found.setdefault((change.state.name, change.state.where), []).append((frame, change))
        return found

    def way(self, frame: Frame) -> tuple[Arrival, ...]:
        """The way from an entry point to a frame, by those who hand over what is shared."""
        return self._ways.to(frame)

    def may_run_early(self, frame: Frame) -> bool:
        """Whether start-up gets to a function, under conditions perhaps."""
        return self._start_up.runs_early(frame)

    def is_past(self, frame: Frame, region: int) -> bool:
        """Whether the code of a region runs the first time only, and start-up has filled what it fills."""
        return self._is_first_time(frame, region) and self._start_up.has_filled(frame, region)

    def is_of_one_process(self, frame: Frame, state: State) -> bool:
        """Whether there is no second worker: the functions that register what leads to a frame serve it, too.

        Nor is there one where only the program that serves has the state: `if __name__ == "__main__": store = Store()`.
        """
        entries = self.requests.entries(frame)
        return bool(entries) and all(
            self._start_up.serves_object(entry.gid) or self._is_of_program(entry.gid, state) for entry in entries
        )

    def _is_of_program(self, gid: int, state: State) -> bool:
        """Whether a module has the variable that a state hangs on only where it is run as a program."""
        base, name = self._index.module(gid).base, state.name.partition(".")[0]
        scope = self._index.scope(base)
        regions = [scope.defs[number].region for number in scope.names.get(name, ())]
        return (
            bool(regions)
            and (base, name) not in self._index.rebinds
            and all(stands_in(scope, region, "main") for region in regions)
        )

    def _all(self, frame: Frame) -> list[Change]:
        found: list[Change] = []
        scope, events = frame.scope, self._events(frame.gid)
        dead = dead_regions(self._inference, frame) | self._never.regions(frame) if events else frozenset()
        for number, event in events:
            is_run = not (dead and within(scope, event.region, dead))
            state = self._state.changed(frame, event) if is_run and not self._is_same_again(frame, event) else None
            if state is not None and not self._is_excluded(frame, event):
                once = frame not in self._each_time or self._runs_once(frame, event.region)
                once = once or self._once_per_key.is_first_of_class(frame, event)
                found.append(Change(number, event, state, once))
        return found

    def _events(self, gid: int) -> tuple[tuple[int, Event], ...]:
        """The events of a function that change something, whoever shares it, with their numbers."""
        known = self._changing.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            events = ((number, event) for number, event in enumerate(scope.events) if event.place != NONE)
            known = self._changing[gid] = tuple(one for one in events if changes(scope, one[1]))
        return known

    def _is_excluded(self, frame: Frame, event: Event) -> bool:
        """Whether every caller has asked for the contrary of what the branch needs in which an event stands.

        Or has left a field at its default of which the branch asks the contrary.
        """
        if not event.region or self.requests.entry_of(frame):
            return False
        if self._left_fields.exclude(frame, event.region):
            return True
        return self._caller_tests.exclude(frame, event.region, self.requests.callers(frame))

    def _is_same_again(self, frame: Frame, event: Event) -> bool:
        """Whether an attribute gets the value that it has: `self.model = cast(Model, self.model)`.

        So it does by `self.items = self.items or []`: what is empty stays empty.
        """
        scope = self._index.scope(frame.gid)
        if event.kind != EventKind.STORE_ATTR or event.value == NONE:
            return False
        value: Expr | None = scope.exprs[event.value]
        if isinstance(value, Call) and len(value.args) == 2:
            called = self._inference.type(frame, value.func)
            value = scope.exprs[value.args[1]] if called == (_CAST,) else value
        if isinstance(value, Choice) and value.test == NONE and all(is_empty(scope, one) for one in value.items[1:]):
            value = read_attribute(scope, value.items[0])
        return isinstance(value, Attr) and value.name == event.name and same(scope, value.base, event.expr)

    def _is_first(self, caller: Frame, edge: Edge) -> bool:
        """Whether a way is taken the first time only, however often requests come by."""
        return self._lifetimes.lasts(caller, edge.first_use)

    def _is_taken_once(self, caller: Frame, edge: Edge) -> bool:
        events = caller.scope.events
        return (
            edge.mode == "once"
            or self._is_first(caller, edge)
            or (0 <= edge.event < len(events) and self._once_per_key.is_first(caller, events[edge.event].region))
        )

    def _runs_once(self, frame: Frame, region: int) -> bool:
        return self._is_first_time(frame, region) or self._once_per_key.is_first(frame, region)

    def _is_done(self, caller: Frame, edge: Edge) -> bool:
        """Whether that first time was before the first request, or no request goes there at all."""
        if self._never.stops(caller, edge):
            return True
        if not self._is_first(caller, edge):
            return False
        events = caller.scope.events
        return self._start_up.runs_early(caller, always=True) or (
            0 <= edge.event < len(events) and self._start_up.has_filled(caller, events[edge.event].region)
        )

    def _is_first_time(self, frame: Frame, region: int) -> bool:
        return self._lifetimes.lasts(frame, self._first_use.of(frame, region))

    def _was_made_early(self, frame: Frame, change: Change) -> bool:
        if not self._is_first_time(frame, change.event.region):
            return False
        if self._start_up.has_filled(frame, change.event.region):
            return True
        if self._start_up.has_filled_beside(self.requests.entries(frame), frame, change.event.region):
            return True
        if not self._start_up.runs_early(frame, always=True):
            return False
        return (change.state.name, change.state.where) not in self._emptied

    @cached_property
    def _emptied(self) -> frozenset[tuple[str, str]]:
        """What requests set to nothing, so that the next one fills it again."""
        return frozenset(
            (change.state.name, change.state.where)
            for frame in self.requests.frames
            for change in self._all(frame)
            if change.event.kind in _SETS and not change.once and self._is_nothing(frame, change.event.value)
        )

    def _is_nothing(self, frame: Frame, value: int) -> bool:
        return value == NONE or self._index.scope(frame.gid).exprs[value] in (Lit(None), Lit(False))
