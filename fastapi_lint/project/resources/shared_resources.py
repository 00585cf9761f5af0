"""Which clients, engines and pools are made once? Is there somebody to close them, and are they pools at all?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Comp,
    Enter,
    EventKind,
    Import,
    Lit,
    Map,
    ModuleFacts,
    Scope,
    Seq,
    Use,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.code.spelling import spelled
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.resources.module_names import ModuleNames
from fastapi_lint.project.resources.uses import Uses
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.shared.own_locks import aliases
from fastapi_lint.project.types.values import ClassV, ExternalV, ExtInstanceV, FunctionV, MethodV

_KINDS = frozenset({"http-client", "connection", "engine"})
_NO_POOLS = frozenset({"sqlalchemy.NullPool", "sqlalchemy.StaticPool", "sqlalchemy.SingletonThreadPool"})
_SERVERLESS = ("mangum", "awslambdaric", "zappa", "modal")
_THREADS = 40
_ENGINE = "sqlalchemy.Engine"
_SYNC_SESSIONS = ("sqlalchemy.orm.Session", "sqlalchemy.Connection")
_LIFECYCLE = frozenset({"lifespan", "startup"})
_ANYTHING = "builtins.object"


class Resource(msgspec.Struct, frozen=True):
    """A client, engine, pool or connection that is made once, by a call of scope `frame.gid`; `names` hold it."""

    frame: Frame
    call: LibraryCall
    type: str
    names: frozenset[str]


class WeakPool(msgspec.Struct, frozen=True):
    """`reason` is `class` (no pool at all), `one` (a pool of one) or `few` (fewer than the threads of `def` code)."""

    resource: Resource
    reason: str
    detail: str


class SharedResources:
    """What import and start-up make."""

    def __init__(self, graph: Graph, contexts: Contexts, names: ModuleNames) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._names = names
        self._uses = Uses(graph, contexts)

    @cached_property
    def found(self) -> tuple[Resource, ...]:
        """Each place once."""
        seen: dict[tuple[int, int], Resource] = {}
        served = self._contexts.reached("request")
        for frame in (*self._once(), *served):
            scope = self._index.scope(frame.gid)
            for call in self._graph.node(frame).calls:
                key = (frame.gid, call.place)
                if frame in served and not self._is_made_by_first_request(frame, call):
                    continue
                if call.spec.creates not in _KINDS or NONE in (call.place, call.expr) or key in seen:
                    continue
                if _is_main(scope, call.event) or not self._is_kept(scope, call.expr):
                    continue
                for value in self._inference.type(frame, call.expr):
                    if isinstance(value, ExtInstanceV):
                        seen[key] = Resource(frame, call, value.name, self._holders(scope, call.expr))
        return tuple(seen.values())

    def _is_made_by_first_request(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether a request makes it for all others: behind `if pool is None`, or in a function that is cached."""
        if self._inference.decorators.is_cached(frame.gid):
            return True
        scope = self._index.scope(frame.gid)
        region = scope.events[call.event].region
        if self._inference.first_use.of(frame, region) != "process":
            return False
        same = _same(scope, call.expr)
        kept = (EventKind.REBIND, EventKind.STORE_ATTR)
        return any(event.value in same and event.kind in kept for event in scope.events)

    def _once(self) -> list[Frame]:
        """Modules and their classes, what importing them runs, and start-up; not what requests run, too."""
        modules = [
            (self._index.frame(gid), None)
            for gid in range(self._index.count)
            if self._index.scope(gid).kind in ("module", "class")
        ]
        imported = self._contexts.flow(modules, lambda caller, edge: self._is_under_main(caller, edge.event))
        served = self._contexts.reached("request")
        found = dict.fromkeys([*imported, *self._contexts.reached("startup")])
        return [frame for frame in found if frame not in served and not self._is_of_middleware(frame)]

    def _is_of_middleware(self, frame: Frame) -> bool:
        """Whether only a middleware's constructor leads there: it has no shutdown of its own."""
        way = self._contexts.way_in(frame, self._contexts.reached("startup"))
        return bool(way) and way[0].entry is not None and _is_middleware(way[0].entry)

    def _is_kept(self, scope: Scope, expr: int) -> bool:
        """Whether more than a local name of a function holds the object."""
        if scope.kind != "function":
            return True
        same = _same(scope, expr)
        kept = (EventKind.RETURN, EventKind.YIELD, EventKind.ENTER)
        if any(event.value in same or (event.expr in same and event.kind in kept) for event in scope.events):
            return True
        for node in scope.exprs:
            if isinstance(node, Call) and not same.isdisjoint((*node.args, *(value for _, value in node.keywords))):
                return True
            if isinstance(node, (Comp, Map, Seq)) and not same.isdisjoint(_items(node)):
                return True
        return False

    def _is_under_main(self, caller: Frame, event: int) -> bool:
        return _is_main(self._index.scope(caller.gid), event)

    def _holders(self, scope: Scope, expr: int) -> frozenset[str]:
        """The names and attributes that hold the object."""
        same = _same(scope, expr)
        for number, node in enumerate(scope.exprs):
            if isinstance(node, Comp) and node.element in same:  # a container of them is closed by its name
                same |= _same(scope, number)
        found = {definition.name for definition in scope.defs if definition.value in same}
        for event in scope.events:
            if event.value in same and event.name:
                found.add(event.name)
            elif event.value in same and event.kind == EventKind.STORE_ITEM:
                found.update(spelled(scope, event.expr))
        for node in scope.exprs:
            if isinstance(node, Map):
                literals = [scope.exprs[key] if key != NONE else None for key in node.keys]
                for literal, value in zip(literals, node.values, strict=True):
                    if value in same and isinstance(literal, Lit):
                        found.add(str(literal.value))
        return frozenset(found)

    # -- closing

    def unclosed(self) -> Iterator[Resource]:
        """What somebody must close and nobody does, in projects that have a place for it."""
        for resource in self.found:
            closers = self._closers(resource.type)
            if not closers or self._is_owned(resource) or self._is_closed(resource, closers):
                continue
            if self._has_lifecycle:
                yield resource

    @cached_property
    def _has_lifecycle(self) -> bool:
        return any(entry.kind in _LIFECYCLE and not _is_middleware(entry) for entry in self._contexts.entries)

    def _closers(self, name: str) -> frozenset[str]:
        return frozenset(closer for kind in self._inference.libraries.catalogue.mro(name) for closer in kind.closed_by)

    def _is_owned(self, resource: Resource) -> bool:
        """Whether somebody else is in charge: a `with` block, or whoever the object is handed to."""
        scope = self._index.scope(resource.frame.gid)
        same = _same(scope, resource.call.expr)
        for event in scope.events:
            if event.kind == EventKind.ENTER and event.expr in same:
                return True
            if event.kind == EventKind.RETURN and event.expr in same:
                return self._is_factory(resource)
        for node in scope.exprs:
            if isinstance(node, Call):
                given = [*node.args, *(value for _, value in node.keywords)]
                if not same.isdisjoint(given) and self._takes_over(resource.frame, node):
                    return True
        return False

    def _is_factory(self, resource: Resource) -> bool:
        """What a function returns is judged by who gets it, if anybody ever closes one of these."""
        return resource.type in self._closed_types

    def _takes_over(self, frame: Frame, node: Call) -> bool:
        """A session factory does not close its engine; everything else may."""
        for value in self._inference.type(frame, node.func):
            if isinstance(value, ExternalV) and value.name.rpartition(".")[2] in ("async_sessionmaker", "sessionmaker"):
                return False
            if isinstance(value, (FunctionV, MethodV)):
                return True
        return True

    def _is_closed(self, resource: Resource, closers: frozenset[str]) -> bool:
        home = self._index.module(resource.frame.gid).base
        for module, names, kind, method in self._closings:
            if method not in closers and method != "with":
                continue
            if kind not in ("", _ANYTHING) and not self._related(kind, resource.type):
                continue
            if names & resource.names or (kind and not resource.names and kind != _ANYTHING):
                return True
            # a loop variable, a parameter, an attribute of somebody else
            if kind != _ANYTHING and not names & self._all_holders and (kind or module == home):
                return True
        return False

    def _related(self, one: str, other: str) -> bool:
        catalogue = self._inference.libraries.catalogue
        return catalogue.is_subtype(one, other) or catalogue.is_subtype(other, one)

    @cached_property
    def _all_holders(self) -> frozenset[str]:
        return frozenset(name for resource in self.found for name in resource.names)

    @cached_property
    def _closed_types(self) -> frozenset[str]:
        return frozenset(kind for _, _, kind, _ in self._closings if kind)

    @cached_property
    def _closings(self) -> list[tuple[int, frozenset[str], str, str]]:
        """Every `x.close`, called or handed over, and every `with x`: the module, names of x, its type, the method."""
        wanted = {
            closer
            for library in self._inference.libraries.catalogue.libraries
            for kind in library.type
            for closer in kind.closed_by
        }
        found: list[tuple[int, frozenset[str], str, str]] = []
        for gid in sorted({*self._index.reading(wanted), *self._index.doing(EventKind.ENTER)}):
            scope = self._index.scope(gid)
            closing = [(node.base, node.name) for node in scope.exprs if type(node) is Attr and node.name in wanted]
            closing += [
                (event.expr, "with")
                for event in scope.events
                if event.kind == EventKind.ENTER and type(scope.exprs[event.expr]) is not Call
            ]
            if closing and self._uses.may_run(gid):
                found += [one for expr, method in closing for one in self._closing(gid, expr, method)]
        return found

    def _closing(self, gid: int, expr: int, method: str) -> Iterator[tuple[int, frozenset[str], str, str]]:
        """For each type that it may be of; what is declared as an `object` may be anything."""
        types = self._inference.type(self._inference.plain_frame(gid), expr)
        kinds = dict.fromkeys(value.name for value in types if isinstance(value, ExtInstanceV)) or ("",)
        names = frozenset(_spellings(self._index.scope(gid), expr))
        for kind in kinds:
            yield self._index.module(gid).base, names, kind, method

    # -- pools

    def weak_pools(self) -> Iterator[WeakPool]:
        """Engines of the application that do not pool, or hardly."""
        for resource in self.found:
            scope = self._index.scope(resource.frame.gid)
            node = scope.exprs[resource.call.expr]
            if not isinstance(node, Call) or not self._serves(resource):
                continue
            name = self._pool_class(resource.frame, node)
            if name is not None and not self._is_right_without_pool(resource, scope, node):
                yield WeakPool(resource, "class", name.rpartition(".")[2])
                continue
            bound = self._bound(scope, node, resource.call.spec.pool) if name is None else None
            if bound == 1:
                yield WeakPool(resource, "one", "1")
            elif bound is not None and bound < _THREADS and resource.type == _ENGINE and self._has_sync_sessions:
                yield WeakPool(resource, "few", str(bound))

    def _serves(self, resource: Resource) -> bool:
        """Whether requests use it: by a name of its module, or because start-up made it."""
        gid = resource.frame.gid
        if self._index.scope(gid).kind != "module":
            return True
        return any(self._names.serves(gid, name) for name in resource.names)

    def _pool_class(self, frame: Frame, node: Call) -> str | None:
        given = self._inference.calls.argument(frame.gid, node, "poolclass")
        for value in self._inference.type(frame, given) if given != NONE else ():
            if isinstance(value, ExternalV) and value.name in _NO_POOLS:
                return value.name
        return None

    def _is_right_without_pool(self, resource: Resource, scope: Scope, node: Call) -> bool:
        """SQLite, a pooler before the database, a function as a service, a migration."""
        module = self._index.module(resource.frame.gid)
        if module.facts.names_pooler or self._is_serverless or _imports(module.facts, ("alembic",)):
            return True
        if _is_zero(scope, "statement_cache_size"):
            return True
        texts = [scope.exprs[argument] for argument in node.args[:1]]
        return any(isinstance(text, Lit) and str(text.value).startswith("sqlite") for text in texts)

    @cached_property
    def _is_serverless(self) -> bool:
        return any(_imports(module.facts, _SERVERLESS) for module in self._index.modules)

    @cached_property
    def _has_sync_sessions(self) -> bool:
        """Whether `def` endpoints or dependencies hold sessions or connections that a `def` dependency hands out."""
        served = self._contexts.reached("request")
        return any(
            edge.mode == "injected" and not frame.scope.is_async and self._hands_out_session(edge.callee)
            for frame in served
            for edge in self._graph.node(frame).edges
        )

    def _hands_out_session(self, frame: Frame) -> bool:
        scope = frame.scope
        if scope.is_async or not scope.is_generator:
            return False
        given = [e.expr for e in scope.events if e.kind == EventKind.YIELD and e.expr != NONE]
        kinds = [value for expr in given for value in self._inference.type(frame, expr)]
        return any(self._inference.libraries.is_a(value, name) for value in kinds for name in _SYNC_SESSIONS)

    def _bound(self, scope: Scope, node: Call, pool: dict[str, int] | None) -> int | None:
        """How many connections there may be, if the call says so in numbers."""
        if pool is None:
            return None
        given = {name: scope.exprs[value] for name, value in node.keywords if name in pool}
        sizes = [literal.value for literal in given.values() if isinstance(literal, Lit)]
        if not given or len(sizes) != len(given):
            return None
        if given.get(next(iter(pool))) == Lit(0):  # no limit
            return None
        total = sum(value for name, value in pool.items() if name not in given)
        for size in sizes:
            if not isinstance(size, int) or size < 0:
                return None
            total += size
        return total or None


