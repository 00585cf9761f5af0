"""Which constant is a setting, where nobody has said anything else?

`self.stop_wait = config.get("stop_wait", False) if config else False`, `getattr(settings, "wait", WAIT)`: what the
setting does when it is used is another's choice, of which nothing is known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Choice, Expr, Free, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST_HOPS = 6


def fallback(inference: Inference, frame: Frame, expr: int, hops: int = 0) -> Lit | None:
    """The constant that an expression gives in each case that is written down."""
    if hops > _MOST_HOPS:
        return None
    node: Expr = frame.scope.exprs[expr]
    if isinstance(node, Lit):
        return node
    if isinstance(node, Choice):
        parts = node.items if node.test != NONE else node.items[1:]
        found = [fallback(inference, frame, part, hops + 1) for part in parts]
        return found[0] if all(one == found[0] for one in found) else None
    if isinstance(node, Call):
        given = _otherwise(frame.scope, node)
        return fallback(inference, frame, given, hops + 1) if given != NONE else None
    stored = _stored(inference, frame, node) if isinstance(node, Attr) else None
    named = stored or inference.annotations.definition(frame, expr)
    return fallback(inference, *named, hops + 1) if named is not None else None


def _otherwise(scope: Scope, node: Call) -> int:
    """What `mapping.get(key, default)` and `getattr(settings, name, default)` give for what is not there."""
    func = scope.exprs[node.func]
    if isinstance(func, Attr) and func.name == "get" and len(node.args) == 2:
        return node.args[1]
    return node.args[2] if func == Free("getattr") and len(node.args) == 3 else NONE


def _stored(inference: Inference, frame: Frame, node: Attr) -> tuple[Frame, int] | None:
    """The one statement that stores something in an attribute of an object of the project."""
    kinds = inference.type(frame, node.base)
    owner = kinds[0] if len(kinds) == 1 else None
    if not isinstance(owner, InstanceV):
        return None
    sites = inference.classes.stored(owner.gid, node.name)
    if len(sites) != 1 or inference.classes.stored_outside(owner, node.name):
        return None
    return inference.classes.frame_of(sites[0].gid, owner), sites[0].expr
