"""Is a value surely there, neither None nor empty, as far as code says where it comes from?

What a constructor or a library's call gives, what `Depends` injects, and what attributes, parameters and functions hand
on of that. Look-ups are there to miss, so what they give may be missing.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Declared,
    Enter,
    EventKind,
    Expr,
    Free,
    Map,
    Narrow,
    Param,
    Phi,
    Seq,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import something
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.values import ExtInstanceV, FunctionV, InstanceV, LiteralV, MethodV, PresentV, Value

_LOOK_UPS = frozenset(
    {"find", "first", "fullmatch", "get", "getattr", "getenv", "lookup", "match", "next", "pop", "scalar", "search"}
)
_MISSING = ("_or_none", "_or_default")
_COPIES = frozenset({"frozenset", "list", "set", "sorted", "tuple"})
_BUILT_IN = ("builtins.", "collections.")
_DEEPEST = 8


class Presence:
    """Answers for the frames that requests reach; `callers` run them."""

    def __init__(self, graph: Graph, callers: Callable[[Frame], list[tuple[Frame, Edge]]]) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._callers = callers
        self._injection = Injection(graph.inference)
        self._known: dict[tuple[Frame, int], bool] = {}

    def is_there(self, frame: Frame, expr: int, region: int = NONE, hops: int = 0) -> bool:
        """Whether an expression of a frame gives something; `region` is where that is asked."""
        if region != NONE and any(
            same(frame.scope, part, expr)
            for here in branches(frame.scope, region)
            for part in something(frame.scope, here.expr, here.kind == "if")
        ):
            return True
        node = frame.scope.exprs[expr]
        func = frame.scope.exprs[node.func] if isinstance(node, Call) and len(node.args) == 1 else None
        if isinstance(node, Call) and isinstance(func, Free) and func.name in _COPIES:
            return hops <= _DEEPEST and self.is_there(frame, node.args[0], region, hops + 1)
        known = self._known.get((frame, expr))
        if known is None and hops <= _DEEPEST:
            self._known[frame, expr] = False  # what depends on itself is not known to be there
            known = self._known[frame, expr] = self._gives(frame, node, expr, hops + 1)
        return known or False

    def is_always_given(self, frame: Frame, number: int, hops: int = 0) -> bool:
        """Whether every call on the way of requests passes something for a parameter."""
        callers = self._callers(frame) if hops <= _DEEPEST else []
        passed = [(caller, self.given(caller, edge, frame, number)) for caller, edge in callers]
        return bool(passed) and all(one is not None and self.is_there(caller, *one, hops) for caller, one in passed)

    def given(self, caller: Frame, edge: Edge, frame: Frame, number: int) -> tuple[int, int] | None:
        """What a call passes for a parameter, and the region where it stands."""
        scope = caller.scope
        event = scope.events[edge.event] if edge.mode != "injected" and 0 <= edge.event < len(scope.events) else None
        node = scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
        if event is None or not isinstance(node, Call):
            return None
        parameter = frame.scope.params[number]
        is_method = self._index.class_of(frame.gid) != NONE
        skip = int(is_method and self._inference.decorators.method_kind(frame.gid) != "static")
        given = argument_at(scope, node, number - skip, parameter.name, parameter.kind)
        return (given, event.region) if given != NONE else None

    def _gives(self, frame: Frame, node: Expr, expr: int, hops: int) -> bool:
        if isinstance(node, (Map, Seq)):
            return bool(node.items if isinstance(node, Seq) else node.keys)
        if any(self._may_be_empty(value) for value in self._inference.type(frame, expr)):
            is_made = isinstance(node, Call) and not self._is_of_project(frame, node)
            return not is_made and not isinstance(node, Enter) and self._hands_on(frame, node, hops)
        known = Constants(self._inference, frame).of(expr)
        if isinstance(known, (LiteralV, PresentV)):
            return bool(known.value) if isinstance(known, LiteralV) else True
        return self._hands_on(frame, node, hops)

    def _is_of_project(self, frame: Frame, node: Call) -> bool:
        return any(isinstance(value, (FunctionV, MethodV)) for value in self._inference.type(frame, node.func))

    def _may_be_empty(self, value: Value) -> bool:
        """Whether an object that is there may be false all the same: a container, or what says how long it is."""
        if isinstance(value, InstanceV):
            return not self._inference.classes.is_always_true(value.gid)
        return isinstance(value, ExtInstanceV) and value.name.startswith(_BUILT_IN)

    def _hands_on(self, frame: Frame, node: Expr, hops: int) -> bool:
        if isinstance(node, (Use, Phi)):
            numbers = node.defs
            return bool(numbers) and all(self.is_there(frame, frame.scope.defs[n].value, NONE, hops) for n in numbers)
        if isinstance(node, (Await, Declared, Narrow)):
            return node.value != NONE and self.is_there(frame, node.value, NONE, hops)
        if isinstance(node, Choice):
            parts = node.items if node.test != NONE else node.items[-1:]
            return all(self.is_there(frame, part, NONE, hops) for part in parts)
        if isinstance(node, Param):
            return self._is_handed_in(frame, node.index, hops)
        if isinstance(node, Attr):
            return self._is_stored(frame, node, hops)
        if isinstance(node, Var):
            return self._is_bound(frame, node, hops)
        if isinstance(node, Unpack):
            return self._is_part(frame, node, hops)
        if isinstance(node, Call):
            return self._is_given_back(frame, node, hops)
        return isinstance(node, Enter)

    def _is_handed_in(self, frame: Frame, number: int, hops: int) -> bool:
        injected = self._injection.of_parameter(frame, number)
        if injected is None:
            return self.is_always_given(frame, number, hops)
        return all(self._is_something(value, hops) for value in injected)

    def _is_stored(self, frame: Frame, node: Attr, hops: int) -> bool:
        """Whether only constructors store something in an attribute, and that is always there."""
        classes = self._inference.classes
        owners = self._inference.type(frame, node.base)
        for owner in owners:
            sites = classes.stored(owner.gid, node.name) if isinstance(owner, InstanceV) else ()
            if not isinstance(owner, InstanceV) or not sites or classes.stored_outside(owner, node.name):
                return False
            if any(self._index.scope(site.gid).name != "__init__" for site in sites):
                return False
            if not all(self.is_there(classes.frame_of(site.gid, owner), site.expr, NONE, hops) for site in sites):
                return False
        return bool(owners)

    def _is_bound(self, frame: Frame, node: Var, hops: int) -> bool:
        """Whether a variable of the module is bound to something, once."""
        owner = self._index.local(frame.gid, node.scope)
        numbers = self._index.scope(owner).names.get(node.name, ())
        if len(numbers) != 1 or (owner, node.name) in self._index.rebinds:
            return False
        outer = self._index.frame(owner)
        return self.is_there(outer, outer.scope.defs[numbers[0]].value, NONE, hops)

    def _is_part(self, frame: Frame, node: Unpack, hops: int) -> bool:
        """Whether functions of the project return a tuple that has something in this place."""
        scope, made = frame.scope, node.value
        while isinstance(held := scope.exprs[made], (Await, Use)):
            if isinstance(held, Use) and len(held.defs) != 1:
                return False
            made = held.value if isinstance(held, Await) else scope.defs[held.defs[0]].value
        edges = self._graph.node(frame).edges if isinstance(held, Call) else ()  # `await asyncio.to_thread(look, name)`
        called = [edge.callee for edge in edges if edge.event >= 0 and scope.events[edge.event].expr == made]
        return bool(called) and all(self._returns(callee, hops, node.index) for callee in called)

    def _is_given_back(self, frame: Frame, node: Call, hops: int) -> bool:
        called = self._inference.type(frame, node.func)
        if any(isinstance(value, (FunctionV, MethodV, InstanceV)) for value in called):
            return all(self._is_something(value, hops) for value in called)
        name = getattr(frame.scope.exprs[node.func], "name", "")
        return bool(name) and name not in _LOOK_UPS and not name.startswith("find_") and not name.endswith(_MISSING)

    def _is_something(self, value: Value, hops: int) -> bool:
        if isinstance(value, (FunctionV, MethodV)):
            return self._returns(self._inference.binding.frame_of(value), hops, NONE)
        return not isinstance(value, InstanceV)

    def _returns(self, callee: Frame, hops: int, part: int) -> bool:
        """Whether a function always returns something, or a tuple with something in this place."""
        scope = callee.scope
        giving = EventKind.YIELD if scope.is_generator else EventKind.RETURN
        ends = [event for event in scope.events if event.kind == giving]
        if (scope.falls_through and not scope.is_generator) or not ends or hops > _DEEPEST:
            return False
        for end in ends:
            node = scope.exprs[end.expr] if end.expr != NONE else None
            if part == NONE:
                given = end.expr
            else:
                given = node.items[part] if isinstance(node, Seq) and part < len(node.items) else NONE
            if given == NONE or not self.is_there(callee, given, end.region, hops):
                return False
        return True
