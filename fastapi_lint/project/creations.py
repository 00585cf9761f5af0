"""What is created anew for each request?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Cls,
    Comp,
    Declared,
    Enter,
    Event,
    EventKind,
    Func,
    Import,
    Iter,
    Lit,
    Map,
    Scope,
    Seq,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.call_conditions import is_harmless
from fastapi_lint.project.contexts import Arrival, Contexts
from fastapi_lint.project.entrypoints import EntryPoint
from fastapi_lint.project.graph import Graph
from fastapi_lint.project.holders import Holders
from fastapi_lint.project.index import Frame, is_receiver
from fastapi_lint.project.inference import STATE
from fastapi_lint.project.lifetimes import Lifetimes
from fastapi_lint.project.nodes import Edge, LibraryCall
from fastapi_lint.project.reach import Reach
from fastapi_lint.project.regions import around, stands_in
from fastapi_lint.project.request_data import RequestData
from fastapi_lint.project.spelling import written
from fastapi_lint.project.values import ClassV, ExtInstanceV, InstanceV

_KEEPERS = frozenset({"add", "append", "put", "register", "set", "set_cache", "setdefault"})


_ADDRESS = re.compile(
    r"account|address|auth|base|cert|cookie|cred|database|db|domain|dsn|endpoint|header|host|key|organi|password"
    r"|project|prox|region|secret|server|tenant|token|transport|uri|url|user"
)


class Creation(msgspec.Struct, frozen=True):
    """A constructor or connect call that request handling reaches; `way` leads to it from the nearest entry point.

    `entries` are all entry points that lead to it. `in_loop` says that a loop makes one in each pass, here or in a
    caller; `from_request` that its address or credentials are those of the request, its user or its tenant.
    """

    frame: Frame
    call: LibraryCall
    way: tuple[Arrival, ...]
    entries: tuple[EntryPoint, ...]
    in_loop: bool
    from_request: bool


class LocalModel(msgspec.Struct, frozen=True):
    """A class below `pydantic.BaseModel` that a function defines each time it runs; `gid` is the class.

    `uses` are the values of the function that the class body takes: no module level has them. `from_request` says that
    one of them is data of the request.
    """

    frame: Frame
    gid: int
    way: tuple[Arrival, ...]
    entries: tuple[EntryPoint, ...]
    uses: tuple[str, ...]
    from_request: bool


class Creations:
    """Creating calls in frames that run per request."""

    def __init__(self, graph: Graph, contexts: Contexts, request_data: RequestData) -> None:
        self._graph = graph
        self._contexts = contexts
        self._keeping: dict[int, list[tuple[Event, frozenset[int]]]] = {}
        self._once: dict[tuple[Frame, Edge], bool] = {}
        decorators = graph.inference.decorators
        self._request_data = request_data
        self._lifetimes = Lifetimes(graph, contexts.reached("request"))
        roots = [
            pair
            for pair in contexts.roots("request")
            if not decorators.is_cached(pair[0].gid) and not self._lifetimes.is_init_of_singleton(pair[0])
        ]
        self._reach = Reach(graph, contexts, roots, self._runs_once)
        self._reached = self._reach.frames
        # now that it is known what cached factories and guards keep: what only those make is not made anew
        self._lifetimes = Lifetimes(graph, self._reached)
        self._holders = Holders(graph, self._lifetimes, self._reach.callers)

    @property
    def lifetimes(self) -> Lifetimes:
        """How long the objects live that request handling makes."""
        return self._lifetimes

    def _runs_once(self, caller: Frame, edge: Edge) -> bool:
        key = (caller, edge)
        known = self._once.get(key)
        if known is None:
            known = self._once[key] = self._is_made_once(caller, edge)
        return known

    def _is_made_once(self, caller: Frame, edge: Edge) -> bool:
        """A cached factory runs its body once, and so does what is made behind a guard and kept."""
        decorators = self._graph.inference.decorators
        if decorators.is_cached(edge.callee.gid) or self._lifetimes.lasts(caller, edge.first_use):
            return True
        if self._lifetimes.is_init_of_singleton(edge.callee):
            return True
        if self._lifetimes.is_kept(edge.callee):
            return True
        scope = self._graph.index.scope(caller.gid)
        if edge.event >= len(scope.events):  # an injected dependency is no event of the function
            return False
        return self._is_kept(caller, scope, scope.events[edge.event].expr, edge.event)

    def find(self, kinds: frozenset[str]) -> Iterator[Creation]:
        """Each place once, by its shortest way."""
        for creation in self._found:
            if creation.call.spec.creates in kinds:
                yield creation

    @cached_property
    def _found(self) -> list[Creation]:
        seen: dict[tuple[int, int], Creation] = {}
        for frame in self._reached:
            scope = self._graph.index.scope(frame.gid)
            for call in self._graph.node(frame).calls:
                key = (frame.gid, call.place)
                if call.spec.creates is None or call.place == NONE or key in seen or self._is_light(frame, call):
                    continue
                if self._lifetimes.lasts(frame, call.first_use):
                    continue
                if self._is_kept_by_lasting(frame, scope, call):
                    continue
                if not self._is_kept(frame, scope, call.expr, call.event):
                    seen[key] = self._creation(frame, scope, call)
        return list(seen.values())

    def _is_kept_by_lasting(self, frame: Frame, scope: Scope, call: LibraryCall) -> bool:
        """Whether this very object lasts, and keeps what its method makes, though requests make others of its class."""
        keeps = call.first_use == "object" or self._is_kept_by_receiver(scope, call)
        return keeps and self._holders.is_lasting(frame)

    def _is_light(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether the arguments make it cheap: a client without connections, one over a pool that is there."""
        return call.spec.blocks is None and is_harmless(self._graph.inference, frame, call)

    def local_models(self) -> Iterator[LocalModel]:
        """Each model class that functions on a request's way define."""
        seen: set[int] = set()
        read: set[int] = set()
        for frame in self._reached:
            scope = self._graph.index.scope(frame.gid)
            if scope.kind != "function" or frame.gid in read:
                continue
            read.add(frame.gid)
            for node in scope.exprs:
                gid = self._graph.index.local(frame.gid, node.scope) if isinstance(node, Cls) else NONE
                if gid != NONE and gid not in seen and self._is_model(gid):
                    seen.add(gid)
                    yield self._local_model(frame, gid)

    def _local_model(self, frame: Frame, gid: int) -> LocalModel:
        scope = self._graph.index.scope(frame.gid)
        used: dict[str, list[int]] = {}
        for node in self._graph.index.scope(gid).exprs:
            if isinstance(node, Var) and self._graph.index.local(gid, node.scope) == frame.gid:
                values = [scope.defs[number].value for number in scope.names.get(node.name, ())]
                if not all(isinstance(scope.exprs[value], (Cls, Func, Import, Lit)) for value in values):
                    used[node.name] = values
        return LocalModel(
            frame=frame,
            gid=gid,
            way=self._reach.way(frame),
            entries=tuple(self._reach.entries(frame)),
            uses=tuple(used),
            from_request=any(
                self._request_data.is_from_request(frame.gid, value) for values in used.values() for value in values
            ),
        )

    def _is_model(self, gid: int) -> bool:
        return self._graph.inference.classes.derives_from(gid, "pydantic.BaseModel")

    def _creation(self, frame: Frame, scope: Scope, call: LibraryCall) -> Creation:
        way = self._reach.way(frame)
        return Creation(
            frame=frame,
            call=call,
            way=way,
            entries=tuple(self._reach.entries(frame)),
            in_loop=self._is_multiplied(frame, scope, call, way),
            from_request=self._is_from_request(frame, scope, call),
        )

    def _is_multiplied(self, frame: Frame, scope: Scope, call: LibraryCall, way: tuple[Arrival, ...]) -> bool:
        """Whether a loop makes one in each pass: of what an object keeps, only a loop that makes the objects."""
        if self._in_loop(scope, call.event):
            return True
        keeper = frame if call.first_use == "object" or self._is_kept_by_receiver(scope, call) else None
        for arrival in reversed(way):
            if self._is_looped(arrival):
                return keeper is None or self._is_constructed_in_loop(keeper)
            if keeper is None and arrival.edge is not None and arrival.edge.first_use == "object":
                keeper = arrival.caller
        return False

    def _is_kept_by_receiver(self, scope: Scope, call: LibraryCall) -> bool:
        """Whether the object keeps what its method makes behind a test, for as long as it lives."""
        return stands_in(scope, scope.events[call.event].region, "if", "else") and any(
            store.kind == EventKind.STORE_ATTR
            and is_receiver(scope, store.expr)
            and call.expr in _values(scope, store.value)
            for store in scope.events
            if store.value != NONE
        )

    def _is_constructed_in_loop(self, frame: Frame) -> bool:
        """Whether a request makes objects of the receiver's class in a loop, as far as constructors tell."""
        owner = frame.receiver
        init = self._graph.inference.classes.find_method(owner.gid, "__init__") if owner is not None else None
        return init is not None and any(
            self._is_looped(arrival)
            for other in self._reached
            if other.gid == init.gid
            and owner is not None
            and other.receiver is not None
            and other.receiver.gid == owner.gid
            for arrival in self._reach.way(other)
        )

    def _is_looped(self, arrival: Arrival) -> bool:
        if arrival.caller is None or arrival.edge is None or arrival.edge.mode == "injected":
            return False
        scope = self._graph.index.scope(arrival.caller.gid)
        return arrival.edge.event < len(scope.events) and self._in_loop(scope, arrival.edge.event)

    def _in_loop(self, scope: Scope, event: int) -> bool:
        """Whether each pass of a loop gets here: not behind a test of what an earlier pass left."""
        found = scope.events[event]
        if any(found.expr in tested and found.region == region for region, tested in _loop_tests(scope)):
            return True
        for region in around(scope, found.region):
            kind = scope.regions[region].kind
            if kind in ("loop", "genexpr"):
                return not _leaves(scope, region)
            if kind == "except" or (kind in ("if", "else") and not _filters(scope, region)):
                return False
        return False

    def _is_from_request(self, frame: Frame, scope: Scope, call: LibraryCall) -> bool:
        """Whether an argument that names the peer or proves who asks is data of the request.

        Of what is no client every argument counts: a model class is made of its fields.
        """
        node = scope.exprs[call.expr] if call.expr != NONE else None
        if not isinstance(node, Call):
            return False
        given = [*node.args[:2], *(value for name, value in node.keywords if name == "**" or _ADDRESS.search(name))]
        if call.spec.creates == "heavy-object":
            given = [*node.args, *(value for _, value in node.keywords)]
        return any(self._request_data.is_from_request(frame.gid, value) for value in given)

    def _is_kept(self, frame: Frame, scope: Scope, expr: int, event: int) -> bool:
        """Whether the created thing is stored where it outlives the request.

        An item of a container or an attribute of something shared keeps it. A module variable or an attribute of the
        receiver keeps it only behind a guard (`if _client is None`): otherwise each request makes a new one.
        """
        keeping = [store for store, kept in self._keeping_events(frame.gid, scope) if expr in kept]
        guarded = bool(keeping) and stands_in(scope, scope.events[event].region, "if", "else")
        for store in keeping:
            if store.kind == EventKind.CALL:
                if guarded:
                    return True
                continue
            if store.kind == EventKind.REBIND and guarded:
                return True
            if store.kind == EventKind.STORE_ITEM and not _is_local_container(scope, store.expr):
                return True
            if store.kind == EventKind.STORE_ATTR:
                if is_receiver(scope, store.expr):
                    owner = self._graph.inference.type(frame, store.expr)
                    if any(isinstance(value, ClassV) for value in owner):
                        return True
                    if guarded and not self._lifetimes.is_made_anew(frame):
                        return True
                elif self._is_shared(frame, store.expr):
                    return True
        return False

    def _keeping_events(self, gid: int, scope: Scope) -> list[tuple[Event, frozenset[int]]]:
        """The events of a scope that may keep things, stores and calls of what keeps them, with all that they keep."""
        known = self._keeping.get(gid)
        if known is None:
            keeping = [event for event in scope.events if _may_keep(scope, event)]
            known = self._keeping[gid] = [(event, frozenset(_kept(scope, event))) for event in keeping]
        return known

    def _is_shared(self, frame: Frame, expr: int) -> bool:
        node = self._graph.index.scope(frame.gid).exprs[expr]
        if isinstance(node, Var):
            owner = self._graph.index.local(frame.gid, node.scope)
            return self._graph.index.scope(owner).kind == "module"
        for value in self._graph.inference.type(frame, expr):
            if isinstance(value, ClassV) or not isinstance(value, (InstanceV, ExtInstanceV)):
                return True
            if isinstance(value, ExtInstanceV) and value.name == STATE:
                node = self._graph.index.scope(frame.gid).exprs[expr]
                return isinstance(node, Attr) and self._graph.inference.is_application(frame, node.base)
        return False


