"""Which process is it, where a function has forked?

`pid = os.fork()` gives 0 in the new process, whose own work keeps nobody waiting: the server goes on in the old one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Bin, Lit
from fastapi_lint.project.code.decidable import forked
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_FORKS = frozenset({"os.fork", "os.forkpty", "pty.fork"})


def holds_in_server(inference: Inference, frame: Frame, expr: int) -> bool | None:
    """What a test of the number that a fork has given is in the process that was there before; None for others."""
    node = frame.scope.exprs[expr]
    if type(node) is Bin:
        if node.op not in ("equals", "differs") or frame.scope.exprs[node.right] != Lit(0):
            return None
        return node.op == "differs" if holds_in_server(inference, frame, node.left) else None
    call = forked(frame.scope, expr)
    if call is None:
        return None
    called = inference.type(frame, call.func)
    names = {value.name for value in called if type(value) is ExternalV}
    return True if names and names <= _FORKS and len(names) == len(called) else None
