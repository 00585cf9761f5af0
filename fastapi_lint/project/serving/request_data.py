"""Does a value depend on the request: on its parameters, its body, its user or tenant?

A database session that middleware leaves in `request.state` is a way to what a function reads there, and says nothing
about it, unless it is made of what the request brings, as one to the database of a tenant is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Comp,
    Declared,
    Enter,
    Event,
    EventKind,
    Expr,
    Iter,
    Map,
    Narrow,
    Param,
    Phi,
    Scope,
    Seq,
    Star,
    Sub,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.cycles import AnyOf
from fastapi_lint.project.code.spelling import is_receiver, parts, read_attribute
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.arguments import ArgumentFlow
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.libraries import CONNECTIONS, SESSIONS
from fastapi_lint.project.types.values import ClassV, ExtInstanceV, FunctionV, InstanceV, MethodV, WrappedV

_ENTRIES = frozenset(
    {"route", "websocket", "dependency", "middleware", "exception-handler", "background-task", "stream"}
)
_TOOLS = frozenset({"fastapi.BackgroundTasks", "starlette.background.BackgroundTasks", "starlette.responses.Response"})


class RequestData:
    """Follows values back to the parameters of entry points, through calls and attributes."""

    def __init__(
        self, graph: Graph, entries: Iterable[EntryPoint], flow: ArgumentFlow | None = None, with_rows: bool = False
    ) -> None:
        self._graph = graph
        self._with_rows = with_rows
        self._all_entries = tuple(entries)
        self._index = graph.index
        self._inference = graph.inference
        self._injection = Injection(graph.inference)
        self._entries = frozenset(e.frame.gid for e in self._all_entries if e.frame is not None and e.kind in _ENTRIES)
        self._brought = frozenset(
            e.frame.gid for e in self._all_entries if e.frame is not None and e.kind in _ENTRIES - {"stream"}
        )
        self._flow = flow or ArgumentFlow(graph)
        self._answers = AnyOf[tuple[int, int, bool]]()

    def without(self, is_left_out: Callable[[int, int], bool]) -> RequestData:
        """The same as if some calls of the project (scope, expression) passed nothing."""
        flow = ArgumentFlow(self._graph, self._flow.handed_on, is_left_out)
        return RequestData(self._graph, self._all_entries, flow)

    def with_rows(self) -> RequestData:
        """The same, where what a request reads from a database counts as its own: others may have changed it since."""
        return RequestData(self._graph, self._all_entries, self._flow, with_rows=True)

    def is_from_request(self, gid: int, expr: int, as_way: bool = False) -> bool:
        """Whether the expression of scope `gid` may differ from request to request.

        With `as_way` it is a session: what matters is where it leads to, and not that each request has its own.
        """
        if expr == NONE:
            return False
        return self._answers.ask((gid, expr, as_way), lambda: self._decide(gid, expr, as_way))

    def is_of_many(self, gid: int, key: int) -> bool:
        """Whether a key is the request's, or one of those that a loop goes through."""
        return _is_of_loop(self._index.scope(gid), key) or self.is_from_request(gid, key)

    def _decide(self, gid: int, expr: int, as_way: bool) -> bool:
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if self._with_rows and self._is_session(gid, expr):
            return True
        if isinstance(node, Param):
            return self._parameter(gid, node.index, as_way)
        read = read_attribute(scope, expr) if as_way else None
        if read is not None and isinstance(of := scope.exprs[read.base], Attr) and of.name == "state":
            return any(self.is_from_request(site.gid, site.expr, True) for site in self._index.state_stores(read.name))
        if isinstance(node, Attr):
            return self._attribute(gid, node, as_way)
        if isinstance(node, Var):
            return self._variable(gid, node, as_way)
        return any(self._is_part_from_request(gid, node, part, as_way) for part in self.made_of(gid, node))

    def _is_part_from_request(self, gid: int, node: Expr, part: int, as_way: bool) -> bool:
        if not self.is_from_request(gid, part, as_way):
            return False
        if self._with_rows:
            return True
        is_way = not as_way and isinstance(node, Call) and self._is_way(gid, node, part)
        return not is_way or self.is_from_request(gid, part, True)

    def _is_way(self, gid: int, call: Call, part: int) -> bool:
        """Whether a call reads something with a session: one that it has, or one that a function is given.

        What a class is made with is kept in the object.
        """
        frame = self._inference.plain_frame(gid)
        func = self._index.scope(gid).exprs[call.func]
        called = self._inference.type(frame, call.func)
        if not (isinstance(func, Attr) and func.base == part):
            if not called or not all(isinstance(value, (FunctionV, MethodV)) for value in called):
                return False
        return self._is_session(gid, part)

    def _is_session(self, gid: int, expr: int) -> bool:
        """Whether an expression is a session or a connection."""
        is_a = self._inference.libraries.is_a
        kinds = self._inference.type(self._inference.plain_frame(gid), expr)
        return any(is_a(value, name) for value in kinds for name in (*SESSIONS, *CONNECTIONS))

    def _takes_session(self, gid: int) -> bool:
        """Whether the constructor of a class is given a session or a connection: a repository."""
        init = self._inference.classes.find_method(gid, "__init__")
        is_a, binding = self._inference.libraries.is_a, self._inference.binding
        numbers = range(1, len(self._index.scope(init.gid).params)) if init is not None else ()
        taken = [value for number in numbers if init is not None for value in binding.declared(init.gid, number)]
        return any(is_a(value, name) for value in taken for name in (*SESSIONS, *CONNECTIONS))

    def given(self, gid: int, number: int) -> list[tuple[int, int]]:
        """What calls pass for a parameter, (scope, expression); nothing where a request brings it itself."""
        injected = self._injection.of_parameter(self._inference.plain_frame(gid), number)
        is_brought = gid in self._brought or injected is not None
        return [] if is_brought else self._flow.given(gid, number)

    def made_of(self, gid: int, node: Expr) -> list[int]:
        """The expressions of scope `gid` that a value is made of."""
        scope = self._index.scope(gid)
        if isinstance(node, (Use, Phi)):
            put_in = self._flow.put_in(gid)
            return [value for number in node.defs for value in (scope.defs[number].value, *put_in.get(number, ()))]
        if isinstance(node, Call):
            func = scope.exprs[node.func]
            return [
                *node.args,
                *(value for _, value in node.keywords),
                *([func.base] if isinstance(func, Attr) else []),
            ]
        if isinstance(node, (Await, Enter, Iter, Unpack, Star, Declared, Narrow)):
            return [node.value]
        if isinstance(node, Sub):
            return [node.base, node.index]
        if isinstance(node, Bin):
            return [node.left, node.right]
        if isinstance(node, (Choice, Seq)):
            return list(node.items)
        if isinstance(node, Map):
            return [*node.keys, *node.values]
        if isinstance(node, Comp):
            return [node.element, *([node.key] if node.key != NONE else [])]
        return []

    def _variable(self, gid: int, node: Var, as_way: bool) -> bool:
        owner = self._index.local(gid, node.scope)
        scope = self._index.scope(owner)
        if scope.kind == "module":
            return False
        values = [scope.defs[number].value for number in scope.names.get(node.name, ())]
        return any(self.is_from_request(owner, value, as_way) for value in values)

    def _attribute(self, gid: int, node: Attr, as_way: bool) -> bool:
        """`request.app` is the same for all; what an object holds is what its methods stored."""
        frame = self._inference.plain_frame(gid)
        for value in self._inference.type(frame, node.base):
            if node.name == "app" and self._inference.libraries.is_a(value, "starlette.requests.HTTPConnection"):
                return False
            if isinstance(value, InstanceV):
                stored = self._inference.classes.stored(value.gid, node.name)
                if any(self.is_from_request(site.gid, site.expr, as_way) for site in stored):
                    return True
                fields = self._flow.fields(value.gid, node.name) if not stored else ()
                if any(self.is_from_request(at, given, as_way) for at, given in fields):
                    return True
                if not stored and not as_way and self._is_field_of_brought(gid, node, value.gid):
                    return True
        return self.is_from_request(gid, node.base, as_way)

    def _is_field_of_brought(self, gid: int, node: Attr, owner: int) -> bool:
        """Whether a method reads a field of its object, and is called on one that is the request's: a row, a body.

        Of objects that the project makes itself it is known what each field is given.
        """
        scope, classes = self._index.scope(gid), self._inference.classes
        if self._index.class_of(gid) == NONE or not is_receiver(scope, node.base):
            return False
        if classes.find_method(owner, "__init__") is not None or not self._is_field(owner, node.name):
            return False
        return not self._flow.are_fields_seen(owner) and any(
            self.is_from_request(at, base) for at, base in self._flow.receivers(gid)
        )

    def _is_field(self, owner: int, name: str) -> bool:
        """Whether a class declares an attribute as a model or a dataclass does: `api_key: str`."""
        declaring = self._inference.classes.member(owner, name)[1]
        scope = self._index.scope(declaring) if isinstance(declaring, int) else None
        return scope is not None and any(
            isinstance(scope.exprs[scope.defs[number].value], Declared) for number in scope.names.get(name, ())
        )

    def _parameter(self, gid: int, number: int, as_way: bool) -> bool:
        scope = self._index.scope(gid)
        owner = self._index.class_of(gid)
        if owner != NONE and number == 0 and self._inference.decorators.method_kind(gid) != "static":
            return False
        injected = self._injection.of_parameter(self._inference.plain_frame(gid), number)
        if injected is not None:
            return any(self._is_made_from_request(value, as_way) for value in injected)
        if gid in self._entries:
            declared = self._inference.binding.declared(gid, number)
            return not any(isinstance(value, ExtInstanceV) and value.name in _TOOLS for value in declared)
        if scope.kind != "function":
            return False
        return any(self.is_from_request(at, given, as_way) for at, given in self._flow.given(gid, number))

    def _is_made_from_request(self, value: object, as_way: bool) -> bool:
        """What a dependency gives; a library's (a security scheme) reads the request, a class is looked into later."""
        if isinstance(value, WrappedV):
            value = value.function
        if self._with_rows and isinstance(value, ClassV):
            return self._takes_session(value.gid)
        if self._with_rows and isinstance(value, InstanceV):
            value = self._inference.classes.find_method(value.gid, "__call__") or value
        if not isinstance(value, (FunctionV, MethodV)):
            return not isinstance(value, (ClassV, InstanceV))
        gid = value.gid if isinstance(value, FunctionV) else value.function.gid
        if self._inference.decorators.is_cached(gid):
            return False
        given = [event.expr for event in self._index.scope(gid).events if _gives(event)]
        return any(self.is_from_request(gid, expr, as_way) for expr in given)


def _is_of_loop(scope: Scope, expr: int) -> bool:
    """Whether a value is made of what a loop goes through, or of a part of that: `for name, item in items`."""
    todo, seen = [expr], {expr}
    while todo:
        for part in parts(scope, todo.pop()):
            node = scope.exprs[part]
            if isinstance(node, Iter):
                return True
            if isinstance(node, Unpack) and node.value not in seen:
                seen.add(node.value)
                todo.append(node.value)
    return False


def _gives(event: Event) -> bool:
    return event.kind in (EventKind.RETURN, EventKind.YIELD) and event.expr != NONE