def _may_keep(scope: Scope, event: Event) -> bool:
    if event.kind != EventKind.CALL:
        return event.value != NONE
    node = scope.exprs[event.expr]
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in _KEEPERS


def _loop_tests(scope: Scope) -> Iterator[tuple[int, set[int]]]:
    """For each `while` the region around it and what its condition evaluates in each pass."""
    iterated = {event.expr for event in scope.events if event.kind == EventKind.ITER}
    for region in scope.regions:
        if region.kind == "loop" and region.expr != NONE and region.expr not in iterated:
            yield region.parent, set(written(scope, region.expr))


def _filters(scope: Scope, region: int) -> bool:
    """Whether a branch is what is left of a pass behind `if not item: continue`, and the test is of the item itself."""
    if scope.regions[region].kind != "else":
        return False
    test = scope.regions[region].expr
    return any(
        isinstance(node := scope.exprs[part], Use)
        and any(isinstance(scope.exprs[scope.defs[number].value], (Iter, Unpack)) for number in node.defs)
        for part in (written(scope, test) if test != NONE else ())
    )


def _leaves(scope: Scope, loop: int) -> bool:
    """Whether a pass of the loop ends in a `return` on its main way: a loop of attempts, done with the first."""
    inside = {loop}
    for number, region in enumerate(scope.regions):
        if region.parent in inside and region.kind in ("try", "with", "async-with"):
            inside.add(number)
    return any(event.kind == EventKind.RETURN and event.region in inside for event in scope.events)