def _imports(facts: ModuleFacts, roots: tuple[str, ...]) -> bool:
    """Whether a file imports one of these libraries."""
    return any(
        type(node) is Import and not node.level and node.module.split(".")[0] in roots
        for scope in facts.scopes
        for node in scope.exprs
    )


def _is_middleware(entry: EntryPoint) -> bool:
    return isinstance(entry.target, ClassV)


def _items(node: Comp | Map | Seq) -> tuple[int, ...]:
    if isinstance(node, Comp):
        return (node.element,)
    return node.values if isinstance(node, Map) else node.items


def _same(scope: Scope, expr: int) -> set[int]:
    """The created object, awaited or not, under all its local names."""
    same = aliases(scope, expr)
    for number, node in enumerate(scope.exprs):
        if isinstance(node, (Await, Enter)) and node.value in same:
            same |= aliases(scope, number)
    return same


def _is_main(scope: Scope, event: int) -> bool:
    region = scope.events[event].region if 0 <= event < len(scope.events) else NONE
    return stands_in(scope, region, "main")


def _spellings(scope: Scope, expr: int) -> list[str]:
    found = spelled(scope, expr)
    node = scope.exprs[expr]
    if isinstance(node, Use):
        for number in node.defs:
            value = scope.exprs[scope.defs[number].value]
            if isinstance(value, Import) and value.name:
                found.append(value.name)
    return found


def _is_zero(scope: Scope, name: str) -> bool:
    """Whether some dict or call in the scope sets `name` to 0: what a pooler in transaction mode asks for."""
    for node in scope.exprs:
        if isinstance(node, Call) and any(key.endswith(name) and scope.exprs[v] == Lit(0) for key, v in node.keywords):
            return True
        if isinstance(node, Map):
            for key, value in zip(node.keys, node.values, strict=True):
                text = scope.exprs[key] if key != NONE else None
                if isinstance(text, Lit) and str(text.value).endswith(name) and scope.exprs[value] == Lit(0):
                    return True
    return False
