"""Who changes the state that requests share?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Comp,
    Enter,
    Event,
    EventKind,
    Free,
    Lit,
    Scope,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, branches, within
from fastapi_lint.project.code.spelling import behind_names, looks_up, parts, read_attribute, same, stored_item
from fastapi_lint.project.flow.clocks import is_time
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.serving.new_keys import NewKeys
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.bounded_caches import BoundedCaches, Name, removes
from fastapi_lint.project.shared.caches import Caches
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.shared.containers import CONTAINERS
from fastapi_lint.project.shared.counts import Counts
from fastapi_lint.project.shared.locks import Locks
from fastapi_lint.project.shared.noted_misses import NotedMisses
from fastapi_lint.project.shared.own_copies import OwnCopies
from fastapi_lint.project.shared.own_numbers import OwnNumbers
from fastapi_lint.project.shared.own_readings import OwnReadings
from fastapi_lint.project.shared.own_use import OwnUse
from fastapi_lint.project.shared.refusals import Refusals
from fastapi_lint.project.shared.timed_slots import TimedSlots
from fastapi_lint.project.types.values import CoroutineV, ExternalV, ExtInstanceV, InstanceV, Value

_PRIMITIVES = frozenset(
    {"asyncio.Task", "asyncio.Future", "asyncio.Event", "asyncio.Queue", "asyncio.Condition", "asyncio.TimerHandle"}
)
_RUNNING_LOOP = frozenset({"asyncio.get_event_loop", "asyncio.get_running_loop"})
_CHILDREN = frozenset(
    {
        "asyncio.subprocess.Process",
        "concurrent.futures.Future",
        "multiprocessing.Process",
        "subprocess.Popen",
        "threading.Thread",
    }
)
_COLLECTS = frozenset({"add", "append", "discard", "remove"})
_QUEUE = "asyncio.Queue"
_BUSY = frozenset({"asyncio.Task", "fastapi.WebSocket"})
_MOST_HELD = 20


class Mutation(msgspec.Struct, frozen=True):
    """A statement that changes `name`, which lives at `where` (`module level`, `class level`, `app.state`, ...).

    `rebinds` says that it assigns a name declared `global` or `nonlocal`, `lazy` that it does so the first time only
    (`notes`: what it sets is not made there; `tried`: start-up may get there, too; `personal`: it is made from what a
    request brings), `timed` that it keeps the time from which something counts on, `fills` that it puts into a
    dictionary what a look-up has missed, and `grows` that nothing ever takes it out although requests bring the keys.
    `alone` says that one process serves all requests that get here, `ends` that it keeps what open streams of this
    process read from, `counts` that it counts what no request is told, `measures` that middleware measures requests
    with it, `rounds` that it counts up to the next round of something, and `reads` that it keeps what each process
    reads for itself.
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
    request_data: RequestData
    new_keys: NewKeys


