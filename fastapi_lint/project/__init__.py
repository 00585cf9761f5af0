"""The project: facts of all files, linked. Rules ask this facade and nothing below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from fastapi_lint.catalogue import BlockKind, Catalogue
from fastapi_lint.diagnostic import EntryPointLabel, Hop
from fastapi_lint.facts import NONE, Call, Lit, ModuleFacts
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.places import Places, Spot
from fastapi_lint.project.flow.blocking import Blocking, BlockingUse
from fastapi_lint.project.flow.effects import CallGraph
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Node
from fastapi_lint.project.flow.offload_apis import is_by_anyio_only
from fastapi_lint.project.flow.offloads import wrong_offloads
from fastapi_lint.project.flow.resolution import Resolution, Resolver
from fastapi_lint.project.flow.roots import reached_nodes
from fastapi_lint.project.resources.creations import Creation, Creations
from fastapi_lint.project.resources.leaked_generators import LeakedGenerator, LeakedGenerators
from fastapi_lint.project.resources.local_models import LocalModel
from fastapi_lint.project.resources.module_names import ModuleNames
from fastapi_lint.project.resources.shared_resources import Resource, SharedResources, WeakPool
from fastapi_lint.project.resources.shared_sessions import SharedSession, SharedSessions
from fastapi_lint.project.serving.asked_before import AskedBefore
from fastapi_lint.project.serving.contexts import STAGES, Arrival, Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint, EntryPoints
from fastapi_lint.project.serving.first_times import FirstTimes
from fastapi_lint.project.serving.middleware_stacks import Middleware, MiddlewareStacks
from fastapi_lint.project.serving.new_keys import NewKeys
from fastapi_lint.project.serving.once_per_key import OncePerKey
from fastapi_lint.project.serving.own_loops import OwnLoops
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.serving.start_up import StartUp
from fastapi_lint.project.shared.bounded_caches import BoundedCaches
from fastapi_lint.project.shared.caches import CachedFunction, Caches
from fastapi_lint.project.shared.changes import Changes
from fastapi_lint.project.shared.counts import Counts
from fastapi_lint.project.shared.locks import Locks
from fastapi_lint.project.shared.mutations import Keepers, Mutation, Mutations
from fastapi_lint.project.shared.noted_misses import NotedMisses
from fastapi_lint.project.shared.own_copies import OwnCopies
from fastapi_lint.project.shared.own_locks import OwnLock, OwnLocks
from fastapi_lint.project.shared.own_numbers import OwnNumbers
from fastapi_lint.project.shared.own_readings import OwnReadings
from fastapi_lint.project.shared.own_use import OwnUse
from fastapi_lint.project.shared.races import Race, Races
from fastapi_lint.project.shared.refusals import Refusals
from fastapi_lint.project.shared.state import SharedState
from fastapi_lint.project.shared.thread_locals import LocalUse, ThreadLocals
from fastapi_lint.project.shared.timed_slots import TimedSlots
from fastapi_lint.project.shared.under_way import UnderWay
from fastapi_lint.project.shared.untold import Untold
from fastapi_lint.project.types.described import described
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.libraries import Libraries
from fastapi_lint.project.types.values import ExternalV

__all__ = ["BlockingUse", "DecoratedCoroutine", "Middleware", "Project", "Spot", "WrongOffload"]


class WrongOffload(msgspec.Struct, frozen=True):
    """An offload that cannot work; see `offloads.Offload`. `expr` is the call in `frame`."""

    spot: Spot
    api: str
    target: str
    given: str
    frame: Frame
    expr: int


class DecoratedCoroutine(msgspec.Struct, frozen=True):
    """A library decorator on an `async def`; `spot` is the decorator."""

    spot: Spot
    decorator: str
    function: str


ROUTES = frozenset({"route", "websocket"})


class Project:
    """All files of a run. Answers are computed when they are first asked for."""

    def __init__(
        self,
        files: Iterable[tuple[str, ModuleFacts]],
        catalogue: Catalogue,
        source_roots: Iterable[str] = (),
        is_served: Iterable[str] | None = None,
        stages: Iterable[str] = (),
        workers: str | None = None,
    ) -> None:
        """`is_served` names the files that count (None: all), `stages` what counts beside request handling.

        `workers` says where several worker processes are started, if a deployment file does.
        """
        self.index = Index(files, source_roots)
        self.inference = Inference(self.index, Libraries(catalogue, described(self.index, catalogue)))
        self.graph = Graph(self.index, self.inference)
        self._stages = tuple(stage for stage in STAGES if stage in frozenset(stages))
        self._served = None if is_served is None else frozenset(is_served)
        self._workers = workers

    # -- what runs

    @cached_property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """Every registration in the project, except those in files that never serve (tests, migrations)."""
        found = EntryPoints(self.index, self.inference).find()
        return tuple(entry for entry in found if self.is_served(entry.gid))

    @cached_property
    def contexts(self) -> Contexts:
        """Where functions run.

        The whole graph is built first: of a function that is called in very many ways those are told apart that were
        met first (`binding`), and that must not depend on which rules are selected.
        """
        _ = self.nodes
        return Contexts(self.graph, self.entry_points)

    @cached_property
    def _start_up(self) -> StartUp:
        return StartUp(self.graph, self.contexts, self.is_served)

    @cached_property
    def nodes(self) -> list[Node]:
        """Every frame that may run on the loop or for a request, with all that it reaches."""
        entries = [entry.frame for entry in self.entry_points if entry.frame is not None]
        return reached_nodes(self.graph, entries)

    def is_served(self, gid: int) -> bool:
        """Whether a scope stands in a file that is part of the application, and that an import can reach."""
        module = self.index.module(gid)
        if self.index.table.by_key.get(module.key) is not module:  # a package of the same name hides it
            return False
        return self._served is None or self.index.module(gid).path in self._served

    def is_followed(self, gid: int) -> bool:
        """Whether a scope stands in a followed package: it is analysed, but nothing is reported there."""
        return self.index.module(gid).is_followed

    # -- effects

    def blocking(self, kind: BlockKind) -> list[BlockingUse]:
        """Every expression on the event loop that reaches a blocking call of this kind, the nearest sink for each."""
        return self._blocking.of(kind)

    @cached_property
    def _blocking(self) -> Blocking:
        calls = CallGraph(self.nodes, self.is_followed)
        frames = (*self._serving_frames, *self._frames_of_stages)
        lifetimes = self._creations.lifetimes
        first_times = FirstTimes(self.graph, self.contexts, self._start_up, lifetimes, self._once_per_key)
        apart = frozenset(self._serving_frames).difference(self.loop_frames)
        asked = AskedBefore(self.graph, self._creations.misses)
        places, stages = self._places, self._stages
        return Blocking(self.graph, calls, self.contexts, first_times, places, frames, stages, apart, asked)

    @cached_property
    def loop_frames(self) -> list[Frame]:
        """Frames whose body runs on a loop on which others wait while requests are served."""
        own_loops = OwnLoops(self.graph, self.contexts)
        return [frame for frame in self._serving_frames if not own_loops.keep_nobody_waiting(frame.gid)]

    @cached_property
    def _serving_frames(self) -> list[Frame]:
        """Frames whose body runs on any loop while requests are served."""
        return [frame for frame in self._async_frames if self.contexts.serves(frame.gid)]

    @cached_property
    def _frames_of_stages(self) -> list[Frame]:
        """Frames that run on a loop, but for no request, as far as the configuration wants them."""
        return [frame for frame in self._async_frames if self.contexts.stage(frame.gid, self._stages)]

    @cached_property
    def _async_frames(self) -> list[Frame]:
        callbacks = {e.frame for e in self.entry_points if e.kind == "loop-callback" or e.where == "loop"}
        return [
            node.frame
            for node in self.nodes
            if (self.index.scope(node.frame.gid).is_async or node.frame in callbacks)
            and self.is_served(node.frame.gid)
            and not self.is_followed(node.frame.gid)
        ]

    def creations(self, kinds: frozenset[str]) -> Iterator[Creation]:
        """Every place that creates such a thing for each request, with the way in."""
        return self._creations.find(kinds)

    def creation_place(self, creation: Creation) -> tuple[Spot, tuple[Hop, ...]]:
        """Where to report a creation, and the chain to it: in a followed package, at the call that leads there.

        An object of a subclass is made where that is constructed, not where its constructor calls that of its base.
        """
        gid, place = creation.frame.gid, creation.call.place
        chain = self.way_in(creation.way)
        built = creation.construction
        if built is not None and built.caller is not None and built.edge is not None and built.edge.place != NONE:
            if not self.is_followed(built.caller.gid):
                return self.spot(built.caller.gid, built.edge.place), self.way_in(
                    creation.way[: creation.way.index(built)]
                )
        if self.is_followed(gid):
            for arrival in reversed(creation.way):
                caller, edge = arrival.caller, arrival.edge
                if caller is not None and edge is not None and edge.place != NONE and not self.is_followed(caller.gid):
                    made = self._places.hop(gid, place, f"`{self.index.name(gid)}` makes `{creation.call.name}`")
                    return self.spot(caller.gid, edge.place), (*chain, made) if made is not None else chain
        return self.spot(gid, place), chain

    def creation_name(self, creation: Creation) -> str:
        """What messages call what is made: a subclass of the project by its own name."""
        receiver = creation.frame.receiver
        if creation.is_of_subclass and receiver is not None:
            return f"`{self.index.name(receiver.gid)}` (`{creation.library_name}`)"
        return f"`{creation.library_name}`"

    def local_models(self) -> Iterator[LocalModel]:
        """Every pydantic model class that a function defines anew for each request."""
        return self._creations.local_models()

    @cached_property
    def _creations(self) -> Creations:
        return Creations(self.graph, self.contexts, self._request_data, self._start_up)

    @cached_property
    def _once_per_key(self) -> OncePerKey:
        return OncePerKey(self.graph, self.contexts, self._creations.lifetimes, self._request_data)

    @cached_property
    def _request_data(self) -> RequestData:
        return RequestData(self.graph, self.entry_points)

    @cached_property
    def workers(self) -> str | None:
        """Where the project starts several worker processes (`4 workers in Dockerfile`), as far as can be seen."""
        if self._workers is not None:
            return self._workers
        for site in self.index.call_sites("run"):
            node = self.index.scope(site.gid).exprs[site.expr]
            frame = self.inference.plain_frame(site.gid)
            if not isinstance(node, Call) or ExternalV("uvicorn.run") not in self.inference.type(frame, node.func):
                continue
            given = self.inference.calls.argument(site.gid, node, "workers")
            count = self.index.scope(site.gid).exprs[given] if given != NONE else None
            if isinstance(count, Lit) and isinstance(count.value, int) and count.value > 1:
                return f"{count.value} workers in {self.index.module(site.gid).path}"
        return None

    def mutations(self) -> Iterator[Mutation]:
        """Every statement of request code that changes state shared between requests, unless it is a race, too."""
        racing = {(race.frame.gid, race.place) for race in self.races}
        return (one for one in self._mutations if (one.frame.gid, one.place) not in racing)

    def growing(self) -> Iterator[Mutation]:
        """Every statement that fills a cache which nothing empties: a lock against races does not bound it."""
        return (one for one in self._mutations if one.grows)

    @cached_property
    def _requests(self) -> Reach:
        """All that request handling reaches."""
        return Reach(self.graph, self.contexts, self.contexts.roots("request"))

    @cached_property
    def _locks(self) -> Locks:
        return Locks(self.graph, self._requests)

    @cached_property
    def state(self) -> SharedState:
        """Which state requests share."""
        return SharedState(self.graph, self.contexts, self._requests)

    @cached_property
    def _mutations(self) -> list[Mutation]:
        bounded = BoundedCaches(self.graph, self._changes, self.state)
        new_keys = NewKeys(self.graph, self.contexts, self._request_data)
        own = OwnUse(self.graph, self.contexts, self._changes, new_keys)
        timed = TimedSlots(self.graph, self._changes, self._caches, self._request_data, self._creations.lifetimes)
        numbers = OwnNumbers(self.graph, self._changes)
        counts, refusals = Counts(self.graph, self._changes), Refusals(self.index, self._changes)
        readings = OwnReadings(self.graph, self._changes, self._request_data)
        keepers = Keepers(
            bounded=bounded,
            timed=timed,
            own=own,
            copies=OwnCopies(self.graph, self._changes),
            counts=counts,
            numbers=numbers,
            refusals=refusals,
            readings=readings,
            misses=NotedMisses(self.graph, self._changes),
            under_way=UnderWay(self._changes, own.is_own_key),
            untold=Untold(self.graph, self.contexts, self._changes, counts, self._request_data, self.is_served),
            request_data=self._request_data,
            new_keys=new_keys,
        )
        return list(Mutations(self.graph, self._changes, self._locks, self._caches, keepers).find())

    @cached_property
    def _changes(self) -> Changes:
        lifetimes = self._creations.lifetimes
        return Changes(self.graph, self.contexts, self._start_up, self.state, lifetimes, self._once_per_key)

    @cached_property
    def _caches(self) -> Caches:
        return Caches(self.graph, self.contexts, self.state, self._request_data)

    @cached_property
    def races(self) -> tuple[Race, ...]:
        """Every change of shared state that rests on what was true before an await."""
        return tuple(Races(self.graph, self._changes, self.state, self._locks, self._caches).find())

    def own_locks(self) -> Iterator[OwnLock]:
        """Every lock that the call that takes it has made."""
        locks = OwnLocks(self.graph)
        for gid in locks.takers():
            if self.is_served(gid):
                yield from locks.find(gid)

    def thread_locals(self) -> Iterator[LocalUse]:
        """Every use of a `threading.local` on the event loop."""
        return (
            use for use in ThreadLocals(self.graph, self.contexts, self.loop_frames).find() if self.is_served(use.gid)
        )

    def leaked_generators(self) -> Iterator[LeakedGenerator]:
        """Every dependency generator that serving code drives by hand and leaves suspended."""
        leaked = LeakedGenerators(self.graph, self._dependencies)
        for gid in range(self.index.count):
            if self.index.scope(gid).kind == "function" and self.is_served(gid):
                yield from (one for one in leaked.find(gid) if self.contexts.serves(gid))

    @cached_property
    def _dependencies(self) -> frozenset[int]:
        """Everything that stands in a `Depends`."""
        found = {e.frame.gid for e in self.entry_points if e.kind == "dependency" and e.frame is not None}
        for frame in self._requests.frames:
            found.update(edge.callee.gid for edge in self.graph.node(frame).edges if edge.mode == "injected")
        return frozenset(found)

    @cached_property
    def _module_names(self) -> ModuleNames:
        return ModuleNames(self.graph, self._requests)

    @cached_property
    def _shared_resources(self) -> SharedResources:
        return SharedResources(self.graph, self.contexts, self._module_names)

    def unclosed_resources(self) -> Iterator[Resource]:
        """Every client, engine or pool that is made once and that nothing closes."""
        return (one for one in self._shared_resources.unclosed() if self.is_served(one.frame.gid))

    def weak_pools(self) -> Iterator[WeakPool]:
        """Every engine of the application that does not pool, or hardly."""
        return (one for one in self._shared_resources.weak_pools() if self.is_served(one.resource.frame.gid))

    def shared_sessions(self) -> Iterator[SharedSession]:
        """Every session or connection that many requests or tasks use at once."""
        return (one for one in self._shared_sessions if self.is_served(one.gid))

    @cached_property
    def _shared_sessions(self) -> tuple[SharedSession, ...]:
        found = SharedSessions(self.graph, self.contexts, self._requests, self.state, self._module_names)
        return tuple(found.find())

    def unbounded_functions(self) -> Iterator[CachedFunction]:
        """Every function on a request's way whose cache has no bound and is keyed by what requests bring."""
        return self._caches.unbounded_functions(frozenset(frame.gid for frame in self._requests.frames))

    def offloads(self) -> Iterator[WrongOffload]:
        """Every offload in loop code that is handed a result or a coroutine function."""
        served = [node for node in self.nodes if self.is_served(node.frame.gid)]
        for offload in wrong_offloads(self.graph, served):
            spot = self.spot(offload.frame.gid, offload.place)
            yield WrongOffload(spot, offload.api, offload.target, offload.given, offload.frame, offload.expr)

    def decorated_coroutines(self, decorators: frozenset[str]) -> Iterator[DecoratedCoroutine]:
        """Every `async def` under one of these library decorators, unless that decorates what nobody calls.

        A route's decorator below has registered the function itself.
        """
        registered = {(entry.decorated, entry.place) for entry in self.entry_points if entry.kind in ROUTES}
        for gid in range(self.index.count):
            scope = self.index.scope(gid)
            if scope.is_async and scope.decorators and self.is_served(gid):
                found = self.inference.decorators.named(gid, decorators)
                if found is not None:
                    places = scope.decorator_places
                    below = places[places.index(found[1]) + 1 :]
                    if any((gid, place) in registered for place in below) and not self.index.call_sites(scope.name):
                        continue
                    yield DecoratedCoroutine(self.spot(self.index.parent(gid), found[1]), found[0], scope.name)

    def base_http_middleware(self) -> Iterator[Middleware]:
        """Classes below `BaseHTTPMiddleware`, and functions that `@app.middleware("http")` and others wrap in one."""
        served = (gid for gid in range(self.index.count) if self.is_served(gid))
        return MiddlewareStacks(self.index, self.inference, self.entry_points).find(served)

    def resolution(self, paths: Iterable[str]) -> Resolution:
        """How many of the calls on the event loop are understood, in the files with these paths."""
        return Resolver(self.graph).of(self.loop_frames, frozenset(paths))

    @cached_property
    def is_on_anyio(self) -> bool:
        """Whether the project moves calls to threads by anyio only, so that it may run on trio, too."""
        return is_by_anyio_only(self.inference)

    # -- places and chains

    @cached_property
    def _places(self) -> Places:
        return Places(self.index, self.contexts)

    def spot(self, gid: int, place: int) -> Spot:
        """The file and place of an event of scope `gid`."""
        return self._places.spot(gid, place)

    def labels(self, gid: int, category: str = "request") -> tuple[EntryPointLabel, ...]:
        """The entry points from which requests (or start-up, ...) come to a function, by the nearest way."""
        return self._places.labels(gid, category)

    def way_in(self, way: Iterable[Arrival]) -> tuple[Hop, ...]:
        """A chain from an entry point, one hop a call."""
        return self._places.way_in(way)
