"""Is this very call harmless, for what its arguments say?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Scope, Seq
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.flow.addresses import is_as_wanted
from fastapi_lint.project.flow.done_before import is_done_before
from fastapi_lint.project.flow.held import is_same
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.flow.nonblocking import is_set_not_to_block
from fastapi_lint.project.flow.pseudo_files import is_of_kernel
from fastapi_lint.project.flow.waited_for import is_all_waited_for
from fastapi_lint.project.types.given import holds, made_by
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV

_IMPLICIT = (EventKind.ENTER, EventKind.ITER)


def is_harmless(inference: Inference, frame: Frame, call: LibraryCall) -> bool:
    """Whether the arguments of this very call make it harmless."""
    spec = call.spec
    scope = inference.index.scope(frame.gid)
    node = scope.exprs[call.expr] if call.expr != NONE else None
    if (spec.brief or spec.settled) and _awaits_inside(inference.index, frame, call) is spec.settled:
        return True
    if spec.settled and call.expr != NONE and is_all_waited_for(inference, frame, call.expr):
        return True
    if node is not None and spec.unless and scope.events[call.event].kind in _IMPLICIT:
        made = made_by(inference, frame, call.expr)  # what is entered is given nothing, and was made with something
        return made is not None and any(holds(inference, *made, condition) for condition in spec.unless)
    if not isinstance(node, Call):
        return False
    if spec.would_block and (
        is_caught(inference, frame, scope.events[call.event].region, spec.would_block)
        or is_set_not_to_block(inference, frame, node)
    ):
        return True
    if spec.after and is_done_before(inference, frame, node, call.event, spec.after):
        return True
    if spec.harmless_for is not None and is_as_wanted(inference, frame, node, call.event, spec.harmless_for):
        return True
    if spec.blocks == "file" and is_of_kernel(inference, frame, call):
        return True
    if spec.guards and _is_guarded(scope, node, call.event, spec.guards):
        return True
    if not (spec.unless or spec.only_if):
        return False
    if any(holds(inference, frame, node, condition) for condition in spec.unless):
        return True
    return bool(spec.only_if) and not all(holds(inference, frame, node, c) for c in spec.only_if)


def is_caught(inference: Inference, frame: Frame, region: int, exception: str) -> bool:
    """Whether a `try` around a region waits for this very exception."""
    scope = inference.index.scope(frame.gid)
    tries = {number for number in around(scope, region) if scope.regions[number].kind == "try"}
    handlers = [r.expr for r in scope.regions if r.kind == "except" and r.parent in tries and r.expr != NONE]
    for expr in handlers:
        node = scope.exprs[expr]
        classes = node.items if isinstance(node, Seq) else (expr,)
        if any(ExternalV(exception) in inference.type(frame, one) for one in classes):
            return True
    return False


def _is_guarded(scope: Scope, node: Call, event: int, guards: dict[str, bool]) -> bool:
    """Whether the call stands where a method of the same object has just given the harmless answer."""
    func = scope.exprs[node.func]
    if not isinstance(func, Attr):
        return False
    here = (scope.regions[number] for number in around(scope, scope.events[event].region))
    return any(
        _answers(scope, region.expr, region.kind not in ("else", "after"), func.base, guards)
        for region in here
        if region.kind in ("if", "else", "loop", "after") and region.expr != NONE
    )


def _answers(scope: Scope, test: int, holds: bool, receiver: int, guards: dict[str, bool]) -> bool:
    """Whether a condition that holds (or does not) tells one of the answers."""
    for part, is_true in implied(scope, test, holds):
        node = scope.exprs[part]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(func, Attr) and guards.get(func.name) is is_true and is_same(scope, func.base, receiver):
            return True
    return False


def _awaits_inside(index: Index, frame: Frame, call: LibraryCall) -> bool:
    """Whether the `with` block of an entered lock awaits: then whoever waits for the lock may wait for good."""
    scope = index.scope(frame.gid)
    entered = {n for n, r in enumerate(scope.regions) if r.kind == "with" and r.expr == call.expr}
    return any(
        within(scope, event.region, entered) for event in scope.events if event.pauses and event.kind != EventKind.YIELD
    )
