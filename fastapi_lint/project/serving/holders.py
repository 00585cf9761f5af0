"""Does the object whose method runs last, though requests make others of its class?

`database.embedder.client()` of a database at module level keeps its client, whoever else makes an `Embedder`.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import NONE, Attr, Call, Declared, Event, EventKind, Free, Func, Lit, Param, Scope, Use, Var
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import may_be_passed, within
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.types.inference import STATE
from fastapi_lint.project.types.values import ClassV, ExtInstanceV, FunctionV, InstanceV, Value

_CONSTRUCTORS = frozenset({"__init__", "__post_init__", "model_post_init", "__new__"})
_GIVES = (EventKind.RETURN, EventKind.YIELD)
_ENTERED = ("__enter__", "__aenter__")
_MOST_HOPS = 8


class Holders:
    """Follows receivers back to the objects that hold them; answers by frame, kept."""

    def __init__(
        self, graph: Graph, lifetimes: Lifetimes, callers: Callable[[Frame], list[tuple[Frame, Edge]]]
    ) -> None:
        self._graph = graph
        self._lifetimes = lifetimes
        self._callers = callers
        self._index = graph.index
        self._known: dict[Frame, bool] = {}
        self._registered: dict[Frame, bool] = {}
        self._injection = Injection(graph.inference)
        self._given: dict[tuple[Frame, int], bool] = {}

    def is_lasting(self, frame: Frame) -> bool:
        """Whether every way of requests to a method comes through an object that is there for all of them."""
        if not isinstance(frame.receiver, InstanceV):
            return False
        known = self._known.get(frame)
        if known is None:
            self._known[frame] = True  # a method that calls itself: the other ways decide
            callers = self._callers(frame)
            known = bool(callers) and all(self.is_of_lasting(caller, edge) for caller, edge in callers)
            self._known[frame] = known
        return known

    def is_held(self, frame: Frame, expr: int) -> bool:
        """Whether an expression is an object that outlives the request, and is not there only if somebody gives one."""
        return self._lasts(frame, frame.scope, expr, 0) and not self._is_optional(frame, expr)

    def is_registered(self, frame: Frame) -> bool:
        """Whether each function that calls a method has made the object, and puts it where it outlives the request.

        `peer = Peer(); await peer.open(); self._peers[key] = peer`: the peer keeps what the method stores.
        """
        known = self._registered.get(frame)
        if known is None:
            self._registered[frame] = False  # a method that calls itself
            callers = self._callers(frame) if isinstance(frame.receiver, InstanceV) else []
            known = bool(callers) and all(self.registers(caller, edge) for caller, edge in callers)
            self._registered[frame] = known
        return known

    def registers(self, caller: Frame, edge: Edge) -> bool:
        """Whether a function puts the object whose method it calls, or the one that holds it, where it stays."""
        scope = self._index.scope(caller.gid)
        base = _called_on(scope, edge)
        held = scope.exprs[base] if base != NONE else None
        if isinstance(held, Attr) and is_receiver(scope, held.base):
            return self._is_set_once(caller, held) and self.is_registered(caller)
        if not isinstance(held, Use) or not self._is_constructed(caller, held):
            return False
        return any(
            self._puts_away(caller, event, held) or self._hands_over(caller, event, held) for event in scope.events
        )

    def _puts_away(self, frame: Frame, event: Event, held: Use) -> bool:
        scope = frame.scope
        is_store = event.kind == EventKind.STORE_ITEM and event.value != NONE and scope.exprs[event.value] == held
        return is_store and self._lasts(frame, scope, event.expr, 0)

    def _hands_over(self, frame: Frame, event: Event, held: Use) -> bool:
        """Whether an event calls a function of the project that puts the object away in any case: `keep(key, peer)`."""
        scope, inference = frame.scope, self._graph.inference
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        called = inference.type(frame, node.func) if isinstance(node, Call) else ()
        if not isinstance(node, Call) or len(called) != 1 or not isinstance(called[0], FunctionV):
            return False
        keeper = inference.plain_frame(called[0].gid)
        given = {Param(number) for number, value in enumerate(node.args) if scope.exprs[value] == held}
        inside = keeper.scope
        names = [
            one
            for one in inside.exprs
            if isinstance(one, Use) and given.issuperset(inside.exprs[inside.defs[number].value] for number in one.defs)
        ]
        return any(
            not may_be_passed(inside, inner.region) and self._puts_away(keeper, inner, name)
            for inner in inside.events
            for name in names
        )

    def holding(self, frame: Frame) -> frozenset[int]:
        """The class of a method's object, and those of the objects that hold it and call the method."""
        found: dict[Frame, None] = {frame: None}
        for one in (todo := [frame]):
            for caller, edge in self._callers(one):
                scope = self._index.scope(caller.gid)
                base = _called_on(scope, edge)
                held = scope.exprs[base] if base != NONE else None
                inner = held.base if isinstance(held, Attr) else base
                if base != NONE and is_receiver(scope, inner) and caller not in found:
                    found[caller] = None
                    todo.append(caller)
        return frozenset(one.receiver.gid for one in found if one.receiver is not None)

    def _is_constructed(self, frame: Frame, held: Use) -> bool:
        """Whether a local name stands for an object that this very function constructs."""
        scope = self._graph.index.scope(frame.gid)
        made = [scope.exprs[scope.defs[number].value] for number in held.defs]
        return bool(made) and all(
            isinstance(node, Call)
            and (called := self._graph.inference.type(frame, node.func))
            and all(isinstance(value, ClassV) for value in called)
            for node in made
        )

    def is_of_lasting(self, caller: Frame, edge: Edge) -> bool:
        """Whether a call is of a method of an object that is there for all requests."""
        scope = self._graph.index.scope(caller.gid)
        base = _called_on(scope, edge)
        return base != NONE and self._lasts(caller, scope, base, 0)

    def _lasts(self, frame: Frame, scope: Scope, expr: int, hops: int) -> bool:
        """Whether an expression is an object that outlives the request."""
        node = scope.exprs[expr]
        if hops > _MOST_HOPS:
            return False
        if is_receiver(scope, expr) and self._graph.index.class_of(frame.gid) != NONE:
            return not self._lifetimes.is_made_anew(frame) or self.is_lasting(frame)
        if isinstance(node, Attr):
            if self._is_state(frame, node.base):
                return True
            return self._lasts(frame, scope, node.base, hops + 1) and self._is_set_once(frame, node)
        if isinstance(node, Var):
            owner = self._graph.index.local(frame.gid, node.scope)
            return self._graph.index.scope(owner).kind == "module" and self._is_filled_once(owner, node.name)
        if isinstance(node, Declared) and node.value != NONE:
            return self._lasts(frame, scope, node.value, hops + 1)
        if isinstance(node, Use):
            return bool(node.defs) and all(
                self._lasts(frame, scope, scope.defs[number].value, hops + 1) for number in node.defs
            )
        if isinstance(node, Param):
            return self._is_given_lasting(frame, node.index, hops + 1)
        if isinstance(node, Call) and scope.exprs[node.func] == Free("getattr") and node.args:
            return self._is_state(frame, node.args[0])  # `getattr(request.app.state, "client", None)`
        return isinstance(node, Call) and (self._is_cached(frame, node) or self._returns_lasting(frame, node, hops))

    def _is_filled_once(self, owner: int, name: str) -> bool:
        """Whether functions only fill a variable of a module where they find it empty, or empty it."""
        for site in self._index.rebinds.get((owner, name), ()):
            scope = self._index.scope(site.gid)
            first = self._graph.inference.first_use
            made = [one for one in scope.events if one.kind == EventKind.REBIND and one.value == site.expr]
            is_emptied = site.expr != NONE and scope.exprs[site.expr] == Lit(None)
            if not is_emptied and not (made and first.at(site.gid, made[0].region) == "process"):
                return False
        return True

    def _returns_lasting(self, frame: Frame, node: Call, hops: int) -> bool:
        """Whether functions of the project give for this very call what outlives the request.

        `get_service()` gives the one that is kept, and `get_service(session)` a new one.
        """
        inference = self._graph.inference
        called = inference.type(frame, node.func)
        for value in called:
            if not isinstance(value, FunctionV) or hops >= _MOST_HOPS:
                return False
            giving = inference.binding.frame_for(value, frame, node)
            dead = dead_regions(inference, giving)
            given = [
                one for one in giving.scope.events if one.kind in _GIVES and not within(giving.scope, one.region, dead)
            ]
            if giving.scope.is_async or not given:
                return False
            if not all(one.expr != NONE and self._lasts(giving, giving.scope, one.expr, hops + 2) for one in given):
                return False
        return bool(called)

    def _is_state(self, frame: Frame, expr: int) -> bool:
        """Whether an expression is the application's state."""
        inference, held = self._graph.inference, frame.scope.exprs[expr]
        if not isinstance(held, Attr) or not inference.is_application(frame, held.base):
            return False
        return any(isinstance(one, ExtInstanceV) and one.name == STATE for one in inference.type(frame, expr))

    def _is_given_lasting(self, frame: Frame, number: int, hops: int) -> bool:
        """Whether FastAPI injects, or every call on the way of requests passes, what outlives the request."""
        known = self._given.get((frame, number))
        if known is None:
            self._given[frame, number] = False  # a function that calls itself
            injected = self._injection.of_parameter(frame, number)
            known = self._given[frame, number] = (
                all(self._gives_lasting(value, hops) for value in injected)
                if injected is not None
                else self._is_passed_lasting(frame, number, hops)
            )
        return known

    def _gives_lasting(self, value: Value, hops: int) -> bool:
        inference = self._graph.inference
        if not isinstance(value, FunctionV):
            return False
        giving = inference.binding.frame_of(value)
        given = [event.expr for event in giving.scope.events if event.kind in _GIVES and event.expr != NONE]
        return inference.decorators.is_cached(value.gid) or (
            bool(given) and all(self._lasts(giving, giving.scope, expr, hops) for expr in given)
        )

    def _is_passed_lasting(self, frame: Frame, number: int, hops: int) -> bool:
        parameter = frame.scope.params[number]
        skip = int(frame.receiver is not None)
        callers = self._callers(frame)
        for caller, edge in callers:
            event = caller.scope.events[edge.event] if edge.event < len(caller.scope.events) else None
            node = caller.scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
            if not isinstance(node, Call):
                return False
            given = argument_at(caller.scope, node, number - skip, parameter.name, parameter.kind)
            if given == NONE or not self._lasts(caller, caller.scope, given, hops):
                return False
        return bool(callers)

    def _is_set_once(self, frame: Frame, node: Attr) -> bool:
        """Whether only the constructor sets an attribute: then it lasts as long as its object."""
        index, classes = self._graph.index, self._graph.inference.classes
        owners = self._graph.inference.type(frame, node.base)
        for owner in owners:
            if not isinstance(owner, InstanceV) or classes.stored_outside(owner, node.name):
                return False
            stored = classes.stored(owner.gid, node.name)
            if any(index.scope(site.gid).name not in _CONSTRUCTORS for site in stored):
                return False
            if not stored and not self._is_field(owner.gid, node.name):
                return False
        return bool(owners)

    def _is_optional(self, frame: Frame, expr: int) -> bool:
        """Whether an attribute is a parameter of the constructor that is None by default."""
        node = frame.scope.exprs[expr]
        owners = self._graph.inference.type(frame, node.base) if isinstance(node, Attr) else ()
        return any(
            self._is_none_by_default(site.gid, site.expr)
            for owner in owners
            if isinstance(owner, InstanceV) and isinstance(node, Attr)
            for site in self._graph.inference.classes.stored(owner.gid, node.name)
        )

    def _is_none_by_default(self, gid: int, expr: int) -> bool:
        scope = self._graph.index.scope(gid)
        node = scope.exprs[expr]
        made = [scope.exprs[scope.defs[number].value] for number in node.defs] if isinstance(node, Use) else []
        defaults = [scope.params[one.index].default for one in made if isinstance(one, Param)]
        outer = self._graph.index.scope(self._graph.index.parent(gid))
        return any(default != NONE and outer.exprs[default] == Lit(None) for default in defaults)

    def _is_field(self, gid: int, name: str) -> bool:
        """Whether a class body declares an attribute: a field of a dataclass or a model, not a property."""
        for entry in self._graph.inference.classes.mro(gid):
            scope = self._graph.index.scope(entry) if isinstance(entry, int) else None
            numbers = scope.names.get(name, ()) if scope is not None else ()
            if scope is not None and numbers:
                return not any(isinstance(scope.exprs[scope.defs[number].value], Func) for number in numbers)
        return False

    def _is_cached(self, frame: Frame, node: Call) -> bool:
        """Whether a call is of a cached factory."""
        called = self._graph.inference.type(frame, node.func)
        return bool(called) and all(
            isinstance(value, FunctionV) and self._graph.inference.decorators.is_cached(value.gid) for value in called
        )


def _called_on(scope: Scope, edge: Edge) -> int:
    """The object whose method or property an edge runs, or that a call is given to enter; NONE for all others."""
    if edge.mode == "injected" or edge.event >= len(scope.events):
        return NONE
    event = scope.events[edge.event]
    node = scope.exprs[event.expr] if event.kind in (EventKind.CALL, EventKind.ATTR) else None
    called = scope.exprs[node.func] if isinstance(node, Call) else node
    if isinstance(node, Call) and node.args and edge.callee.scope.name in _ENTERED:  # `stack.enter_context(peer)`
        return node.args[0]
    return called.base if isinstance(called, Attr) else NONE
