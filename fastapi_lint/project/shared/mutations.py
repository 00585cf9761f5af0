"""Who changes the state that requests share?"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Event, EventKind, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.serving.new_keys import NewKeys
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.bounded_caches import BoundedCaches, Name, removes
from fastapi_lint.project.shared.caches import Caches
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.shared.counts import Counts
from fastapi_lint.project.shared.kept_times import KeptTimes
from fastapi_lint.project.shared.locks import Locks
from fastapi_lint.project.shared.needless_resets import NeedlessResets
from fastapi_lint.project.shared.noted_misses import NotedMisses
from fastapi_lint.project.shared.own_copies import OwnCopies
from fastapi_lint.project.shared.own_numbers import OwnNumbers
from fastapi_lint.project.shared.own_readings import OwnReadings
from fastapi_lint.project.shared.own_use import OwnUse
from fastapi_lint.project.shared.process_things import ProcessThings
from fastapi_lint.project.shared.refusals import Refusals
from fastapi_lint.project.shared.timed_slots import TimedSlots
from fastapi_lint.project.shared.under_way import UnderWay
from fastapi_lint.project.shared.unset import guard, is_made, takes_down
from fastapi_lint.project.shared.untold import Untold


class Mutation(msgspec.Struct, frozen=True):
    """A statement that changes `name`, which lives at `where` (`module level`, `class level`, `app.state`, ...).

    `rebinds` says that it assigns a name declared `global` or `nonlocal`, `lazy` that it does so the first time only
    (`notes`: what it sets is not made there; `clears`: it sets None; `tried`: start-up may get there, too; `personal`:
    it is made from what a request brings), `timed` that it keeps the time from which something counts on, `fills` that
    it puts into a dictionary what a look-up has missed, and `grows` that nothing ever takes it out although requests
    bring the keys.
    `alone` says that one process serves all requests that get here, `ends` that it keeps what open streams of this
    process read from, `counts` that no request is told what it counts or says, `measures` that middleware measures
    requests with it, `rounds` that it counts up to the next round of something, `reads` that it keeps what each process
    reads for itself, and `ongoing` that it is a table of what goes on right now in this process.
    """

    frame: Frame
    event: int
    place: int
    name: str
    where: str
    way: tuple[Arrival, ...]
    rebinds: bool = False
    lazy: bool = False
    notes: bool = False
    clears: bool = False
    tried: bool = False
    personal: bool = False
    timed: bool = False
    fills: bool = False
    grows: bool = False
    alone: bool = False
    ends: bool = False
    counts: bool = False
    measures: bool = False
    rounds: bool = False
    reads: bool = False
    ongoing: bool = False


class Keepers(msgspec.Struct, frozen=True):
    """Who knows of caches kept small or new, of what no other worker could miss, of refusals, and of requests."""

    bounded: BoundedCaches
    timed: TimedSlots
    own: OwnUse
    copies: OwnCopies
    counts: Counts
    numbers: OwnNumbers
    refusals: Refusals
    readings: OwnReadings
    misses: NotedMisses
    under_way: UnderWay
    untold: Untold
    request_data: RequestData
    new_keys: NewKeys


class _Labels(msgspec.Struct, frozen=True):
    """What is said of names, beside that they change; see `Mutation`."""

    clocks: AbstractSet[Name]
    refused: AbstractSet[Name]
    ends: AbstractSet[Name]
    counts: AbstractSet[Name]
    rounds: AbstractSet[Name]
    measures: AbstractSet[Name]
    reads: AbstractSet[Name]
    ongoing: AbstractSet[Name]

    def put_on(self, one: Mutation, one_way: bool) -> Mutation:
        """A mutation with all that is said of its name; `one_way`: it changes once, and never back."""
        name = _name(one)
        return msgspec.structs.replace(
            one,
            lazy=(one.lazy and name not in self.refused) or one_way,
            notes=one.notes or one_way,
            timed=name in self.clocks or (one.timed and name not in self.refused),
            ends=name in self.ends,
            counts=name in self.counts,
            measures=name in self.measures,
            rounds=name in self.rounds,
            reads=name in self.reads,
            ongoing=name in self.ongoing,
        )


class Mutations:
    """Every change of shared state on a request's way."""

    def __init__(self, graph: Graph, changes: Changes, locks: Locks, caches: Caches, keepers: Keepers) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes
        self._locks = locks
        self._caches = caches
        self._keepers = keepers
        self._things = ProcessThings(graph.inference, locks, caches)
        self._resets = NeedlessResets(graph, changes)
        self._times = KeptTimes(graph.inference, keepers.request_data, keepers.new_keys)

    def find(self) -> Iterator[Mutation]:
        """Each place once, with the nearest way in from request handling.

        Taking items out of what is a cache elsewhere is part of keeping the cache, and so is all that is done to one
        that its own code bounds or renews; tasks and locks are for this process alone. Of a table of what goes on, what
        is put in is told.
        """
        found = list(self._all())
        own = self._own_names(found)
        ongoing = self._keepers.under_way.find() - own
        kept = list(self._kept(found, own, ongoing))
        told = self._first_of_each_use([*kept, *(one for one, _ in found if _name(one) in own)], own)
        labels = self._labels(kept, ongoing)
        copies = self._keepers.copies.find()
        for one in kept:
            one_way = _name(one) in self._taken_down or _name(one) in copies
            if not one.lazy or one in told or one_way:
                yield labels.put_on(one, one_way)

    def _own_names(self, found: list[tuple[Mutation, bool]]) -> frozenset[Name]:
        """What is for this process alone."""
        keepers = self._keepers
        things = {
            _name(one)
            for one, _ in found
            if self._things.are_changed(one.frame, self._event(one)) or self._is_of_task(one)
        }
        return keepers.own.find() | keepers.numbers.find() | keepers.misses.find() | things

    def _kept(
        self, found: list[tuple[Mutation, bool]], own: frozenset[Name], ongoing: frozenset[Name]
    ) -> Iterator[Mutation]:
        """What is left when all is gone that somebody keeps small, renews, or needs for himself."""
        bounded, timed = self._keepers.bounded.find(), self._keepers.timed.find()
        tables = {_name(one) for one, _ in found if one.fills} | ongoing
        for one, is_removal in found:
            name = _name(one)
            if name in own or name in timed or (is_removal and name in tables):
                continue
            if self._resets.is_one(one.frame, self._event(one)):
                continue
            if one.rebinds or one.fills or not bounded(one.frame, self._event(one), one.name, one.where):
                yield one

    def _labels(self, kept: list[Mutation], ongoing: frozenset[Name]) -> _Labels:
        keepers = self._keepers
        refused = keepers.refusals.by_time({_name(one) for one in kept if one.timed})
        return _Labels(
            clocks=self._clocks(kept) - refused,
            refused=refused,
            ends={_name(one) for one in kept if self._things.are_ends(one.frame, self._event(one))},
            counts=keepers.counts.logged() | keepers.untold.find(),
            rounds=keepers.counts.rounds(),
            measures=keepers.counts.measured(),
            reads=keepers.readings.find(),
            ongoing=ongoing,
        )

    def _event(self, mutation: Mutation) -> Event:
        return self._index.scope(mutation.frame.gid).events[mutation.event]

    @cached_property
    def _taken_down(self) -> frozenset[tuple[str, str]]:
        """The flags that requests only take down, where they find them up: `if is_first: is_first = False`."""
        sites = self._changes.by_name
        return frozenset(
            name for name, found in sites.items() if all(takes_down(at.scope, one.event) for at, one in found)
        )

    def _clocks(self, mutations: list[Mutation]) -> set[tuple[str, str]]:
        """What is only ever set to a time that counts, or back to none: `failing_since = now`, `failing_since = 0`."""
        times = {_name(one) for one in mutations if one.timed}
        return times - {_name(one) for one in mutations if not one.timed and not self._is_set_back(one)}

    def _is_set_back(self, mutation: Mutation) -> bool:
        scope = self._index.scope(mutation.frame.gid)
        event = scope.events[mutation.event]
        is_set = event.kind in (EventKind.REBIND, EventKind.STORE_ATTR) and not event.flag and event.value != NONE
        value = scope.exprs[event.value] if is_set else None
        return isinstance(value, Lit) and not value.value and value.value is not False

    def _first_of_each_use(self, mutations: list[Mutation], own: frozenset[Name]) -> set[Mutation]:
        """Of all that one first use sets, what it makes: a flag and its object are one thing to look at.

        What is noted beside something that is this process's own (`lock = Lock()`, `lock_loop = loop`) is not told.
        """
        best: dict[tuple[int, int], tuple[int, Mutation]] = {}
        for one in mutations:
            scope = self._index.scope(one.frame.gid)
            key = (one.frame.gid, guard(scope, scope.events[one.event]))
            rank = 1 if _name(one) in own else 2 if one.notes else 0
            if one.lazy and (key not in best or rank < best[key][0]):
                best[key] = rank, one
        return {one for _, one in best.values()}

    def _is_of_task(self, mutation: Mutation) -> bool:
        event = self._index.scope(mutation.frame.gid).events[mutation.event]
        return self._keepers.own.is_of_task(mutation.frame, event)

    def _all(self) -> Iterator[tuple[Mutation, bool]]:
        """Every mutation, and whether it only removes something."""
        seen: set[tuple[int, int]] = set()
        for frame in self._changes.requests.frames:
            scope = self._index.scope(frame.gid)
            for change in self._changes.of(frame):
                if (frame.gid, change.event.place) not in seen and not self._is_kept_safe(frame, scope, change):
                    seen.add((frame.gid, change.event.place))
                    yield self._mutation(frame, scope, change), removes(scope, change.event)

    def _mutation(self, frame: Frame, scope: Scope, change: Change) -> Mutation:
        event = change.event
        fills = self._caches.is_fill(frame, event, change.state)
        lazy = change.once or guard(scope, event) != NONE
        notes = event.kind == EventKind.STORE_ITEM or not is_made(scope, event.value)
        return Mutation(
            frame=frame,
            event=change.number,
            place=event.place,
            name=change.state.name,
            where=change.state.where,
            way=self._changes.way(frame),
            rebinds=event.kind == EventKind.REBIND,
            lazy=lazy,
            notes=notes,
            clears=event.value != NONE and scope.exprs[event.value] == Lit(None),
            tried=lazy and self._changes.may_run_early(frame),
            personal=lazy and not notes and self._keepers.request_data.is_from_request(frame.gid, event.value),
            timed=self._times.is_one(frame, event, lazy),
            fills=fills,
            grows=fills and self._caches.grows(frame, event, change.state),
            alone=self._changes.is_of_one_process(frame, change.state),
        )

    def _is_kept_safe(self, frame: Frame, scope: Scope, change: Change) -> bool:
        """Whether somebody looks after the state: takes a lock, or is an object that makes what it first needs."""
        number, event = change.number, change.event
        if self._locks.held(frame, number, certain=True) or self._locks.held_where_made(frame):
            return True
        if change.state.proxy and event.kind != EventKind.REBIND:
            return True
        if event.kind == EventKind.REBIND:
            return (change.once or guard(scope, event) != NONE) and self._locks.held(frame, number)
        if not change.state.held:
            return False
        return (event.kind == EventKind.STORE_ATTR and guard(scope, event) != NONE) or self._locks.held(frame, number)


def _name(mutation: Mutation) -> Name:
    return mutation.name, mutation.where