class Mutations:
    """Every change of shared state on a request's way."""

    def __init__(self, graph: Graph, changes: Changes, locks: Locks, caches: Caches, keepers: Keepers) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes
        self._locks = locks
        self._caches = caches
        self._keepers = keepers
        self._ends: dict[int, bool] = {}

    def find(self) -> Iterator[Mutation]:
        """Each place once, with the nearest way in from request handling.

        Taking items out of what is a cache elsewhere is part of keeping the cache, and so is all that is done to one
        that its own code bounds or renews; tasks and locks are for this process alone.
        """
        found = list(self._all())
        caches = {(one.name, one.where) for one, _ in found if one.fills}
        keeps, timed = self._keepers.bounded.find(), self._keepers.timed.find()
        own = (
            self._keepers.own.find()
            | self._keepers.numbers.find()
            | self._keepers.misses.find()
            | {(one.name, one.where) for one, _ in found if self._holds_primitives(one) or self._is_of_task(one)}
        )
        kept = [
            one
            for one, is_removal in found
            if (one.name, one.where) not in own
            and not (is_removal and (one.name, one.where) in caches)
            and (one.name, one.where) not in timed
            and (one.rebinds or one.fills or not keeps(one.frame, self._event(one), one.name, one.where))
        ]
        told = self._first_of_each_use([*kept, *(one for one, _ in found if (one.name, one.where) in own)], own)
        clocks = self._clocks(kept)
        refused = self._keepers.refusals.by_time({(one.name, one.where) for one in kept if one.timed})
        clocks -= refused
        ends = {(one.name, one.where) for one in kept if self._holds_ends(one)}
        counts, rounds = self._keepers.counts.logged(), self._keepers.counts.rounds()
        measures, reads = self._keepers.counts.measured(), self._keepers.readings.find()
        copies = self._keepers.copies.find()
        for one in kept:
            name = (one.name, one.where)
            one_way = name in self._taken_down or name in copies
            if not one.lazy or one in told or one_way:
                yield msgspec.structs.replace(
                    one,
                    lazy=(one.lazy and name not in refused) or one_way,
                    notes=one.notes or one_way,
                    timed=name in clocks or (one.timed and name not in refused),
                    ends=name in ends,
                    counts=name in counts,
                    measures=name in measures,
                    rounds=name in rounds,
                    reads=name in reads,
                )

    def _event(self, mutation: Mutation) -> Event:
        return self._index.scope(mutation.frame.gid).events[mutation.event]

    @cached_property
    def _taken_down(self) -> frozenset[tuple[str, str]]:
        """The flags that requests only take down, where they find them up: `if is_first: is_first = False`."""
        sites = self._changes.by_name
        return frozenset(
            name for name, found in sites.items() if all(_takes_down(at.scope, one.event) for at, one in found)
        )

    def _clocks(self, mutations: list[Mutation]) -> set[tuple[str, str]]:
        """What is only ever set to a time that counts, or back to none: `failing_since = now`, `failing_since = 0`."""
        times = {(one.name, one.where) for one in mutations if one.timed}
        return times - {(one.name, one.where) for one in mutations if not one.timed and not self._is_set_back(one)}

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
            key = (one.frame.gid, _guard(scope, scope.events[one.event]))
            rank = 1 if (one.name, one.where) in own else 2 if one.notes else 0
            if one.lazy and (key not in best or rank < best[key][0]):
                best[key] = rank, one
        return {one for _, one in best.values()}

    def _holds_primitives(self, mutation: Mutation) -> bool:
        """Whether what is put in, or what the container is declared to hold, are tasks, locks, queues or clients."""
        scope = self._index.scope(mutation.frame.gid)
        event, held = scope.events[mutation.event], self._held(mutation)
        if any(self._locks.is_lock(value) or _is_task(value) for value in held) or self._is_own_loop(mutation, event):
            return True
        if _collects(scope, event):  # what is kept by a key is for other requests to find
            return any(isinstance(value, ExtInstanceV) and value.name in _CHILDREN for value in held)
        is_kept = event.kind in (EventKind.STORE_ITEM, EventKind.STORE_ATTR)
        return is_kept and self._caches.is_client(mutation.frame, event.value)

    def _is_own_loop(self, mutation: Mutation, event: Event) -> bool:
        """Whether the loop that runs here is noted, beside what belongs to it: `queue_loop = get_running_loop()`."""
        scope = self._index.scope(mutation.frame.gid)
        node = scope.exprs[behind_names(scope, event.value)] if event.value != NONE else None
        called = self._inference.type(mutation.frame, node.func) if isinstance(node, Call) else ()
        return any(isinstance(value, ExternalV) and value.name in _RUNNING_LOOP for value in called)

    def _holds_ends(self, mutation: Mutation) -> bool:
        """Whether these are objects of the project around a queue, from which an open stream of this process reads."""
        return any(isinstance(value, InstanceV) and self._wraps_queue(value) for value in self._held(mutation))

    def _held(self, mutation: Mutation) -> list[Value]:
        """What a change puts in, and what the container is declared to hold, in lists of its items, too."""
        scope = self._index.scope(mutation.frame.gid)
        event = scope.events[mutation.event]
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        base = func.base if isinstance(func, Attr) else event.expr
        given = [event.value] if not isinstance(node, Call) else [*node.args]
        held = [value for expr in given if expr != NONE for value in self._inference.type(mutation.frame, expr)]
        todo = list(self._inference.type(mutation.frame, base)) if base != NONE else []
        for value in todo:  # grows by the items that are containers themselves
            if isinstance(value, ExtInstanceV) and len(todo) < _MOST_HELD:
                inside = [inner for argument in value.args for inner in argument]
                todo += [inner for inner in inside if isinstance(inner, ExtInstanceV) and inner.name in CONTAINERS]
                held += inside
        return held

    def _wraps_queue(self, value: InstanceV) -> bool:
        known = self._ends.get(value.gid)
        if known is None:
            init = self._inference.classes.find_method(value.gid, "__init__")
            names = {event.name for event in self._index.stores(init.gid)} if init is not None else set()
            kept = [one for name in names for one in self._inference.attribute(value, name)]
            kinds = {one.name for one in kept if isinstance(one, ExtInstanceV)}
            is_busy = any(isinstance(one, CoroutineV) for one in kept)
            known = self._ends[value.gid] = _QUEUE in kinds and not is_busy and not kinds & _BUSY
        return known

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
        lazy = change.once or _guard(scope, event) != NONE
        notes = event.kind == EventKind.STORE_ITEM or not _is_made(scope, event.value)
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
            tried=lazy and self._changes.may_run_early(frame),
            personal=lazy and not notes and self._keepers.request_data.is_from_request(frame.gid, event.value),
            timed=_is_timed(scope, event)
            or self._keeps_now(frame, scope, event, lazy)
            or self._is_timed_item(frame, scope, event),
            fills=fills,
            grows=fills and self._caches.grows(frame, event, change.state),
            alone=self._changes.is_of_one_process(frame, change.state),
        )

    def _keeps_now(self, frame: Frame, scope: Scope, event: Event, lazy: bool) -> bool:
        """Whether a store keeps the time when it is made, or one ahead, as a whole or under a key that requests share.

        What a function measures from is a time that only the first of several sets, or the level of a token bucket.
        """
        if event.flag or event.value == NONE or not is_time(self._inference, frame, event.value):
            return False
        if self._keepers.request_data.is_from_request(frame.gid, event.value):
            return False
        item = stored_item(scope, event)
        if item is None:
            is_whole = event.kind in (EventKind.REBIND, EventKind.STORE_ATTR)
            return is_whole and (lazy or not _is_measured_from(scope, event.name))
        is_nested = isinstance(scope.exprs[item.base], Sub)
        return not is_nested and not self._is_for_each(frame, item.index)

    def _is_for_each(self, frame: Frame, key: int) -> bool:
        """Whether each request has a key of its own: what it brings, or what is made anew for it."""
        keepers = self._keepers
        return keepers.request_data.is_from_request(frame.gid, key) or keepers.new_keys.is_new(frame.gid, key)

    def _is_timed_item(self, frame: Frame, scope: Scope, event: Event) -> bool:
        """Whether a store keeps the time up to which a condition has counted, under a key that no request brings."""
        item = stored_item(scope, event)
        if item is None or event.value == NONE or self._is_for_each(frame, item.index):
            return False
        return any(
            any(looks_up(scope, old, item) for old in parts(scope, node.right)) for node in _elapsed(scope, event)
        )

    def _is_kept_safe(self, frame: Frame, scope: Scope, change: Change) -> bool:
        """Whether somebody looks after the state: takes a lock, or is an object that makes what it first needs."""
        number, event = change.number, change.event
        if self._locks.held(frame, number, certain=True) or self._locks.held_where_made(frame):
            return True
        if change.state.proxy and event.kind != EventKind.REBIND:
            return True
        if event.kind == EventKind.REBIND:
            return (change.once or _guard(scope, event) != NONE) and self._locks.held(frame, number)
        if not change.state.held:
            return False
        return (event.kind == EventKind.STORE_ATTR and _guard(scope, event) != NONE) or self._locks.held(frame, number)


