"""Is an expression the time now?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Bin, Call, EventKind, Expr, Free, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV, ExtMemberV, FunctionV, Value

_CLOCKS = frozenset(
    {
        "time.time",
        "time.monotonic",
        "time.perf_counter",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "asyncio.AbstractEventLoop.time",
    }
)
_ROUNDING = frozenset({"int", "float", "round"})


def is_clock(inference: Inference, frame: Frame, expr: int) -> bool:
    """Whether an expression is the time now, rounded perhaps: of a clock, or of a function that gives that."""
    node = _made(frame.scope, expr)
    func = frame.scope.exprs[node.func] if isinstance(node, Call) and len(node.args) == 1 else None
    if isinstance(node, Call) and isinstance(func, Free) and func.name in _ROUNDING:
        node = _made(frame.scope, node.args[0])
    return isinstance(node, Call) and any(
        _reads(value) or (isinstance(value, FunctionV) and _gives_time(inference, value.gid))
        for value in inference.type(frame, node.func)
    )


def is_time(inference: Inference, frame: Frame, expr: int) -> bool:
    """Whether an expression is the time now, or one that lies so and so far ahead: `time.monotonic() + 60`."""
    if is_clock(inference, frame, expr):
        return True
    node = _made(frame.scope, expr)
    if not isinstance(node, Bin) or node.op != "+":
        return False
    return any(is_clock(inference, frame, part) for part in (node.left, node.right))


def _made(scope: Scope, expr: int) -> Expr:
    """An expression, or what the local name stands for that it is."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        return scope.exprs[scope.defs[node.defs[0]].value]
    return node


def _reads(value: Value) -> bool:
    if isinstance(value, ExtMemberV):
        return f"{value.name}.{value.path}" in _CLOCKS
    return isinstance(value, ExternalV) and value.name in _CLOCKS


def _gives_time(inference: Inference, gid: int) -> bool:
    scope = inference.index.scope(gid)
    given = [event.expr for event in scope.events if event.kind == EventKind.RETURN]
    calls = [scope.exprs[expr] for expr in given if expr != NONE]
    frame = inference.plain_frame(gid)
    return bool(calls) and all(
        isinstance(node, Call) and any(_reads(value) for value in inference.type(frame, node.func)) for node in calls
    )