def _kept(scope: Scope, event: Event) -> set[int]:
    """The expressions that a store stores, or that a call gives to what keeps things: `cache.set(key, client)`."""
    found: set[int] = set()
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if isinstance(node, Call) and isinstance(func, Attr):
        given = [*node.args, *(value for _, value in node.keywords)]
        for value in given if not _is_local_container(scope, func.base) else ():
            found |= _values(scope, value)
    elif event.value != NONE:
        found |= _values(scope, event.value)
    return found


def _is_local_container(scope: Scope, expr: int) -> bool:
    """Whether a container is made in this very scope and goes with it."""
    node = scope.exprs[expr]
    if not isinstance(node, Use):
        return False
    made = [scope.exprs[scope.defs[number].value] for number in node.defs]
    made = [scope.exprs[m.value] if isinstance(m, Declared) and m.value != NONE else m for m in made]
    return all(isinstance(value, (Map, Seq, Comp)) for value in made)


def _values(scope: Scope, value: int) -> set[int]:
    """All that `value` may be: awaited, entered, or by way of a local name."""
    found: set[int] = set()
    _add_values(scope, value, 0, found, set())
    return found


def _add_values(scope: Scope, value: int, hops: int, found: set[int], seen: set[tuple[int, int]]) -> None:
    if (value, hops) in seen:
        return
    seen.add((value, hops))
    for _ in range(8 - hops):
        found.add(value)
        node = scope.exprs[value]
        if isinstance(node, (Await, Declared, Enter)) and node.value != NONE:
            value = node.value
            continue
        parts: list[int] = []
        if isinstance(node, Use):
            parts = [scope.defs[number].value for number in node.defs]
        elif isinstance(node, Choice):
            found.update(node.items)
        elif isinstance(node, Call):  # wrapped in another call, or the product of its method
            parts = _parts(scope, node)
        for part in parts:
            _add_values(scope, part, hops + 1, found, seen)
        return


def _parts(scope: Scope, node: Call) -> list[int]:
    func = scope.exprs[node.func]
    return [*node.args, *([func.base] if isinstance(func, Attr) else [])]