def _is_task(value: object) -> bool:
    if isinstance(value, CoroutineV):  # what `create_task` gives awaits to the coroutine's result
        return True
    return isinstance(value, ExtInstanceV) and value.name in _PRIMITIVES


def _collects(scope: Scope, event: Event) -> bool:
    """Whether a change puts something into a set or a list, or takes that out: `children.add(process)`."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in _COLLECTS


def _is_made(scope: Scope, value: int) -> bool:
    """Whether a stored value is an object that is made for it, not a constant, an empty list or another name."""
    node = scope.exprs[value] if value != NONE else None
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return isinstance(node, (Await, Call, Choice, Comp, Enter))


def _guard(scope: Scope, event: Event) -> int:
    """The region in which a store stands because a test has found that nothing is there: `if client is None`."""
    if event.flag or event.kind not in (EventKind.REBIND, EventKind.STORE_ATTR):
        return NONE
    for number in around(scope, event.region):
        found = scope.regions[number]
        if found.kind in ("if", "else") and found.expr != NONE:
            # `if not ready: client = make(); ready = True`: the flag speaks for what is set with it
            inside = (other for other in scope.events if other.kind == event.kind and not other.flag)
            names = {other.name for other in inside if within(scope, other.region, (number,))}
            if any(_is_absent(scope, found.expr, name, found.kind == "if") for name in names):
                return number
    return NONE


def _takes_down(scope: Scope, event: Event) -> bool:
    """Whether a store makes a flag false behind a test that it is true."""
    is_set = event.kind in (EventKind.REBIND, EventKind.STORE_ATTR) and not event.flag and event.value != NONE
    return (
        is_set
        and scope.exprs[event.value] == Lit(False)
        and any(
            is_true and _spells(scope, part, event.name)
            for branch in branches(scope, event.region)
            for part, is_true in implied(scope, branch.expr, branch.kind == "if")
        )
    )


def _is_timed(scope: Scope, event: Event) -> bool:
    """Whether a store keeps the time up to which a condition has counted: `if now - last > 60: ...; last = now`."""
    if event.flag or event.value == NONE or event.kind not in (EventKind.REBIND, EventKind.STORE_ATTR):
        return False
    return any(_spells(scope, node.right, event.name) for node in _elapsed(scope, event))


def _elapsed(scope: Scope, event: Event) -> Iterator[Bin]:
    """How long ago something was, in the conditions around a store: `value - before`."""
    for branch in branches(scope, event.region):
        for node in (scope.exprs[part] for part in parts(scope, branch.expr)):
            if isinstance(node, Bin) and node.op == "-" and same(scope, node.left, event.value):
                yield node


def _is_measured_from(scope: Scope, name: str) -> bool:
    """Whether a function computes how long a time is ago, as a token bucket does."""
    return any(isinstance(node, Bin) and node.op == "-" and _spells(scope, node.right, name) for node in scope.exprs)


def _is_absent(scope: Scope, expr: int, name: str, holds: bool, hops: int = 0) -> bool:
    """Whether a condition that holds, or does not, says nothing but that `name` is not there."""
    node = scope.exprs[expr]
    if hops > 6:
        return False
    if isinstance(node, Bin) and node.op == "not":
        return _is_absent(scope, node.left, name, not holds, hops + 1)
    if isinstance(node, Bin) and node.op == "and":
        return any(_is_absent(scope, part, name, holds, hops + 1) for part in (node.left, node.right))
    if isinstance(node, Choice):  # `client is None or client.is_closed`
        return any(_is_absent(scope, part, name, holds, hops + 1) for part in node.items)
    if isinstance(node, Bin) and node.op in ("is", "is not"):
        right = scope.exprs[node.right]  # `loop is not running_loop` asks for another one
        is_nothing = isinstance(right, Lit) and not right.value
        return ((node.op == "is") is is_nothing) is holds and _spells(scope, node.left, name)
    if isinstance(node, Call):  # `hasattr(app.state, "client")`
        func = scope.exprs[node.func]
        asks = isinstance(func, Free) and func.name in ("hasattr", "getattr") and len(node.args) > 1
        return not holds and asks and scope.exprs[node.args[1]] == Lit(name)
    return not holds and _spells(scope, expr, name)


def _spells(scope: Scope, expr: int, name: str) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        expr = scope.defs[node.defs[0]].value
        node = scope.exprs[expr]
    read = read_attribute(scope, expr) or node
    return isinstance(read, (Attr, Var, Free)) and read.name == name
