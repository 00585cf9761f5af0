"""Does what an expression waits for run a function that it is given, to its end?

`await to_thread(load)`, and `await with_deadline(load)` where that gives what `wait_for(to_thread(function), 5)` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import is_parameter, parts
from fastapi_lint.project.types.values import FunctionV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST_HOPS = 4


def runs(inference: Inference, frame: Frame, expr: int, is_it: Callable[[int], bool], hops: int = 0) -> bool:
    """Whether an expression that is awaited, or returned to who awaits it, has run a function; `is_it` knows that."""
    scope = frame.scope
    for part in parts(scope, expr):
        node = scope.exprs[part]
        if isinstance(node, Call) and any(is_it(inner) for given in node.args for inner in parts(scope, given)):
            called = inference.type(frame, node.func)
            if called and all(_runs_given(inference, frame, node, value, is_it, hops) for value in called):
                return True
    return False


def _runs_given(
    inference: Inference, frame: Frame, node: Call, value: Value, is_it: Callable[[int], bool], hops: int
) -> bool:
    spec = inference.libraries.call_spec(value)[0]
    if spec is not None:
        offloaded = (inference.calls.argument(frame.gid, node, selector) for selector in spec.offloads)
        return any(is_it(part) for given in offloaded if given != NONE for part in parts(frame.scope, given))
    if not isinstance(value, FunctionV) or hops >= _MOST_HOPS or inference.index.class_of(value.gid) != NONE:
        return False
    inner = inference.plain_frame(value.gid)
    scope, returned = inner.scope, inference.names.returns(value.gid)
    if scope.is_generator or scope.falls_through or scope.decorators or not returned:
        return False
    taken = [
        number
        for number, parameter in enumerate(scope.params)
        if (given := argument_at(frame.scope, node, number, parameter.name, parameter.kind)) != NONE and is_it(given)
    ]

    def is_taken(expr: int) -> bool:
        return any(is_parameter(scope, expr, number) for number in taken)

    return all(runs(inference, inner, one, is_taken, hops + 1) for one in returned)
