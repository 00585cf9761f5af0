"""What is handed to a thread: the function it should be, or something that cannot be run there?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Call, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.function_kinds import FunctionKinds
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import LibraryCall, Node
from fastapi_lint.project.types.values import (
    CoroutineV,
    ExtInstanceV,
    FunctionV,
    GeneratorV,
    InstanceV,
    MethodV,
    PartialV,
    TupleV,
    Type,
    Value,
)


class Offload(msgspec.Struct, frozen=True):
    """An offload whose argument is wrong: `given` is `result` (of calling `target`) or `coroutine function`."""

    frame: Frame
    place: int
    api: str
    target: str
    given: str
    expr: int


def wrong_offloads(graph: Graph, nodes: list[Node]) -> Iterator[Offload]:
    """Every offload in the nodes that does not get a plain function, each place once."""
    seen: set[tuple[int, int]] = set()
    for node in nodes:
        for call in node.calls:
            key = (node.frame.gid, call.place)
            if call.spec.offloads and call.expr != NONE and key not in seen:
                found = _judge(graph, node.frame, call)
                if found is not None:
                    seen.add(key)
                    yield found


def _judge(graph: Graph, frame: Frame, call: LibraryCall) -> Offload | None:
    exprs = graph.index.scope(frame.gid).exprs
    outer = exprs[call.expr]
    if not isinstance(outer, Call):
        return None
    for selector in call.spec.offloads:
        given = graph.inference.calls.argument(frame.gid, outer, selector)
        if given == NONE:
            continue
        kind = graph.inference.type(frame, given)
        inner = exprs[given]
        if isinstance(inner, Call) and _gives_no_callable(graph, frame, inner, kind):
            names = [callee.name for callee in graph.inference.calls.callees(frame, inner)]
            return Offload(frame, call.place, call.name, names[0] if names else "the call", "result", call.expr)
        if kind and all(_is_coroutine_function(graph, value) for value in kind):
            if _is_asked_for(graph, frame, call, given, kind):
                return None
            return Offload(frame, call.place, call.name, _name(graph, kind[0]), "coroutine function", call.expr)
        return None
    return None


def _is_asked_for(graph: Graph, frame: Frame, call: LibraryCall, given: int, kind: Type) -> bool:
    """Whether the branches around an offload are for plain functions only."""
    kinds, region = FunctionKinds(graph.inference, frame), frame.scope.events[call.event].region
    functions = (one.function if isinstance(one, MethodV) else one for one in graph.inference.functions(kind))
    return any(kinds.exclude(given, region, graph.index.scope(function.gid)) for function in functions)


def _gives_no_callable(graph: Graph, frame: Frame, call: Call, kind: Type) -> bool:
    if kind:
        return all(not is_callable(graph, value) for value in kind)
    callees = graph.inference.calls.callees(frame, call)
    return bool(callees) and all(
        callee.frame is not None and callee.mode == "runs" and _returns_nothing(graph, callee.frame)
        for callee in callees
    )


def _returns_nothing(graph: Graph, frame: Frame) -> bool:
    """Whether a function gives None: it says so, or it has no `return` with a value."""
    scope = graph.index.scope(frame.gid)
    if scope.returns != NONE:
        outer = graph.index.scope(graph.index.parent(frame.gid))
        return outer.exprs[scope.returns] == Lit(None)
    returned = [scope.exprs[expr] for expr in graph.inference.names.returns(frame.gid)]
    return not scope.is_stub and all(value == Lit(None) for value in returned)


def is_callable(graph: Graph, value: Value) -> bool:
    """Whether calling the value could work; what is not known to be data may well be callable."""
    if isinstance(value, InstanceV):
        if graph.inference.classes.external_bases(value.gid):
            return True
        return graph.inference.classes.find_method(value.gid, "__call__") is not None
    if isinstance(value, ExtInstanceV):
        return not value.name.startswith("builtins.") or value.name == "builtins.object"
    return not isinstance(value, (TupleV, GeneratorV, CoroutineV))


def _is_coroutine_function(graph: Graph, value: Value) -> bool:
    if isinstance(value, PartialV):
        return _is_coroutine_function(graph, value.function)
    if isinstance(value, MethodV):
        value = value.function
    if not isinstance(value, FunctionV):
        return False
    scope = graph.index.scope(value.gid)
    return scope.is_async and not scope.is_generator


def _name(graph: Graph, value: Value) -> str:
    while isinstance(value, PartialV):
        value = value.function
    function = value.function if isinstance(value, MethodV) else value
    return graph.index.name(function.gid) if isinstance(function, FunctionV) else "the function"
