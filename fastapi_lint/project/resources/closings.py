"""Does a function close what it has made, and on every way out?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Await, Call, Declared, Event, EventKind, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.libraries import SESSIONS
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV

_CLOSERS = frozenset({"close", "aclose"})
_POOL_CLOSERS = _CLOSERS | {"disconnect", "dispose", "terminate"}
_CLOSING = frozenset({"contextlib.closing", "contextlib.aclosing"})


def is_closed(scope: Scope, made: int) -> bool:
    """Whether a function enters or closes what a call of it gives."""
    return any(
        _calls_closer(scope, event, made) or (event.kind == EventKind.ENTER and _may_be(scope, event.expr, made))
        for event in scope.events
    )


def is_pool_closed(scope: Scope, made: int) -> bool:
    """The same of a pool or an engine, which is disposed of, too."""
    return is_closed(scope, made) or any(_calls_closer(scope, event, made, _POOL_CLOSERS) for event in scope.events)


def is_returned(scope: Scope, made: int) -> bool:
    """Whether a function gives its caller what a call of it gives."""
    return any(
        event.kind == EventKind.RETURN and event.expr != NONE and _may_be(scope, event.expr, made)
        for event in scope.events
    )


def is_closed_in_any_case(inference: Inference, frame: Frame, made: int) -> bool:
    """Whether a function closes what a call of it gives in a `finally`, or by a `with` that closes it."""
    return any(
        (_calls_closer(frame.scope, event, made) and stands_in(frame.scope, event.region, "finally"))
        or (event.kind == EventKind.ENTER and _is_closing(inference, frame, event, made))
        for event in frame.scope.events
    )


def _calls_closer(scope: Scope, event: Event, made: int, closers: frozenset[str] = _CLOSERS) -> bool:
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in closers and _may_be(scope, func.base, made)


def _is_closing(inference: Inference, frame: Frame, event: Event, made: int) -> bool:
    """Whether what is entered closes it: a session itself, but not every connection does."""
    scope = frame.scope
    node = scope.exprs[event.expr]
    if isinstance(node, Call) and any(_may_be(scope, value, made) for value in node.args[:1]):
        called = inference.type(frame, node.func)
        return any(isinstance(value, ExternalV) and value.name in _CLOSING for value in called)
    return _may_be(scope, event.expr, made) and any(
        isinstance(value, ExtInstanceV) and any(inference.libraries.is_a(value, name) for name in SESSIONS)
        for value in inference.type(frame, event.expr)
    )


def _may_be(scope: Scope, expr: int, made: int) -> bool:
    """Whether a name may stand for what a call gives, awaited or not, where it is bound to other things besides."""
    node = scope.exprs[expr]
    if isinstance(node, (Await, Declared)) and node.value != NONE:
        return _may_be(scope, node.value, made)
    if isinstance(node, Use):
        given = [scope.defs[number].value for number in node.defs]
        return any(value < expr and _may_be(scope, value, made) for value in given)
    return expr == made
