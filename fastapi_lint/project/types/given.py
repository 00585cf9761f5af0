"""What does a call say with what it is given, in the catalogue's words?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.catalogue import CallSpec, Condition
from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Enter, Expr, Lit, Phi, Use, Var
from fastapi_lint.project.code.asked import OTHER
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.fallback_values import fallback
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, LiteralV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


def entry_for(inference: Inference, frame: Frame, node: Call, spec: CallSpec) -> CallSpec:
    """What a call does: what its entry says, or what that says of calls with such arguments."""
    if spec.instead is None or not any(holds(inference, frame, node, condition) for condition in spec.unless):
        return spec
    changed = {key: value for key, value in msgspec.structs.asdict(spec.instead).items() if value is not None}
    return msgspec.structs.replace(spec, unless=(), instead=None, twin=None, **changed)


def holds(inference: Inference, frame: Frame, node: Call, condition: Condition) -> bool:
    """Whether a condition on an argument of a call is met."""
    given = _argument(inference, frame, node, condition)
    if given == NONE and condition.made:
        receiver = inference.index.scope(frame.gid).exprs[node.func]
        made = made_by(inference, frame, receiver.base if isinstance(receiver, Attr) else node.func)
        if made is None:
            return False
        frame, node = made
        given = _argument(inference, frame, node, condition)
    if condition.given is not None:
        return (given != NONE and _literal(inference, frame, given) != Lit(None)) is condition.given
    return given != NONE and _says(inference, frame, given, condition)


def made_by(inference: Inference, frame: Frame, expr: int) -> tuple[Frame, Call] | None:
    """The constructor call of a library's type that made what an expression stands for, through a name."""
    frame, expr = inference.annotations.definition(frame, expr) or (frame, expr)
    node: Expr = frame.scope.exprs[expr]
    if isinstance(node, Enter) and _gives_itself(inference, frame, node):
        node = frame.scope.exprs[node.value]
    if not isinstance(node, Call):
        return None
    made = inference.type(frame, node.func)
    is_type = all(isinstance(value, ExternalV) and inference.libraries.type(value.name) is not None for value in made)
    return (frame, node) if made and is_type else None


def _gives_itself(inference: Inference, frame: Frame, node: Enter) -> bool:
    """Whether a `with` statement gives the object that it enters: `with socket.socket() as sock`."""
    kind = inference.type(frame, node.value)
    return bool(kind) and inference.protocols.entered(kind, node.is_async) == kind


def _argument(inference: Inference, frame: Frame, node: Call, condition: Condition) -> int:
    given = NONE
    if condition.at is not None:
        given = inference.calls.argument(frame.gid, node, condition.at)
    if given == NONE and condition.arg is not None:
        given = inference.calls.argument(frame.gid, node, condition.arg)
    return given


def _says(inference: Inference, frame: Frame, given: int, condition: Condition) -> bool:
    if condition.mentions is not None:
        return _mentions(inference, frame, given, condition.mentions)
    if condition.isa is not None:
        values = inference.type(frame, given)
        return bool(values) and all(isinstance(v, ExtInstanceV) and v.name == condition.isa for v in values)
    literal = _literal(inference, frame, given)
    if condition.lacks is not None:
        return literal is not None and isinstance(literal.value, str) and condition.lacks not in literal.value
    return literal is not None and literal.value == condition.is_ and type(literal.value) in _comparable(condition)


def _mentions(
    inference: Inference, frame: Frame, expr: int, name: str, known: dict[tuple[Frame, int], bool] | None = None
) -> bool:
    """Whether a library's name stands in an expression, or in all that its names stand for: `flags |= os.O_EXCL`."""
    known = {} if known is None else known
    if (frame, expr) in known:
        return known[(frame, expr)]
    known[(frame, expr)] = False  # what depends on itself says nothing more
    values = inference.type(frame, expr)
    found = any(isinstance(value, (ExternalV, ExtInstanceV)) and value.name == name for value in values)
    node = frame.scope.exprs[expr]
    if isinstance(node, Bin):
        found = any(_mentions(inference, frame, part, name, known) for part in (node.left, node.right) if part != NONE)
    elif isinstance(node, (Use, Phi, Choice)) and not found:
        parts = node.items if isinstance(node, Choice) else [frame.scope.defs[number].value for number in node.defs]
        found = bool(parts) and all(_mentions(inference, frame, part, name, known) for part in parts)
    elif not found:
        named = inference.annotations.definition(frame, expr)
        found = named is not None and _mentions(inference, *named, name, known)
    known[(frame, expr)] = found
    return found


def _comparable(condition: Condition) -> tuple[type, ...]:
    if isinstance(condition.is_, bool):
        return (bool,)
    return (int, float) if isinstance(condition.is_, (int, float)) else (type(condition.is_),)


def _literal(inference: Inference, frame: Frame, expr: int) -> Lit | None:
    node = inference.index.scope(frame.gid).exprs[expr]
    if isinstance(node, Lit):
        return node
    known = Constants(inference, frame).of(expr)
    if isinstance(known, LiteralV):
        return Lit(known.value) if known.of == NONE and known != OTHER else None
    return fallback(inference, frame, expr) if known is None or isinstance(node, (Attr, Use, Var)) else None
