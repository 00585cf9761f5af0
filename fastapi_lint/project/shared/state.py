"""Which state do requests share? Where does an object live that an expression gives?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Declared,
    Event,
    EventKind,
    Expr,
    Free,
    Import,
    Lit,
    Map,
    Opaque,
    Param,
    Seq,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names, is_receiver
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.shared.class_attributes import ClassAttributes
from fastapi_lint.project.shared.containers import CONTAINERS, MUTATORS
from fastapi_lint.project.shared.handed_methods import HandedMethods
from fastapi_lint.project.shared.named_calls import NamedCalls
from fastapi_lint.project.shared.proxies import Proxies
from fastapi_lint.project.types.inference import STATE
from fastapi_lint.project.types.values import (
    ClassV,
    ExtInstanceV,
    InstanceV,
    ModuleV,
    PropertyV,
    Type,
)

LOCKS = frozenset(
    {
        "threading.Lock",
        "threading.Semaphore",
        "threading.Condition",
        "asyncio.Lock",
        "anyio.Lock",
        "anyio.Semaphore",
    }
)
_CHANGING = frozenset({EventKind.CALL, EventKind.REBIND, EventKind.STORE_ATTR, EventKind.STORE_ITEM})
"""The kinds of events that may change what is shared."""
_GETTERS = frozenset({"get", "setdefault"})
_MOST_HOPS = 12


class State(msgspec.Struct, frozen=True):
    """Something that requests share: what messages call it, and where it lives (`module level`, `app.state`, ...).

    `held` says that an object holds it and a method of the object's own class got at it, `proxy` that all worker
    processes share it, too.
    """

    name: str
    where: str
    held: bool = False
    proxy: bool = False


class SharedState:
    """Module-level and class-level objects, `app.state`, objects that live there, and what they hold.

    `sharers` are the callers of a frame that were found first to hand over what is shared.
    """

    def __init__(self, graph: Graph, contexts: Contexts, requests: Reach) -> None:
        self._graph = graph
        self._contexts = contexts
        self._index = graph.index
        self._inference = graph.inference
        self._requests = requests
        self._injection = Injection(graph.inference)
        self._attributes = ClassAttributes(graph.inference)
        self._proxies = Proxies(graph.inference)
        self._handed = HandedMethods(graph, requests)
        self._calls = NamedCalls(graph.inference)
        self._known: dict[tuple[Frame, int], State | None] = {}
        self._receivers: dict[Frame, State | None] = {}
        self.sharers: dict[Frame, list[tuple[Frame, Edge]]] = {}
        self._shared_at: dict[Frame, int] = {}

    def changed(self, frame: Frame, event: Event) -> State | None:
        """The shared state that an event changes."""
        if event.kind not in _CHANGING:
            return None
        if event.kind == EventKind.STORE_ITEM:
            return self.container(frame, event.expr)
        if event.kind == EventKind.STORE_ATTR:
            return self.slot(frame, event.expr, event.name)
        if event.kind == EventKind.REBIND:
            return self._rebound(frame, event)
        node = frame.scope.exprs[event.expr]
        func = frame.scope.exprs[node.func] if type(node) is Call else None
        return self.container(frame, func.base) if type(func) is Attr and func.name in MUTATORS else None

    def all_sharers(self, frame: Frame) -> Iterator[tuple[Frame, Edge]]:
        """All callers that hand over what is shared where one of them was found to."""
        number = self._shared_at.get(frame)
        for caller, edge in self._requests.callers(frame) if number is not None else ():
            if self._handed_over_by(frame, caller, edge, number or 0) or self._imports(caller, edge):
                yield caller, edge

    def _imports(self, caller: Frame, edge: Edge) -> bool:
        """Whether a caller imports, itself, the object of a module whose method it calls."""
        call = self._calls.itself(caller, edge)
        func = caller.scope.exprs[call.func] if call is not None else None
        made = behind_names(caller.scope, func.base) if isinstance(func, Attr) else NONE
        if made == NONE or not isinstance(caller.scope.exprs[made], Import):
            return False
        return any(isinstance(value, InstanceV) for value in self._inference.type(caller, made))

    def shared_parameter(self, frame: Frame) -> int:
        """The parameter for which a caller was found to hand over what is shared, or NONE."""
        return self._shared_at.get(frame, NONE)

    def handed(self, frame: Frame, number: int, caller: Frame, edge: Edge) -> int:
        """The expression, behind local names, that a call gives for a parameter, the receiver included, or NONE."""
        call = self._calls.itself(caller, edge)
        if call is None:
            return NONE
        func, parameter = caller.scope.exprs[call.func], frame.scope.params[number]
        given = func.base if isinstance(func, Attr) else NONE
        if not self._is_own_receiver(frame, number):
            skip = int(self._is_own_receiver(frame, 0))
            given = argument_at(caller.scope, call, number - skip, parameter.name, parameter.kind)
        return behind_names(caller.scope, given) if given != NONE else NONE

    def container(self, frame: Frame, expr: int) -> State | None:
        """The shared container that an expression is, or is an item of."""
        kind = self._inference.type(frame, expr)
        if not any(isinstance(value, ExtInstanceV) and value.name in CONTAINERS for value in kind):
            return None
        return self.origin(frame, expr)

    def origin(self, frame: Frame, expr: int, hops: int = 0) -> State | None:
        """Where the object that an expression gives lives, if requests share it."""
        if hops > _MOST_HOPS:
            return None
        key = (frame, expr)
        if key not in self._known:
            self._known[key] = None  # what depends on itself is not known to be shared
            self._known[key] = self._origin(frame, self._index.scope(frame.gid).exprs[expr], expr, hops + 1)
        return self._known[key]

    def _origin(self, frame: Frame, node: Expr, expr: int, hops: int) -> State | None:
        scope = self._index.scope(frame.gid)
        if type(node) is Use and len(node.defs) == 1:  # a local name for it
            return self.origin(frame, scope.defs[node.defs[0]].value, hops)
        if isinstance(node, (Await, Declared)) and node.value != NONE:
            return self.origin(frame, node.value, hops)
        if type(node) is Choice:  # `store or {}`
            items = [item for item in node.items if not isinstance(scope.exprs[item], (Lit, Map, Seq))]
            found = [self.origin(frame, item, hops) for item in items]
            return found[0] if found and all(state is not None for state in found) else None
        if type(node) is Var:
            return self._variable(frame, node, hops)
        if type(node) is Free:
            return State(node.name, "module level") if self._inference.type(frame, expr) else None
        if type(node) is Sub:
            return self._item(frame, node, hops)
        if type(node) is Attr:
            return self._attribute(frame, node, hops)
        if type(node) is Call:
            return self._called(frame, node, hops)
        return self._parameter(frame, node, hops) if type(node) is Param else None

    def _item(self, frame: Frame, node: Sub, hops: int) -> State | None:
        if self._index.scope(frame.gid).exprs[node.index] == Opaque("slice"):
            return None
        objects = self._inference.type(frame, node.base)
        if any(isinstance(one, InstanceV) and self._attributes.gives_own_items(one) for one in objects):
            return None
        return self.origin(frame, node.base, hops)

    # -- names

    def _variable(self, frame: Frame, node: Var, hops: int) -> State | None:
        owner = self._index.local(frame.gid, node.scope)
        return self._in_scope(owner, node.name) or self._receiver_around(frame, owner, node.name, hops)

    def _receiver_around(self, frame: Frame, owner: int, name: str, hops: int) -> State | None:
        """The object whose method made a function, as that calls it: `self` inside of `def release()`."""
        if self._index.class_of(owner) == NONE or not self._is_name_of_receiver(owner, name):
            return None
        outer = frame
        while outer.gid != owner:
            outer = self._inference.binding.outer(outer)
        return self._receiver(outer, hops)

    def _in_scope(self, owner: int, name: str) -> State | None:
        """A variable of a module, or of a function that no request runs: an application factory."""
        kind = self._index.scope(owner).kind
        if kind == "module":
            return State(name, "module level", proxy=self._proxies.is_proxy(owner, name))
        if kind == "function" and not self._runs_per_request(owner):
            holder = self._index.class_of(owner)
            if holder != NONE and self._is_name_of_receiver(owner, name):
                return State(name, f"an attribute of `{self._index.name(holder)}`")
            return State(name, f"a variable of `{self._index.name(owner)}`")
        return None

    def _is_name_of_receiver(self, gid: int, name: str) -> bool:
        scope = self._index.scope(gid)
        values = [scope.exprs[scope.defs[number].value] for number in scope.names.get(name, ())]
        return values == [Param(0)] and self._is_own_receiver(self._inference.plain_frame(gid), 0)

    def _runs_per_request(self, gid: int) -> bool:
        """Whether a request runs a function, or a coroutine does of which nobody says when it runs: a handler.

        What registers routes makes the application, whoever calls it.
        """
        if gid in self._request_gids:
            return True
        makes_application = gid in self._registering or "startup" in self._contexts.categories(gid)
        return not makes_application and self._contexts.is_of_handlers(gid)

    @cached_property
    def _registering(self) -> frozenset[int]:
        return frozenset(entry.gid for entry in self._contexts.entries)

    @cached_property
    def _request_gids(self) -> frozenset[int]:
        return frozenset(frame.gid for frame in self._requests.frames)

    def _rebound(self, frame: Frame, event: Event) -> State | None:
        """What a `global` or `nonlocal` statement lets the function assign."""
        owner = self._index.parent(frame.gid)
        module = self._index.module(frame.gid).base
        while owner != NONE:
            sites = self._index.rebinds.get((owner, event.name), ())
            if any(site.gid == frame.gid and site.expr == event.value for site in sites):
                return self._in_scope(owner, event.name)
            owner = self._index.parent(owner) if owner != module else NONE
        return None

    # -- calls

    def _called(self, frame: Frame, node: Call, hops: int) -> State | None:
        scope = self._index.scope(frame.gid)
        func = scope.exprs[node.func]
        if isinstance(func, Attr) and func.name in _GETTERS:  # an item of a shared container
            kind = self._inference.type(frame, func.base)
            if any(isinstance(value, ExtInstanceV) and value.name in CONTAINERS for value in kind):
                return self.origin(frame, func.base, hops)
        return self._handed_out(self._inference.type(frame, node.func), hops)

    def _handed_out(self, functions: Type, hops: int) -> State | None:
        """What a getter returns, if it is the shared object itself."""
        for function in self._inference.functions(functions):
            inner = self._inference.binding.frame_of(function)
            if self._inference.decorators.is_cached(inner.gid):
                return State(f"{self._index.scope(inner.gid).name}()", "kept by a cache")
            returned = self._inference.names.returns(inner.gid)
            found = [self.origin(inner, expr, hops) for expr in returned]
            if found and all(state is not None for state in found):
                return found[0]
        return None

    # -- parameters

    def _parameter(self, frame: Frame, node: Param, hops: int) -> State | None:
        if self._is_own_receiver(frame, node.index):
            return self._receiver(frame, hops)
        return self._injected(frame, node, hops) or self._passed(frame, node, hops)

    def _is_own_receiver(self, frame: Frame, number: int) -> bool:
        if number or self._index.class_of(frame.gid) == NONE:
            return False
        return self._inference.decorators.method_kind(frame.gid) == "instance"

    def _injected(self, frame: Frame, node: Param, hops: int) -> State | None:
        parameter = self._index.scope(frame.gid).params[node.index]
        outer = self._inference.binding.outer(frame)
        for expr in (parameter.default, parameter.annotation):
            for dependency, _ in self._injection.dependencies(outer, expr, parameter.annotation):
                found = self._handed_out(dependency, hops)
                if found is not None:
                    return found
        return None

    def _passed(self, frame: Frame, node: Param, hops: int) -> State | None:
        """What a caller on a request's way passes."""
        for caller, edge in self._requests.callers(frame):
            found = self._passed_by(frame, caller, edge, node.index, hops)
            if found is not None:
                self._note_sharer(frame, caller, edge, node.index)
                return found
        return None

    def _passed_by(self, frame: Frame, caller: Frame, edge: Edge, number: int, hops: int) -> State | None:
        parameter = self._index.scope(frame.gid).params[number]
        is_method = self._index.class_of(frame.gid) != NONE
        skip = int(is_method and self._inference.decorators.method_kind(frame.gid) != "static")
        for at, call in self._calls.of(caller, edge):
            given = argument_at(at.scope, call, number - skip, parameter.name, parameter.kind)
            found = self.origin(at, given, hops) if given != NONE else None
            if found is not None:
                return found
        return None

    def _note_sharer(self, frame: Frame, caller: Frame, edge: Edge, number: int) -> None:
        self.sharers.setdefault(frame, []).append((caller, edge))
        self._shared_at.setdefault(frame, number)

    def _handed_over_by(self, frame: Frame, caller: Frame, edge: Edge, number: int) -> State | None:
        """What a caller hands over for a parameter, if requests share it."""
        if self._is_own_receiver(frame, number):
            return self._receiver_of(caller, edge, 0)
        return self._passed_by(frame, caller, edge, number, 0)

    def _receiver(self, frame: Frame, hops: int) -> State | None:
        """The object whose method runs, if requests share it. A constructor's is new."""
        name = self._index.scope(frame.gid).name
        if name in ("__init__", "__new__", "__post_init__") or not self._is_own_receiver(frame, 0):
            return None
        if frame not in self._receivers:
            self._receivers[frame] = None
            self._receivers[frame] = self._shared_receiver(frame, hops)
        return self._receivers[frame]

    def _shared_receiver(self, frame: Frame, hops: int) -> State | None:
        for entry in self._requests.entry_of(frame):
            made_once = isinstance(entry.target, InstanceV) or entry.kind == "middleware"
            if made_once and self._index.class_of(frame.gid) != NONE and isinstance(frame.receiver, InstanceV):
                return State(self._index.scope(frame.receiver.gid).name, f"the {entry.kind} is one object", held=True)
        for caller, edge in self._requests.callers(frame):
            found = self._receiver_of(caller, edge, hops)
            if found is not None:
                self._note_sharer(frame, caller, edge, 0)
                return found
        handed = (self._called_on(giver, base, hops) for giver, base in self._handed.receivers(frame))
        return next((state for state in handed if state is not None), None)

    def _receiver_of(self, caller: Frame, edge: Edge, hops: int) -> State | None:
        """The object of whose method an edge is a call, if requests share it."""
        call = self._calls.itself(caller, edge)
        func = caller.scope.exprs[call.func] if call is not None else None
        return self._called_on(caller, func.base, hops) if isinstance(func, Attr) else None

    def _called_on(self, caller: Frame, base: int, hops: int) -> State | None:
        """The object on which a function calls a method, as that method has it."""
        if not any(isinstance(value, InstanceV) for value in self._inference.type(caller, base)):
            return None
        if is_receiver(caller.scope, base) and self._is_own_receiver(caller, 0):
            found = self._receiver(caller, hops)
        else:
            found = self.origin(caller, base, hops)
        return State(found.name, found.where, held=True, proxy=found.proxy) if found is not None else None

    # -- attributes

    def _attribute(self, frame: Frame, node: Attr, hops: int) -> State | None:
        for value in self._inference.type(frame, node.base):
            if isinstance(value, ModuleV):
                return State(node.name, "module level")
            if isinstance(value, ExtInstanceV) and value.name == STATE:
                found = self._state_attribute(frame, node)
                if found is not None:
                    return found
            if isinstance(value, (ClassV, InstanceV)) and self._attributes.is_class_level(value, node.name):
                return State(f"{self._index.scope(value.gid).name}.{node.name}", "class level")
            if isinstance(value, ClassV) and self._attributes.holds_instance(value, node.name):
                return State(f"{self._index.scope(value.gid).name}.{node.name}", "class level")
            if isinstance(value, InstanceV) and not self._attributes.gives_own(value, node.name):
                owner = self.origin(frame, node.base, hops)
                if owner is not None:
                    return State(f"{owner.name}.{node.name}", owner.where, owner.held)
        return None

    def _state_attribute(self, frame: Frame, node: Attr) -> State | None:
        """`app.state.x`, and `request.state.x` where the lifespan yields it."""
        if self._is_app_state(frame, node.base):
            return State(f"app.state.{node.name}", "app.state")
        if self._index.yielded_items(node.name) and not self._index.state_stores(node.name):
            return State(f"request.state.{node.name}", "state of the lifespan")
        return None

    def _is_app_state(self, frame: Frame, expr: int) -> bool:
        """Whether a `State` is that of the app, not of one request; local names are followed."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            return self._is_app_state(frame, scope.defs[node.defs[0]].value)
        if not isinstance(node, Attr):
            return False
        return self._inference.is_application(frame, node.base)

    def _is_property(self, value: InstanceV, name: str) -> bool:
        return any(isinstance(one, PropertyV) for one in self._inference.classes.member(value.gid, name)[0])

    def slot(self, frame: Frame, base: int, name: str) -> State | None:
        """The attribute of `app.state`, of a class, of a module, or of an object that requests share."""
        for value in self._inference.type(frame, base):
            if isinstance(value, ExtInstanceV) and value.name == STATE and self._is_app_state(frame, base):
                return State(f"app.state.{name}", "app.state")
            if isinstance(value, ClassV):
                return State(f"{self._index.scope(value.gid).name}.{name}", "class level")
            if isinstance(value, ModuleV):
                return State(name, "module level")
            if isinstance(value, InstanceV) and self._is_property(value, name):
                continue  # its setter is looked at by itself
            if isinstance(value, InstanceV) and not self._inference.classes.derives_from(value.gid, "threading.local"):
                owner = self.origin(frame, base)
                if owner is not None:
                    return State(f"{owner.name}.{name}", owner.where, owner.held)
        return None
