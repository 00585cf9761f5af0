"""What has run before the first request comes, and what has it filled?

Start-up runs, and the import of every module of the application (not of its tests); the first steps of the tasks that
start-up leaves running; and what a program does before it starts the server itself, in the function that calls
`uvicorn.run` and in those that call that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Lit, Param, Region, Scope, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, may_be_passed, within
from fastapi_lint.project.code.spelling import defined, parts, same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.first_use import Slot
from fastapi_lint.project.serving.launches import Launches
from fastapi_lint.project.serving.server_starts import Prefix, ServerStarts
from fastapi_lint.project.types.values import ClassV, InstanceV, ModuleV

_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_BASE_HTTP = "starlette.middleware.base.BaseHTTPMiddleware"
_APPLICATION = "app.state"
_MOST_STEPS = 3

Run = tuple[int, int]
"""A function that has run, and the class of the object whose method it is, NONE for others."""

Variable = tuple[str, str]
"""Where a variable lives, and its name."""


class Fill(msgspec.Struct, frozen=True):
    """A value that a frame stores.

    What importing a module stores is no work of start-up (`is_started`). What may fail in front of a handler is
    not sure to be stored (`is_sure`).
    """

    frame: Frame
    value: int
    is_started: bool
    is_sure: bool


class StartUp:
    """Answers by function, kept."""

    def __init__(self, graph: Graph, contexts: Contexts, is_served: Callable[[int], bool]) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._is_served = is_served
        self._starts = ServerStarts(graph, is_served)
        self.launches = Launches(graph, contexts, self._starts)
        self._early: dict[bool, frozenset[Run]] = {}

    def runs_early(self, frame: Frame, always: bool = False) -> bool:
        """Whether the first request finds that the function has run; a method, for an object of the same class.

        With `always`, only what no condition keeps it from, and no other implementation of a method, counts; then what
        programs do before they start the server counts, too.
        """
        return _run(frame) in self._runs(always)

    def has_filled(self, frame: Frame, region: int) -> bool:
        """Whether code runs only where something is empty that is full before the first request, for good."""
        return any(
            variable in self._filled and variable[1] not in self._emptied
            for slot in self._inference.first_use.slots(frame, region)
            for variable in self._variables(frame.gid, slot)
        )

    def has_filled_beside(self, entries: list[EntryPoint], frame: Frame, region: int) -> bool:
        """Whether each function that registers an entry point fills what code runs only where it is empty.

        `if enabled: app.add_api_route("/metrics", metrics)`, and `if enabled: collector = Collector()` in there, too.
        """
        wanted = {
            variable
            for slot in self._inference.first_use.slots(frame, region)
            for variable in self._variables(frame.gid, slot)
            if variable[1] not in self._emptied
        }
        for entry in entries if wanted else ():
            wanted &= self._filled_with(entry.gid, entry.place)
        return bool(wanted) and bool(entries)

    def serves_object(self, gid: int) -> bool:
        """Whether a function serves an application object itself, in the process that has made it."""
        return gid in self._starts.serving_objects

    def has_set(self, gid: int, expr: int) -> bool:
        """Whether an expression of scope `gid` reads what is full before the first request, for good."""
        return any(
            variable in self._filled and variable[1] not in self._emptied
            for slot in self._inference.first_use.slot(gid, expr)
            for variable in self._variables(gid, slot)
        )

    def fills(self, gid: int, expr: int) -> list[Fill]:
        """What start-up is sure to store in what an expression of scope `gid` reads, if that is for good.

        So does the module that makes the application, in `app.state`. Its own variables are tested for what it has put
        there: `_client = None`.
        """
        return [
            fill
            for slot in self._inference.first_use.slot(gid, expr)
            for variable in self._variables(gid, slot)
            if variable[1] not in self._emptied
            for fill in self._fills.get(variable, ())
            if fill.is_sure
        ]

    # -- what runs

    def _runs(self, always: bool) -> frozenset[Run]:
        if always not in self._early:
            self._early[always] = self._run_early(always)
        return self._early[always]

    def _run_early(self, always: bool) -> frozenset[Run]:
        index = self._index
        scopes = (gid for gid in range(index.count) if index.scope(gid).kind == "module")
        modules = [(index.frame(gid), None) for gid in scopes if self._is_served(gid)]

        def stops(stop: Callable[[Frame, Edge], bool]) -> Callable[[Frame, Edge], bool]:
            return lambda caller, edge: stop(caller, edge) or (always and self._may_not_run(caller, edge))

        imported = self._contexts.flow(modules, stops(self._is_not_imported))
        roots = self._contexts.roots("startup")
        if always:
            roots += [(frame, None) for frame in (*self._before_servers, *self._given_lifespan)]
        started = self._contexts.flow(roots, stops(self._is_not_awaited))
        begun = self._contexts.flow([(frame, None) for frame in self._begun(started)], stops(self._is_not_awaited))
        return frozenset(_run(frame) for reached in (imported, started, begun) for frame in reached)

    def _may_not_run(self, caller: Frame, edge: Edge) -> bool:
        """Whether a caller may come by without taking a way; that which is taken the first time is taken then."""
        if not edge.certain or edge.selected:
            return True
        scope = self._index.scope(caller.gid)
        if edge.first_use or not 0 <= edge.event < len(scope.events):
            return False
        return bool(may_be_passed(scope, scope.events[edge.event].region))

    def _is_not_imported(self, caller: Frame, edge: Edge) -> bool:
        if edge.mode not in ("runs", "once"):
            return True
        scope = self._index.scope(caller.gid)
        regions = around(scope, scope.events[edge.event].region)
        return scope.kind == "module" and any(scope.regions[number].kind == "main" for number in regions)

    def _is_not_awaited(self, caller: Frame, edge: Edge) -> bool:
        """Whether start-up only lets something begin, or gets there when it is shutting down: after its `yield`."""
        if edge.mode == "task":
            return True
        return edge.event >= self._end(caller)

    def _end(self, frame: Frame) -> int:
        """The event at which a generator waits while the application runs; behind the last one of other functions."""
        events = self._index.scope(frame.gid).events
        first = next((number for number, event in enumerate(events) if event.kind == EventKind.YIELD), NONE)
        return first + 1 if first != NONE and self._is_suspended(frame) else sys.maxsize

    def _is_suspended(self, frame: Frame) -> bool:
        """Whether a generator waits at its `yield` while the application runs: a lifespan, or a part of one."""
        if any(frame == root for root, _ in self._contexts.roots("startup")):
            return True
        return self._inference.decorators.named(frame.gid, _MANAGERS) is not None

    @cached_property
    def _before_servers(self) -> list[Frame]:
        """What programs are sure to run before they start their server."""
        return [edge.callee for prefix in self._starts.prefixes for edge in self._edges_before(prefix)]

    @cached_property
    def _given_lifespan(self) -> list[Frame]:
        """Middleware of the ASGI kind that takes all scopes alike: the first one that a server sends is the lifespan's.

        See `starlette.applications.Starlette.__call__`: all scopes go through the stack of middleware.
        """
        derives = self._inference.classes.derives_from
        return [
            entry.frame
            for entry in self._contexts.entries
            if entry.kind == "middleware" and entry.frame is not None and entry.frame.scope.name == "__call__"
            if isinstance(entry.target, ClassV) and not derives(entry.target.gid, _BASE_HTTP)
            if Lit("type") not in entry.frame.scope.exprs
        ]

    def _edges_before(self, prefix: Prefix) -> Iterator[Edge]:
        scope = self._index.scope(prefix.frame.gid)
        passed = set(around(scope, scope.events[prefix.event].region))
        for edge in self._graph.node(prefix.frame).edges:
            if not 0 <= edge.event < prefix.event or edge.mode == "task" or not edge.certain or edge.selected:
                continue
            if edge.first_use or may_be_passed(scope, scope.events[edge.event].region) <= passed:
                yield edge

    def _begun(self, started: Iterable[Frame]) -> Iterator[Frame]:
        """What the tasks that start-up makes run before they first wait: no request comes in between."""
        for frame in started:
            for edge in self._graph.node(frame).edges:
                if edge.mode == "task" and edge.event < self._end(frame) and not self._may_not_run(frame, edge):
                    yield from self._first_steps(edge.callee, 0)

    def _first_steps(self, frame: Frame, hops: int) -> Iterator[Frame]:
        scope = self._index.scope(frame.gid)
        waits = (number for number, event in enumerate(scope.events) if event.pauses)
        end = next(waits, len(scope.events))
        for edge in self._graph.node(frame).edges:
            if edge.event > end or self._may_not_run(frame, edge):
                continue
            if edge.mode in ("runs", "once") and edge.event < end:
                yield edge.callee
            elif edge.mode == "coroutine" and hops < _MOST_STEPS and scope.events[edge.event].flag:
                yield from self._first_steps(edge.callee, hops + 1)

    # -- what is filled

    @cached_property
    def _filled(self) -> frozenset[Variable]:
        return frozenset(variable for variable, fills in self._fills.items() if any(fill.is_started for fill in fills))

    @cached_property
    def _fills(self) -> dict[Variable, list[Fill]]:
        """What is stored before the first request in any case."""
        found: dict[Variable, list[Fill]] = {}
        prefixes = {prefix.frame.gid: prefix for prefix in self._starts.prefixes}
        early = {gid for gid, _ in self._runs(always=True)}
        for gid in early | frozenset(prefixes):
            scope = self._index.scope(gid)
            frame = self._inference.plain_frame(gid)
            is_module = scope.kind == "module"
            end, passed = self._end(frame), set[int]()
            if gid not in early:
                end = prefixes[gid].event
                passed = set(around(scope, scope.events[end].region))
            for event in scope.events[:end]:
                if event.kind not in _SETS or _may_be_nothing(scope, event.value):
                    continue
                if is_module and not _is_of_own_object(scope, event):
                    continue
                if may_be_passed(scope, event.region) <= passed or self._fills_own(gid, event):
                    waits = scope.events[end - 1].region if end <= len(scope.events) else NONE
                    fill = Fill(frame, event.value, not is_module, not _may_fail(scope, event.region, waits))
                    for variable in self._stored(frame, event):
                        if not is_module or variable[0] == _APPLICATION:
                            found.setdefault(variable, []).append(fill)
        return found

    def _filled_with(self, gid: int, place: int) -> set[Variable]:
        """What a function fills that registers an entry point at `place`: in any case, or under the same conditions."""
        scope = self._index.scope(gid)
        if scope.kind != "function" or gid in {prefix.frame.gid for prefix in self._starts.prefixes}:
            return set()
        at = next((event.region for event in scope.events if event.place == place), 0)
        passed = [scope.regions[number] for number in around(scope, at)]
        found: set[Variable] = set()
        for event in scope.events:
            if event.kind in _SETS and not _may_be_nothing(scope, event.value):
                needed = [scope.regions[number] for number in may_be_passed(scope, event.region)]
                if all(any(_is_same_test(scope, one, other) for other in passed) for one in needed):
                    found.update(self._stored(self._inference.plain_frame(gid), event))
        return found

    def _fills_own(self, gid: int, event: Event) -> bool:
        """Whether a store fills what its own guard has found empty."""
        return self._inference.first_use.may_fill(gid, event.region, event.name)

    @cached_property
    def _emptied(self) -> frozenset[str]:
        """The names of what requests set to nothing."""
        found: set[str] = set()
        for gid in {frame.gid for frame in self._contexts.reached("request")}:
            scope = self._index.scope(gid)
            for event in scope.events:
                if event.kind in _SETS and scope.name != "__init__" and _is_nothing(scope, event.value):
                    found.add(event.name)
        return frozenset(found)

    def _stored(self, frame: Frame, event: Event) -> Iterator[Variable]:
        if event.kind == EventKind.REBIND:
            yield self._index.module(frame.gid).key, event.name
        else:
            yield from self._attribute(frame, event.expr, event.name)

    def _variables(self, gid: int, slot: Slot) -> Iterator[Variable]:
        if slot.key is not None:
            return  # which of a dictionary's items start-up fills is not kept
        if slot.expr == NONE:
            yield self._index.module(gid).key, slot.name
        else:
            at = slot.gid if slot.gid != NONE else gid
            yield from self._attribute(self._inference.plain_frame(at), slot.expr, slot.name)

    def _attribute(self, frame: Frame, base: int, name: str) -> Iterator[Variable]:
        """The variable that an attribute of a module, a class or `app.state` is."""
        node = self._index.scope(frame.gid).exprs[base]
        if isinstance(node, Attr) and node.name == "state" and self._inference.is_application(frame, node.base):
            yield _APPLICATION, name
        for value in self._inference.type(frame, base):
            if isinstance(value, ModuleV):
                yield value.path, name
            elif isinstance(value, ClassV):
                yield f"class {value.gid}", name


def _is_of_own_object(scope: Scope, event: Event) -> bool:
    """Whether a module stores something in an attribute of what it has made itself: `app.state.client = client`."""
    node = scope.exprs[event.expr] if event.kind == EventKind.STORE_ATTR else None
    made = scope.exprs[defined(scope, node.base)] if isinstance(node, Attr) else None
    return isinstance(made, Call)


def _may_fail(scope: Scope, region: int, waits: int) -> bool:
    """Whether the application may run though code has failed: in a `try` with handlers that is not around `waits`."""
    tries = [number for number in around(scope, region) if not within(scope, waits, (number,))]
    return any(handler.kind == "except" and handler.parent in tries for handler in scope.regions)


def _is_same_test(scope: Scope, one: Region, other: Region) -> bool:
    return one.kind == other.kind and NONE not in (one.expr, other.expr) and same(scope, one.expr, other.expr)


def _run(frame: Frame) -> Run:
    return frame.gid, frame.receiver.gid if isinstance(frame.receiver, InstanceV) else NONE


def _is_nothing(scope: Scope, value: int) -> bool:
    return value == NONE or scope.exprs[value] in (Lit(None), Lit(False))


def _may_be_nothing(scope: Scope, value: int) -> bool:
    """Whether a stored value is None or False, or may be: a parameter that nobody has tested, a name for None."""
    if _is_nothing(scope, value):
        return True
    node = scope.exprs[value]
    if not isinstance(node, Use):
        return isinstance(node, (Attr, Param, Var))
    if len(node.defs) == 1:
        return _may_be_nothing(scope, scope.defs[node.defs[0]].value)
    return any(
        not _is_replaced(scope, value, node) if isinstance(scope.exprs[value], Param) else _is_nothing(scope, value)
        for value in (scope.defs[number].value for number in node.defs)
    )


def _is_replaced(scope: Scope, parameter: int, node: Use) -> bool:
    """Whether another value stands for a parameter where a test says so: `if config is None: config = Config()`."""
    for definition in (scope.defs[number] for number in node.defs):
        for number in around(scope, definition.region) if definition.value != parameter else ():
            test = scope.regions[number].expr
            if test != NONE and parameter in parts(scope, test):
                return True
    return False
