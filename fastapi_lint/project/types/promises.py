"""Is an argument known to be there, because the functions that it comes from promise to give something?

A caller that awaits a value and hands it on does not need the branch that a shared function has for callers without
one. Only what is handed on is asked: a caller that tests the value itself does not believe the promise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Await, Call, Choice, Declared, EventKind, Lit, Narrow, Scope, Sub, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, FunctionV, LiteralV, MethodV, Type, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST_HOPS = 4


def is_promised(inference: Inference, frame: Frame, expr: int, hops: int = 0) -> bool:
    """Whether everything that an expression may be comes from functions whose annotation leaves no room for None."""
    node = frame.scope.exprs[expr]
    if hops > _MOST_HOPS:
        return False
    if type(node) is Use:
        values = _assigned(inference, frame, node)
        return bool(values) and all(is_promised(inference, frame, value, hops + 1) for value in values)
    if type(node) is Narrow or (type(node) is Declared and node.value != NONE):
        return is_promised(inference, frame, node.value, hops + 1)
    is_awaited = type(node) is Await
    call = frame.scope.exprs[node.value] if type(node) is Await else node
    if type(call) is not Call:
        return False
    called = inference.type(frame, call.func)
    return bool(called) and all(_promises(inference, value, is_awaited) for value in called)


def is_made_where_missing(inference: Inference, frame: Frame, expr: int, wanted: Type) -> bool:
    """Whether an expression is what is given or else made by one of the library's classes `wanted`.

    `model or load(name)`, where `load` ends in `Model(name)` or `Model.from_file(name)`. Who writes that takes no
    object of the class for empty.
    """
    node = frame.scope.exprs[behind_names(frame.scope, expr)]
    return isinstance(node, Choice) and node.test == NONE and _is_made(inference, frame, node.items[-1], wanted, 0)


def _is_made(inference: Inference, frame: Frame, expr: int, wanted: Type, hops: int) -> bool:
    """Whether everything that an expression may be is made by the classes, here or in the functions called."""
    node = frame.scope.exprs[expr]
    if hops > 2 * _MOST_HOPS:
        return False
    if isinstance(node, Use):
        values = _assigned(inference, frame, node)
        return bool(values) and all(_is_made(inference, frame, value, wanted, hops + 1) for value in values)
    if isinstance(node, Narrow) or (isinstance(node, Declared) and node.value != NONE):
        return _is_made(inference, frame, node.value, wanted, hops + 1)
    if not isinstance(node, Call):
        return False
    called = inference.type(frame, node.func)
    return bool(called) and all(_makes(inference, value, wanted, hops) for value in called)


def _makes(inference: Inference, value: Value, wanted: Type, hops: int) -> bool:
    """Whether a function is one of the classes, a method of it, or ends in what these make."""
    if isinstance(value, ExternalV):
        names = [kind.name for kind in wanted if isinstance(kind, ExtInstanceV)]
        return value.name in names or value.name.rpartition(".")[0] in names
    if not isinstance(value, FunctionV):
        return False
    inner = inference.plain_frame(value.gid)
    scope = inner.scope
    if scope.is_async or scope.is_generator or scope.falls_through or scope.decorators:
        return False
    returned = [event.expr for event in scope.events if event.kind == EventKind.RETURN]
    return bool(returned) and all(
        expr != NONE and _is_made(inference, inner, expr, wanted, hops + 1) for expr in returned
    )


def is_filled_for_some(inference: Inference, frame: Frame, call: Call, expr: int) -> bool:
    """Whether an argument is None but for a branch that awaits it, where the call runs one of several functions.

    Then the branch is there for those of them that need the argument.
    """
    node = frame.scope.exprs[expr]
    values = _assigned(inference, frame, node) if isinstance(node, Use) else []
    given = [frame.scope.exprs[value] for value in values]
    filled = [value for value in given if value != Lit(None)]
    is_optional = 0 < len(filled) < len(given) and all(isinstance(value, Await) for value in filled)
    return is_optional and len(inference.type(frame, call.func)) > 1


def _assigned(inference: Inference, frame: Frame, node: Use) -> list[int]:
    """What the definitions of a local name give it; nothing where another function may assign to it."""
    made = [frame.scope.defs[number] for number in node.defs]
    if any((frame.gid, definition.name) in inference.index.rebinds for definition in made):
        return []
    return [definition.value for definition in made]


def _promises(inference: Inference, value: Value, is_awaited: bool) -> bool:
    function = value.function if isinstance(value, MethodV) else value
    if not isinstance(function, FunctionV):
        return False
    scope = inference.index.scope(function.gid)
    if scope.is_async is not is_awaited or scope.is_generator or (scope.falls_through and not scope.is_stub):
        return False
    returned = [event.expr for event in scope.events if event.kind == EventKind.RETURN]
    if scope.returns == NONE:
        frame = inference.plain_frame(function.gid)
        return bool(returned) and all(_is_something(inference, frame, expr) for expr in returned)
    outer = inference.plain_frame(inference.index.parent(function.gid))
    return inference.annotations.is_plain(outer, scope.returns) and not any(
        _is_nothing(scope, expr) for expr in returned
    )


def _is_something(inference: Inference, frame: Frame, expr: int) -> bool:
    """Whether a function that declares nothing gives what is there: `return encode([text])[0]`."""
    node = frame.scope.exprs[expr] if expr != NONE else None
    if isinstance(node, Sub):
        place = frame.scope.exprs[node.index]
        return isinstance(place, Lit) and isinstance(place.value, int)
    return node is not None and Constants(inference, frame).of(expr) not in (None, LiteralV(None))


def _is_nothing(scope: Scope, expr: int) -> bool:
    return expr == NONE or scope.exprs[expr] == Lit(None)
