"""Is something an object of a class that a library defines, also where the catalogue does not list the class?

Its methods are the library's, then, whatever the project calls its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Attr, Call, Enter
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.types.values import ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.code.frames import Frame
    from fastapi_lint.project.types.inference import Inference

_ENTERING = frozenset({"enter_context", "enter_async_context"})
_MOST_STEPS = 4


def is_library_object(inference: Inference, frame: Frame, expr: int) -> bool:
    """Whether an expression is what a library's class makes, or what `with` binds of that.

    What a library's function gives may be the project's own (`closing(source)`), what its class makes is not.
    """
    scope = frame.scope
    for _ in range(_MOST_STEPS):
        node = scope.exprs[behind_names(scope, expr)]
        if isinstance(node, Enter):
            expr = node.value
        elif isinstance(node, Call) and node.args and _enters(frame, node):
            expr = node.args[0]
        else:
            return isinstance(node, Call) and _is_class(inference, frame, node.func)
    return False


def _enters(frame: Frame, node: Call) -> bool:
    func = frame.scope.exprs[node.func]
    return isinstance(func, Attr) and func.name in _ENTERING


def _is_class(inference: Inference, frame: Frame, func: int) -> bool:
    """Whether a library's name is spelled like a class: without the catalogue nothing else tells."""
    made = inference.type(frame, func)
    return bool(made) and all(
        isinstance(value, ExternalV) and value.name.rpartition(".")[2][:1].isupper() for value in made
    )
