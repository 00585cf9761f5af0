"""What is created anew for each request?"""

from __future__ import annotations

from collections.abc import Iterator, KeysView
from functools import cached_property

import msgspec

from fastapi_lint.facts import (
    NONE,
    Call,
    EventKind,
    Scope,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.call_conditions import is_harmless
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge, LibraryCall
from fastapi_lint.project.resources.after_errors import is_after_error
from fastapi_lint.project.resources.closings import is_closed, is_pool_closed, is_returned
from fastapi_lint.project.resources.fallbacks import Fallbacks
from fastapi_lint.project.resources.keeping import (
    is_kept_by_receiver,
    is_stored_by_receiver,
)
from fastapi_lint.project.resources.lasting_work import LastingWork
from fastapi_lint.project.resources.local_models import LocalModel, LocalModels
from fastapi_lint.project.resources.own_values import OwnValues
from fastapi_lint.project.resources.passes import Passes
from fastapi_lint.project.resources.peers import Peers
from fastapi_lint.project.resources.rereadings import Rereadings
from fastapi_lint.project.resources.stores import Stores
from fastapi_lint.project.resources.unread import Unread
from fastapi_lint.project.serving.contexts import Arrival, Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.expiry import Expiry
from fastapi_lint.project.serving.holders import Holders
from fastapi_lint.project.serving.left_fields import LeftFields
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.serving.misses import Misses
from fastapi_lint.project.serving.once_per_key import OncePerKey
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.serving.start_up import StartUp
from fastapi_lint.project.types.given import holds
from fastapi_lint.project.types.values import InstanceV

_INIT = ".__init__"
_MOST_MAKERS = 2


class Creation(msgspec.Struct, frozen=True):
    """A constructor or connect call that request handling reaches; `way` leads to it from the nearest entry point.

    `entries` are all entry points that lead to it. `in_loop` says that a loop makes one in each pass, here or in a
    caller; `from_request` that its address or credentials are those of the request, its user or its tenant;
    `after_error` that no request gets here before an attempt has failed; `after_miss` that none does before a look-up
    in a cache has missed; and `is_closed` that whoever makes it also closes it.
    """

    frame: Frame
    call: LibraryCall
    way: tuple[Arrival, ...]
    entries: tuple[EntryPoint, ...]
    in_loop: bool
    from_request: bool
    after_error: bool = False
    after_miss: bool = False
    is_closed: bool = False

    @property
    def is_of_subclass(self) -> bool:
        """Whether a constructor of the project calls that of a library's class, for the object that it makes itself."""
        is_init = self.frame.scope.name == "__init__" and self.call.name.endswith(_INIT)
        return is_init and isinstance(self.frame.receiver, InstanceV)

    @property
    def library_name(self) -> str:
        """The name of the library's class."""
        return self.call.name.removesuffix(_INIT)

    @property
    def construction(self) -> Arrival | None:
        """The step on the way that constructs an object of a subclass."""
        for arrival in reversed(self.way) if self.is_of_subclass else ():
            caller = arrival.caller
            if caller is None or caller.scope.name != "__init__" or caller.receiver != self.frame.receiver:
                return arrival if caller is not None and arrival.edge is not None else None
        return None


class Creations:
    """Creating calls in frames that run per request."""

    def __init__(self, graph: Graph, contexts: Contexts, request_data: RequestData, start_up: StartUp) -> None:
        self._graph = graph
        self._contexts = contexts
        self._stores = Stores(graph)
        self._once: dict[tuple[Frame, Edge], bool] = {}
        decorators = graph.inference.decorators
        self._request_data = request_data
        self._peers = Peers(graph, request_data.without(self._is_call_kept))
        self._know(Lifetimes(graph, contexts.reached("request")))
        roots = [
            pair
            for pair in contexts.roots("request")
            if not decorators.is_cached(pair[0].gid) and not self._lifetimes.is_init_of_singleton(pair[0])
        ]
        self._reach = Reach(graph, contexts, roots, self._runs_once)
        # now that it is known what cached factories and guards keep: what only those make is not made anew,
        # and what that keeps is not, either
        known = self._lifetimes
        self._know(known.of_others(self._reach.frames))
        if self._do_more_run_once(known.made - self._lifetimes.made):
            self._reach = Reach(graph, contexts, roots, self._runs_once)
            self._know(known.of_others(self._reach.frames))
        self._reached = self._reach.frames
        self.misses = Misses(graph, self._lifetimes)
        self._roots = roots
        self._usual = contexts.flow(roots, self._is_unusual)
        self._passes = Passes(graph, self._reached, self._reach.way)
        self._holders = Holders(graph, self._lifetimes, self._reach.callers)
        self._unread = Unread(graph, self._reach.callers)
        self._lasting_work = LastingWork(graph.inference, self._reach)
        self._rereadings = Rereadings(graph.inference, self._reach)
        self._own_values = OwnValues(graph.inference, request_data)
        self._start_up = start_up
        self._fallbacks = Fallbacks(graph, start_up, self._reach.callers)
        self._left_fields = LeftFields(graph, lambda: self._reach)

    def _know(self, lifetimes: Lifetimes) -> None:
        """Go on with what is known by now of how long objects live."""
        self._lifetimes = lifetimes
        self._once_per_key = OncePerKey(self._graph, self._contexts, lifetimes, self._request_data)
        self._expiry = Expiry(self._graph, lifetimes)

    @property
    def lifetimes(self) -> Lifetimes:
        """How long the objects live that request handling makes."""
        return self._lifetimes

    def _do_more_run_once(self, lasting: frozenset[int]) -> bool:
        """Whether a call is known to run once now that objects of some classes are known to last."""
        unsure = [key for key, is_once in self._once.items() if not is_once]
        asked = [
            (caller, edge)
            for caller, edge in unsure
            if any(one is not None and one.gid in lasting for one in (caller.receiver, edge.callee.receiver))
        ]
        for key in asked:
            del self._once[key]
        found = [self._runs_once(*key) for key in asked]
        return any(found)

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
        if self._is_once_for_a_key(caller, edge.event) or self._is_behind_expiry(caller, edge.event):
            return True
        if self._lifetimes.is_init_of_singleton(edge.callee):
            return True
        if self._lifetimes.is_kept(edge.callee):
            return True
        scope = self._graph.index.scope(caller.gid)
        if edge.event >= len(scope.events):  # an injected dependency is no event of the function
            return False
        expr = scope.events[edge.event].expr
        if self._stores.is_renewed_answer(caller, expr, edge.event):
            return False
        return self._stores.is_kept(caller, expr, edge.event, self._lifetimes)

    def _is_once_for_a_key(self, frame: Frame, event: int) -> bool:
        """Whether code runs where a look-up has missed what it puts in, under a key that no request brings."""
        if not 0 <= event < len(frame.scope.events):
            return False
        return self._once_per_key.is_missed(frame, frame.scope.events[event].region)

    def _is_behind_expiry(self, frame: Frame, event: int) -> bool:
        """Whether code runs once in a while, where what it renews is too old."""
        events = frame.scope.events
        return 0 <= event < len(events) and self._expiry.is_behind(frame, events[event].region)

    def _is_unusual(self, caller: Frame, edge: Edge) -> bool:
        return self._runs_once(caller, edge) or not self._is_usual_place(caller, edge.event)

    def _is_usual_place(self, frame: Frame, event: int) -> bool:
        """Whether requests get to an event though no attempt has failed, and no look-up in a cache has missed."""
        return not (self._is_after_error(frame, event) or self._is_after_miss(frame, event))

    def _is_after_miss(self, frame: Frame, event: int) -> bool:
        events = frame.scope.events
        return 0 <= event < len(events) and self.misses.is_behind(frame, events[event].region)

    @cached_property
    def _without_errors(self) -> KeysView[Frame]:
        """The frames that requests reach though no attempt has failed."""
        return self._contexts.flow(
            self._roots, lambda caller, edge: self._runs_once(caller, edge) or self._is_after_error(caller, edge.event)
        ).keys()

    def _is_after_error(self, frame: Frame, event: int) -> bool:
        events = frame.scope.events
        return 0 <= event < len(events) and is_after_error(self._graph.inference, frame, events[event].region)

    def find(self, kinds: frozenset[str]) -> Iterator[Creation]:
        """Each place once, by its shortest way."""
        for creation in self._found:
            if creation.call.spec.creates in kinds:
                yield creation

    @cached_property
    def _found(self) -> list[Creation]:
        found: dict[tuple[int, int], list[tuple[Frame, LibraryCall]]] = {}
        unusual = (frame for frame in self._reached if frame not in self._usual)
        for frame in (*self._usual, *unusual):
            for call in self._graph.node(frame).calls:
                if call.spec.creates is None or call.place == NONE:
                    continue
                same = found.setdefault((frame.gid, call.place), [])
                if same and self._is_usual(*same[0]) and not self._is_usual(frame, call):
                    continue
                if self._is_made_anew(frame, call):
                    same.append((frame, call))
        return [self._creation(*same[0], [frame for frame, _ in same[1:]]) for same in found.values() if same]

    def _is_usual(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether requests get here though no attempt has failed, and no look-up in a cache has missed."""
        return frame in self._usual and self._is_usual_place(frame, call.event)

    def _is_made_anew(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether each run of a frame makes one, and nobody keeps it."""
        scope = frame.scope
        if self._is_light(frame, call):
            return False
        if self._lifetimes.lasts(frame, call.first_use) or self._is_once_for_a_key(frame, call.event):
            return False
        if self._is_behind_expiry(frame, call.event) or self._is_idle(frame, call):
            return False
        if self._is_over_lasting(frame, call) or self._is_on_purpose(frame, call):
            return False
        if self._is_kept_by_lasting(frame, scope, call):
            return False
        region = scope.events[call.event].region
        if self._fallbacks.is_needless(frame, region) or self._left_fields.exclude(frame, region):
            return False
        return not self._stores.is_kept(frame, call.expr, call.event, self._lifetimes)

    def _is_on_purpose(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether nobody would want to share it: a job's own, a request's own, one with what has changed since."""
        rooms = self._lasting_work.needs, self._rereadings.is_needed, self._own_values.is_own
        return any(is_wanted(frame, call) for is_wanted in rooms)

    def _is_kept_by_lasting(self, frame: Frame, scope: Scope, call: LibraryCall) -> bool:
        """Whether this very object lasts, and keeps what its method makes, though requests make others of its class."""
        keeps = call.first_use == "object" or is_kept_by_receiver(scope, call)
        if keeps and self._holders.is_lasting(frame):
            return True
        return is_stored_by_receiver(scope, call) and self._holders.is_registered(frame)

    def _is_light(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether the arguments make it cheap: a client without connections, one over a pool that is there."""
        return call.spec.blocks is None and is_harmless(self._graph.inference, frame, call)

    def _is_over_lasting(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether its connections are those of an argument that is there for all requests, and stay open."""
        over, scope = call.spec.over, frame.scope
        node = scope.exprs[call.expr] if over is not None and call.expr != NONE else None
        if over is None or not isinstance(node, Call):
            return False
        inference = self._graph.inference
        given = inference.calls.argument(frame.gid, node, over.arg)
        if given == NONE or not (self._holders.is_held(frame, given) or self._start_up.has_set(frame.gid, given)):
            return False
        return not is_closed(scope, call.expr) or (over.kept is not None and holds(inference, frame, node, over.kept))

    def _is_idle(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether it costs nothing until it is used, and no request that makes it uses it."""
        return call.spec.idle and self._unread.is_unread(frame, call)

    def local_models(self) -> Iterator[LocalModel]:
        """Each model class that functions on a request's way define."""
        yield from LocalModels(self._graph, self._reach, self._request_data).find()

    def _creation(self, frame: Frame, call: LibraryCall, others: list[Frame]) -> Creation:
        """`others` are the frames in which the same function makes it for other arguments."""
        scope, is_usual = frame.scope, self._is_usual(frame, call)
        way, entries = self._ways_of_passing(frame, scope, call, is_usual)
        if not entries:
            way = tuple(self._contexts.way_in(frame, self._usual)) if is_usual else self._reach.way(frame)
            entries = tuple(self._reach.entries(frame, *others))
        else:
            several = (entries, *(self._ways_of_passing(other, scope, call, is_usual)[1] for other in others))
            entries = tuple({one.told: one for some in several for one in some}.values())
        is_own = self._passes.is_of_object_of_pass(frame, scope, call, way)
        after_error = not is_usual and (frame not in self._without_errors or self._is_after_error(frame, call.event))
        return Creation(
            frame=frame,
            call=call,
            way=way,
            entries=entries,
            in_loop=self._passes.is_multiplied(frame, scope, call, way) and not is_own,
            from_request=is_own or self._peers.is_of_request(frame, call),
            after_error=after_error,
            after_miss=not is_usual and not after_error,
            is_closed=call.expr != NONE and self._closes(frame, call.expr, 0),
        )

    def _closes(self, frame: Frame, made: int, hops: int) -> bool:
        """Whether a function closes what it makes, or all those do to whom it gives it."""
        if is_pool_closed(frame.scope, made):
            return True
        callers = self._reach.callers(frame) if is_returned(frame.scope, made) and hops < _MOST_MAKERS else []
        return bool(callers) and all(
            0 <= edge.event < len(caller.scope.events)
            and self._closes(caller, caller.scope.events[edge.event].expr, hops + 1)
            for caller, edge in callers
        )

    def _ways_of_passing(
        self, frame: Frame, scope: Scope, call: LibraryCall, is_usual: bool
    ) -> tuple[tuple[Arrival, ...], tuple[EntryPoint, ...]]:
        """Of what an object keeps: the ways that come through objects of requests, not those through one that lasts."""
        owner = frame.receiver
        if owner is None or not (call.first_use == "object" or is_kept_by_receiver(scope, call)):
            return (), ()

        holding = self._holders.holding(frame)

        def is_left_out(caller: Frame, edge: Edge) -> bool:
            if is_usual and not self._is_usual_place(caller, edge.event):
                return True
            receiver = edge.callee.receiver
            if receiver is None or receiver.gid not in holding:
                return False
            return self._holders.is_of_lasting(caller, edge) or self._holders.registers(caller, edge)

        return self._reach.narrowed(
            frame, is_left_out, lambda root: root.receiver is None or root.receiver.gid not in holding
        )

    def _is_call_kept(self, gid: int, call: int) -> bool:
        """Whether what a call gives is kept: it is not by this call that something is made for each request."""
        scope = self._graph.index.scope(gid)
        event = next((n for n, e in enumerate(scope.events) if e.kind == EventKind.CALL and e.expr == call), NONE)
        plain = self._graph.inference.plain_frame(gid)
        return event != NONE and self._stores.is_kept(plain, call, event, self._lifetimes)
