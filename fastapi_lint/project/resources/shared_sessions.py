"""Which database sessions and connections do many requests, or many tasks of one request, use at once?"""

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
    Declared,
    Enter,
    EventKind,
    Expr,
    Lit,
    Map,
    Param,
    Scope,
    Seq,
    Star,
    Unpack,
    Use,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.resources.module_names import ModuleNames
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.shared.state import SharedState
from fastapi_lint.project.types.libraries import CONNECTIONS, SESSIONS
from fastapi_lint.project.types.values import ClassV, ExternalV, ExtInstanceV, InstanceV, PartialV, Type

_REGISTRIES = ("sqlalchemy.orm.scoped_session", "sqlalchemy.ext.asyncio.async_scoped_session")
_GATHERERS = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})


class SharedSession(msgspec.Struct, frozen=True):
    """A session or connection (`type`) that `holder` holds for all requests; `where` is what kind of holder.

    `driver` says that it is a connection of a database driver, not a session or connection of an ORM.
    """

    gid: int
    place: int
    type: str
    holder: str
    where: str
    driver: bool


class SharedSessions:
    """Looks at what modules, classes, `app.state` and shared objects hold, and at `gather`."""

    def __init__(
        self, graph: Graph, contexts: Contexts, requests: Reach, state: SharedState, names: ModuleNames
    ) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._requests = requests
        self._state = state
        self._names = names

    def find(self) -> Iterator[SharedSession]:
        """Each place once."""
        seen: set[tuple[int, int]] = set()
        held = (self._of_modules, self._of_classes, self._stored, self._yielded, self._cached, self._defaults)
        for found in (*(one for look in held for one in look()), *self._gathered()):
            key = (found.gid, found.place)
            if key not in seen and found.place != NONE:
                seen.add(key)
                yield found

    # -- what holds one

    def _of_modules(self) -> Iterator[SharedSession]:
        for module in self._index.modules:
            scope = module.facts.scopes[0]
            for name, numbers in scope.names.items():
                if not self._names.serves(module.base, name):
                    continue
                for number in numbers:
                    yield from self._held(module.base, scope.defs[number].value, name, "module level")
                    yield from self._given(module.base, scope.defs[number].value, name)
                for site in self._index.rebinds.get((module.base, name), ()):
                    if not self._runs_per_request(site.gid) or self._is_made_once(site.gid, site.expr):
                        yield from self._held(site.gid, site.expr, name, "module level")

    def _is_made_once(self, gid: int, expr: int) -> bool:
        """Whether request code assigns it only where it finds nothing there."""
        events = self._index.scope(gid).events
        return any(e.value == expr and self._inference.first_use.at(gid, e.region) == "process" for e in events)

    def _given(self, gid: int, expr: int, name: str) -> Iterator[SharedSession]:
        """What the constructor of a shared object is given and keeps: `users = Users(make_session())`."""
        scope = self._index.scope(gid)
        made = self._made(scope, expr)
        frame = self._inference.plain_frame(gid)
        for value in self._inference.type(frame, expr) if made is not None else ():
            if made is None or not isinstance(value, InstanceV):
                continue
            for argument in (*made.args, *(given for _, given in made.keywords)):
                if self._is_kept(value, self._inference.type(frame, argument)):
                    yield from self._held(gid, argument, name, "an object that all requests share")

    def _is_kept(self, owner: InstanceV, given: Type) -> bool:
        """Whether the constructor stores a parameter of this type in the object."""
        if not any(self._kind(value) for value in given):
            return False
        init = self._inference.classes.find_method(owner.gid, "__init__")
        if init is None:
            return False
        frame = self._inference.classes.frame_of(init.gid, owner)
        scope = self._index.scope(init.gid)
        return any(
            event.kind == EventKind.STORE_ATTR
            and is_receiver(scope, event.expr)
            and any(value in given for value in self._inference.type(frame, event.value))
            for event in scope.events
            if event.value != NONE
        )

    def _of_classes(self) -> Iterator[SharedSession]:
        for gid in range(self._index.count):
            scope = self._index.scope(gid)
            if scope.kind == "class" and self._is_used(gid):
                for definition in scope.defs:
                    holder = f"{scope.name}.{definition.name}"
                    yield from self._held(gid, definition.value, holder, "class level")

    def _stored(self) -> Iterator[SharedSession]:
        """`app.state.session = ...` at start-up, and `self.session = ...` in the constructor of a shared object."""
        shared = self._shared_classes()
        for gid in self._index.doing(EventKind.STORE_ATTR):
            scope = self._index.scope(gid)
            if self._runs_per_request(gid):
                continue
            owner = self._index.class_of(gid)
            for event in scope.events:
                if event.kind != EventKind.STORE_ATTR or event.value == NONE or self._made(scope, event.value) is None:
                    continue
                if scope.name == "__init__" and owner in shared and is_receiver(scope, event.expr):
                    holder = f"{self._index.scope(owner).name}.{event.name}"
                    yield from self._held(gid, event.value, holder, "an object that all requests share")
                elif not is_receiver(scope, event.expr):
                    found = self._state.slot(self._inference.plain_frame(gid), event.expr, event.name)
                    if found is not None:
                        yield from self._held(gid, event.value, found.name, found.where)
                        yield from self._given(gid, event.value, found.name)

    def _yielded(self) -> Iterator[SharedSession]:
        """What the lifespan yields: `request.state` has it in every request."""
        for frame, _ in self._contexts.roots("startup"):
            scope = self._index.scope(frame.gid)
            for event in scope.events:
                node = scope.exprs[event.expr] if event.kind == EventKind.YIELD and event.expr != NONE else None
                for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, Map) else ():
                    name = scope.exprs[key] if key != NONE else None
                    if isinstance(name, Lit):
                        yield from self._held(frame.gid, value, f"request.state.{name.value}", "state of the lifespan")

    def _cached(self) -> Iterator[SharedSession]:
        """What a cached function returns."""
        for gid in sorted(self._per_request):
            scope = self._index.scope(gid)
            if scope.decorators and not scope.is_async and self._inference.decorators.is_cached(gid):
                for expr in self._inference.names.returns(gid):
                    yield from self._held(gid, expr, f"{scope.name}()", "kept by a cache")

    def _defaults(self) -> Iterator[SharedSession]:
        """Default arguments, which Python evaluates once."""
        for gid in sorted(self._per_request):
            scope = self._index.scope(gid)
            for parameter in scope.params:
                if parameter.default != NONE:
                    name = f"{scope.name}({parameter.name}=...)"
                    yield from self._held(self._index.parent(gid), parameter.default, name, "a default argument")

    def _shared_classes(self) -> frozenset[int]:
        """Classes with an instance at module level that requests use, or in `app.state`."""
        found: set[int] = set()
        for module in self._index.modules:
            scope = module.facts.scopes[0]
            frame = self._index.frame(module.base)
            for name, numbers in scope.names.items():
                if self._names.serves(module.base, name):
                    values = [self._inference.type(frame, scope.defs[number].value) for number in numbers]
                    found.update(value.gid for kind in values for value in kind if isinstance(value, InstanceV))
        for frame in self._contexts.reached("startup"):
            scope = self._index.scope(frame.gid)
            for event in scope.events:
                if event.kind == EventKind.STORE_ATTR and event.value != NONE:
                    if self._state.slot(frame, event.expr, event.name) is not None:
                        kind = self._inference.type(frame, event.value)
                        found.update(value.gid for value in kind if isinstance(value, InstanceV))
        return frozenset(found)

    def _is_used(self, gid: int) -> bool:
        """Whether request handling uses the class: one of its methods runs, or its name stands somewhere."""
        module = self._index.module(gid).base
        if self._names.serves(module, self._index.scope(gid).name):
            return True
        return gid in self._receivers

    @cached_property
    def _receivers(self) -> frozenset[int]:
        return frozenset(f.receiver.gid for f in self._requests.frames if isinstance(f.receiver, (InstanceV, ClassV)))

    def _runs_per_request(self, gid: int) -> bool:
        return gid in self._per_request

    @cached_property
    def _per_request(self) -> frozenset[int]:
        return frozenset(frame.gid for frame in self._requests.frames)

    def _held(self, gid: int, expr: int, holder: str, where: str) -> Iterator[SharedSession]:
        frame = self._inference.plain_frame(gid)
        made = self._made(self._index.scope(gid), expr)
        if made is None:
            return
        for value in self._inference.type(frame, expr):
            kind = self._kind(value)
            if kind is not None:
                yield SharedSession(gid, made.place, kind[0], holder, where, kind[1])
                return

    def _made(self, scope: Scope, expr: int, hops: int = 0) -> Call | None:
        """The call that makes it; a parameter or an import is made elsewhere."""
        node: Expr = scope.exprs[expr]
        if type(node) is Call:
            return node
        if hops < 6 and isinstance(node, (Await, Declared, Enter, Unpack)) and node.value != NONE:
            return self._made(scope, node.value, hops + 1)
        if hops < 6 and type(node) is Use and len(node.defs) == 1:
            return self._made(scope, scope.defs[node.defs[0]].value, hops + 1)
        return None

    def _kind(self, value: object) -> tuple[str, bool] | None:
        libraries = self._inference.libraries
        if not isinstance(value, ExtInstanceV) or any(libraries.is_a(value, name) for name in _REGISTRIES):
            return None
        if any(libraries.is_a(value, name) for name in SESSIONS):
            return value.name, False
        return (value.name, True) if any(libraries.is_a(value, name) for name in CONNECTIONS) else None

    # -- tasks of one request

    def _gathered(self) -> Iterator[SharedSession]:
        for frame in self._requests.frames:
            scope = self._index.scope(frame.gid)
            for event in scope.events:
                node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
                if type(node) is not Call or not node.args or not self._is_gather(frame, node):
                    continue
                for used in self._used_twice(scope, node):
                    for value in self._inference.type(frame, used):
                        kind = self._kind(value)
                        if kind is not None:
                            name = _name(scope, used)
                            yield SharedSession(frame.gid, event.place, kind[0], name, "tasks", kind[1])
                            break

    def _is_gather(self, frame: Frame, node: Call) -> bool:
        called = self._inference.type(frame, node.func)
        functions = (value.function if type(value) is PartialV else value for value in called)
        return any(type(value) is ExternalV and value.name in _GATHERERS for value in functions)

    def _used_twice(self, scope: Scope, node: Call) -> list[int]:
        """Local objects that several of the awaited calls are given, or whose methods they are."""
        found: dict[tuple[int, ...], list[int]] = {}
        for argument in node.args:
            inner, times = self._element(scope, argument)
            call = scope.exprs[inner] if inner != NONE else None
            if not isinstance(call, Call):
                continue
            func = scope.exprs[call.func]
            given = [*call.args, *(value for _, value in call.keywords)]
            for part in [*given, *([func.base] if isinstance(func, Attr) else [])]:
                used = scope.exprs[part]
                if isinstance(used, Use) and (times == 1 or not _is_of_loop(scope, used)):
                    found.setdefault(used.defs, []).extend([part] * times)
        return [parts[0] for parts in found.values() if len(parts) > 1]

    def _element(self, scope: Scope, argument: int) -> tuple[int, int]:
        """The call behind an argument, and whether there is one of it (1) or many (2)."""
        node = scope.exprs[argument]
        if isinstance(node, Star):
            inner, _ = self._element(scope, node.value)
            return inner, 2
        if isinstance(node, Comp):
            return node.element, 2
        if isinstance(node, Use) and len(node.defs) == 1:
            return self._element(scope, scope.defs[node.defs[0]].value)
        if isinstance(node, Seq) and node.items:
            return node.items[0], 2 if len(node.items) > 1 else 1
        return argument, 1


def _is_of_loop(scope: Scope, used: Use) -> bool:
    """Whether a name is bound anew in each pass: each task has one of its own."""
    return any(
        scope.regions[scope.defs[number].region].kind in ("loop", "genexpr")
        and not isinstance(scope.exprs[scope.defs[number].value], Param)
        for number in used.defs
    )


def _name(scope: Scope, expr: int) -> str:
    node = scope.exprs[expr]
    return scope.defs[node.defs[0]].name if isinstance(node, Use) else "session"
