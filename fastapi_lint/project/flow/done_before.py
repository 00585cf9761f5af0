"""Has the function itself awaited already what a call would wait for?

`await asyncio.to_thread(process.communicate)`, then `process.wait()`; `await asyncio.wrap_future(future)`, then
`future.result()`. Where the first wait may end early, `ready = await asyncio.to_thread(event.wait, 30)`, a branch
has to say that it did not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Attr, Await, Call, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, branches
from fastapi_lint.project.code.spelling import defined, parts, same
from fastapi_lint.project.flow.runners import runs
from fastapi_lint.project.types.values import ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_WRAP_FUTURE = ExternalV("asyncio.wrap_future")
_BEGINNING = frozenset({"clear", "start"})


def is_done_before(inference: Inference, frame: Frame, node: Call, number: int, after: tuple[str, ...]) -> bool:
    """Whether control has come by an `await` for one of the methods `after` of the same object, to its end."""
    scope = frame.scope
    func = scope.exprs[node.func]
    if not isinstance(func, Attr):
        return False
    here = set(around(scope, scope.events[number].region))
    for earlier, event in enumerate(scope.events[:number]):
        if event.kind != EventKind.AWAIT or event.region not in here:
            continue
        if _awaits(inference, frame, event.expr, func.base, after) and not _begins_again(scope, earlier, func.base):
            return _is_endless(scope, event.expr, func.base) or _has_succeeded(scope, number, event.expr)
    return False


def _awaits(inference: Inference, frame: Frame, awaited: int, base: int, after: tuple[str, ...]) -> bool:
    scope = frame.scope

    def is_it(expr: int) -> bool:
        method = scope.exprs[expr]
        return isinstance(method, Attr) and method.name in after and same(scope, method.base, base)

    node = scope.exprs[awaited]
    if isinstance(node, Call) and len(node.args) == 1 and same(scope, node.args[0], base):
        return "result" in after and _WRAP_FUTURE in inference.type(frame, node.func)
    return runs(inference, frame, awaited, is_it)


def _begins_again(scope: Scope, start: int, base: int) -> bool:
    """Whether anything behind an event makes an object one to wait for again."""
    for event in scope.events[start:]:
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(func, Attr) and func.name in _BEGINNING and same(scope, func.base, base):
            return True
    return False


def _is_endless(scope: Scope, awaited: int, base: int) -> bool:
    """Whether the method of an object is handed over without arguments, so that it has no timeout."""
    calls = (node for part in parts(scope, awaited) if isinstance(node := scope.exprs[part], Call))
    for node in calls:
        methods = [
            one for one in node.args if isinstance(held := scope.exprs[one], Attr) and same(scope, held.base, base)
        ]
        if methods and (methods[-1] != node.args[-1] or node.keywords):
            return False
    return True


def _has_succeeded(scope: Scope, number: int, awaited: int) -> bool:
    """Whether the branches around an event say that what was awaited has given something true."""
    for branch in branches(scope, scope.events[number].region):
        for part, holds in implied(scope, branch.expr, branch.kind == "if"):
            given = scope.exprs[defined(scope, part)]
            if holds and isinstance(given, Await) and given.value == awaited:
                return True
    return False
