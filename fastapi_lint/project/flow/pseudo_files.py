"""Which files are no files: `/proc` and `/sys` show what the kernel knows, and no disk is asked for it."""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Bin, Call, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV, LiteralV, PresentV

_KERNEL = ("/proc/", "/sys/")
_PATH = "pathlib.PurePath"
_MOST_HOPS = 8


def is_of_kernel(inference: Inference, frame: Frame, call: LibraryCall) -> bool:
    """Whether a call that opens or reads a file has one of the kernel's: `open(...)`, `Path(...).read_text()`."""
    scope = inference.index.scope(frame.gid)
    node = scope.exprs[call.expr] if call.expr != NONE else None
    if not isinstance(node, Call):
        return False
    func = scope.exprs[node.func]
    if call.name.startswith("pathlib.") and isinstance(func, Attr):
        return _start(inference, frame, func.base).startswith(_KERNEL)
    return bool(node.args) and _start(inference, frame, node.args[0]).startswith(_KERNEL)


def _start(inference: Inference, frame: Frame, expr: int, hops: int = 0) -> str:
    """What a path begins with, as far as the code says it."""
    scope = inference.index.scope(frame.gid)
    node = scope.exprs[expr]
    if hops > _MOST_HOPS:
        return ""
    if isinstance(node, Use) and len(node.defs) == 1:
        return _start(inference, frame, scope.defs[node.defs[0]].value, hops + 1)
    if isinstance(node, Bin) and node.op == "/":
        base = _start(inference, frame, node.left, hops + 1)
        return f"{base}/" if base else ""
    if isinstance(node, Call) and node.args and _makes_path(inference, frame, node):
        return _start(inference, frame, node.args[0], hops + 1)
    known = Constants(inference, frame).of(expr)
    if isinstance(known, LiteralV):
        return known.value if isinstance(known.value, str) else ""
    return known.prefix if isinstance(known, PresentV) else ""


def _makes_path(inference: Inference, frame: Frame, node: Call) -> bool:
    is_a = inference.libraries.catalogue.is_subtype
    made = inference.type(frame, node.func)
    return any(isinstance(value, ExternalV) and is_a(value.name, _PATH) for value in made)
