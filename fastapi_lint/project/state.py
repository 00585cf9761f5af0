"""Which state do requests share, and who changes it?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Call,
    Comp,
    Declared,
    Event,
    EventKind,
    Free,
    Map,
    Opaque,
    Param,
    Seq,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.contexts import Arrival, Contexts
from fastapi_lint.project.graph import Graph
from fastapi_lint.project.index import Frame
from fastapi_lint.project.inference import STATE
from fastapi_lint.project.injection import Injection
from fastapi_lint.project.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    InstanceV,
    ModuleV,
    Type,
)

_CONTAINERS = frozenset(
    {
        "builtins.list",
        "builtins.dict",
        "builtins.set",
        "collections.defaultdict",
        "collections.OrderedDict",
        "collections.deque",
        "collections.Counter",
    }
)
_MUTATORS = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    }
)


_MOST_HOPS = 12


class Mutation(msgspec.Struct, frozen=True):
    """A statement that changes `name`, which lives at `where` (`module level`, `class level` or `app.state`)."""

    frame: Frame
    event: int
    place: int
    name: str
    where: str
    way: tuple[Arrival, ...]


class _State(msgspec.Struct, frozen=True):
    name: str
    where: str


class SharedState:
    """Module-level and class-level objects, and `app.state`."""

    def __init__(self, graph: Graph, contexts: Contexts) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._injection = Injection(graph.inference)

    def mutations(self) -> Iterator[Mutation]:
        """Each place once, with the nearest way in from request handling."""
        reached = self._contexts.reached("request")
        seen: set[tuple[int, int]] = set()
        for frame in reached:
            scope = self._index.scope(frame.gid)
            for number, event in enumerate(scope.events):
                if event.place == NONE or (frame.gid, event.place) in seen:
                    continue
                state = self._changed(frame, event)
                if state is not None:
                    seen.add((frame.gid, event.place))
                    way = tuple(self._contexts.way_in(frame, reached))
                    yield Mutation(frame, number, event.place, state.name, state.where, way)

    def _changed(self, frame: Frame, event: Event) -> _State | None:
        if event.kind == EventKind.STORE_ITEM:
            return self._container(frame, event.expr)
        if event.kind == EventKind.STORE_ATTR:
            return self._attribute_set(frame, event)
        if event.kind == EventKind.CALL:
            node = self._index.scope(frame.gid).exprs[event.expr]
            func = self._index.scope(frame.gid).exprs[node.func] if isinstance(node, Call) else None
            if isinstance(func, Attr) and func.name in _MUTATORS:
                return self._container(frame, func.base)
        return None

    def _container(self, frame: Frame, expr: int) -> _State | None:
        """The shared container that an expression is, or is an item of."""
        kind = self._inference.type(frame, expr)
        if not any(isinstance(value, ExtInstanceV) and value.name in _CONTAINERS for value in kind):
            return None
        return self._origin(frame, expr)

    def _origin(self, frame: Frame, expr: int, hops: int = 0) -> _State | None:
        """Where the object that an expression gives lives, if requests share it."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if hops > _MOST_HOPS:
            return None
        if isinstance(node, Use) and len(node.defs) == 1:  # a local name for it
            return self._origin(frame, scope.defs[node.defs[0]].value, hops + 1)
        if isinstance(node, Var):
            return self._module_variable(frame, node)
        if isinstance(node, Free):
            return _State(node.name, "module level") if self._inference.type(frame, expr) else None
        if isinstance(node, Sub):
            is_slice = scope.exprs[node.index] == Opaque("slice")
            return None if is_slice else self._origin(frame, node.base, hops + 1)
        if isinstance(node, Attr):
            return self._attribute(frame, node, hops)
        if isinstance(node, Call):
            return self._handed_out(self._inference.type(frame, node.func), hops)
        if isinstance(node, Param):
            return self._injected(frame, node, hops)
        return None

    def _handed_out(self, functions: Type, hops: int) -> _State | None:
        """What a getter returns, if it is the shared object itself."""
        for function in self._inference.functions(functions):
            inner = self._inference.binding.frame_of(function)
            returned = self._inference.names.returns(inner.gid)
            found = [self._origin(inner, expr, hops + 1) for expr in returned]
            if found and all(state is not None for state in found):
                return found[0]
        return None

    def _injected(self, frame: Frame, node: Param, hops: int) -> _State | None:
        parameter = self._index.scope(frame.gid).params[node.index]
        outer = self._inference.binding.outer(frame)
        for expr in (parameter.default, parameter.annotation):
            for dependency, _ in self._injection.dependencies(outer, expr, parameter.annotation):
                found = self._handed_out(dependency, hops)
                if found is not None:
                    return found
        return None

    def _module_variable(self, frame: Frame, node: Var) -> _State | None:
        owner = self._index.local(frame.gid, node.scope)
        if self._index.scope(owner).kind != "module":
            return None
        return _State(node.name, "module level")

    def _attribute(self, frame: Frame, node: Attr, hops: int) -> _State | None:
        for value in self._inference.type(frame, node.base):
            if isinstance(value, ModuleV):
                return _State(node.name, "module level")
            if isinstance(value, ExtInstanceV) and value.name == STATE and self._is_app_state(frame, node.base):
                return _State(f"app.state.{node.name}", "app.state")
            if isinstance(value, (ClassV, InstanceV)) and self._is_class_level(value, node.name):
                return _State(f"{self._index.scope(value.gid).name}.{node.name}", "class level")
            if isinstance(value, InstanceV):
                owner = self._origin(frame, node.base, hops + 1)
                if owner is not None:
                    return _State(f"{owner.name}.{node.name}", owner.where)
        return None

    def _is_app_state(self, frame: Frame, expr: int) -> bool:
        """Whether a `State` is that of the app, not of one request; local names are followed."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            return self._is_app_state(frame, scope.defs[node.defs[0]].value)
        if not isinstance(node, Attr):
            return False
        owners = self._inference.type(frame, node.base)
        return any(self._inference.libraries.is_a(owner, "starlette.applications.Starlette") for owner in owners)

    def _is_class_level(self, value: ClassV | InstanceV, name: str) -> bool:
        """Whether the attribute lives in the class itself and no method gives each instance its own."""
        classes = self._inference.classes
        if isinstance(value, InstanceV) and classes.stored(value.gid, name):
            return False
        for entry in classes.mro(value.gid):
            if isinstance(entry, int) and name in self._index.scope(entry).names:
                # pydantic copies defaults for each instance
                models = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel")
                if any(classes.derives_from(entry, model) for model in models):
                    return False
                return self._holds_container(entry, name)
        return False

    def _holds_container(self, owner: int, name: str) -> bool:
        """Whether the class body itself makes a container: a declared field or a descriptor makes one per instance."""
        scope = self._index.scope(owner)
        return any(self._makes_container(Frame(owner), scope.defs[n].value) for n in scope.names.get(name, ()))

    def _makes_container(self, frame: Frame, expr: int) -> bool:
        node = self._index.scope(frame.gid).exprs[expr]
        if isinstance(node, Declared):
            return node.value != NONE and self._makes_container(frame, node.value)
        if isinstance(node, Call):
            made = self._inference.type(frame, node.func)
            return any(isinstance(value, ExternalV) and value.name in _CONTAINERS for value in made)
        return isinstance(node, (Map, Comp)) or (isinstance(node, Seq) and node.kind != "tuple")

    def _attribute_set(self, frame: Frame, event: Event) -> _State | None:
        """An attribute set on `app.state`, on a class, on a module, or on an object that requests share."""
        for value in self._inference.type(frame, event.expr):
            if isinstance(value, ExtInstanceV) and value.name == STATE and self._is_app_state(frame, event.expr):
                return _State(f"app.state.{event.name}", "app.state")
            if isinstance(value, ClassV):
                return _State(f"{self._index.scope(value.gid).name}.{event.name}", "class level")
            if isinstance(value, ModuleV):
                return _State(event.name, "module level")
            if isinstance(value, InstanceV):
                owner = self._origin(frame, event.expr)
                if owner is not None:
                    return _State(f"{owner.name}.{event.name}", owner.where)
        return None
