"""Is this very call harmless, for what its arguments say?"""

from __future__ import annotations

from fastapi_lint.catalogue import Condition
from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, EventKind, Lit, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.flow.held import is_same
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.flow.pseudo_files import is_of_kernel
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV


def is_harmless(inference: Inference, frame: Frame, call: LibraryCall) -> bool:
    """Whether the arguments of this very call make it harmless."""
    spec = call.spec
    node = inference.index.scope(frame.gid).exprs[call.expr] if call.expr != NONE else None
    if (spec.brief or spec.settled) and _awaits_inside(inference.index, frame, call) is spec.settled:
        return True
    if not isinstance(node, Call):
        return False
    if spec.blocks == "file" and is_of_kernel(inference, frame, call):
        return True
    if spec.guards and _is_guarded(inference.index.scope(frame.gid), node, call.event, spec.guards):
        return True
    if not (spec.unless or spec.only_if):
        return False
    if any(_holds(inference, frame, node, condition) for condition in spec.unless):
        return True
    return bool(spec.only_if) and not all(_holds(inference, frame, node, c) for c in spec.only_if)


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
    node = scope.exprs[test]
    if isinstance(node, Bin) and node.op == "not":
        return _answers(scope, node.left, not holds, receiver, guards)
    if isinstance(node, Bin) and node.op == "and" and holds:
        return any(_answers(scope, part, True, receiver, guards) for part in (node.left, node.right))
    if isinstance(node, Choice) and not holds:
        return any(_answers(scope, item, False, receiver, guards) for item in node.items)
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and guards.get(func.name) is holds and is_same(scope, func.base, receiver)


def _awaits_inside(index: Index, frame: Frame, call: LibraryCall) -> bool:
    """Whether the `with` block of an entered lock awaits: then whoever waits for the lock may wait for good."""
    scope = index.scope(frame.gid)
    entered = {n for n, r in enumerate(scope.regions) if r.kind == "with" and r.expr == call.expr}
    return any(
        within(scope, event.region, entered) for event in scope.events if event.pauses and event.kind != EventKind.YIELD
    )


def _holds(inference: Inference, frame: Frame, node: Call, condition: Condition) -> bool:
    given = NONE
    if condition.at is not None:
        given = inference.calls.argument(frame.gid, node, condition.at)
    if given == NONE and condition.arg is not None:
        given = inference.calls.argument(frame.gid, node, condition.arg)
    if condition.given is not None:
        return (given != NONE) is condition.given
    if given == NONE:
        return False
    if condition.mentions is not None:
        return _mentions(inference, frame, given, condition.mentions)
    literal = _literal(inference, frame, given)
    return literal is not None and literal.value == condition.is_ and type(literal.value) in _comparable(condition)


def _mentions(inference: Inference, frame: Frame, expr: int, name: str) -> bool:
    node = inference.index.scope(frame.gid).exprs[expr]
    if isinstance(node, Bin):
        return any(_mentions(inference, frame, part, name) for part in (node.left, node.right))
    values = inference.type(frame, expr)
    return any(isinstance(value, (ExternalV, ExtInstanceV)) and value.name == name for value in values)


def _comparable(condition: Condition) -> tuple[type, ...]:
    if isinstance(condition.is_, bool):
        return (bool,)
    return (int, float) if isinstance(condition.is_, (int, float)) else (type(condition.is_),)


def _literal(inference: Inference, frame: Frame, expr: int) -> Lit | None:
    node = inference.index.scope(frame.gid).exprs[expr]
    if isinstance(node, Lit):
        return node
    found = inference.annotations.definition(frame, expr)
    if found is None or (isinstance(node, Use) and len(node.defs) != 1):
        return None
    value = inference.index.scope(found[0].gid).exprs[found[1]]
    return value if isinstance(value, Lit) else None
