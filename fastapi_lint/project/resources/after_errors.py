"""Does code run only when an attempt has failed?

`except httpx.ConnectError` is such a case. `except KeyError` asks a question that has two usual answers, and so do the
errors of what is not found, has expired or cannot be read; of `except Exception` nobody knows.
"""

from __future__ import annotations

import re

from fastapi_lint.facts import NONE, Free, Scope, Seq
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ClassV, ExternalV

_BUILTIN = frozenset(
    {"BrokenPipeError", "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError"}
    | {"EOFError", "InterruptedError", "TimeoutError"}
)
_ANSWER = re.compile(
    r"attribute|auth|decode|empty|exist|expire|found|http_?exception|import|index|invalid|key|lookup|miss|no_?result"
    r"|parse|syntax|type_?error|valid|value"
)


def is_after_error(inference: Inference, frame: Frame, region: int) -> bool:
    """Whether a region is the handler of failures, or stands in one."""
    scope = frame.scope
    return any(
        found.kind == "except" and found.expr != NONE and _is_failure(inference, frame, scope, found.expr)
        for found in (scope.regions[number] for number in around(scope, region))
    )


def _is_failure(inference: Inference, frame: Frame, scope: Scope, expr: int) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Seq):
        return bool(node.items) and all(_is_failure(inference, frame, scope, item) for item in node.items)
    if isinstance(node, Free):
        return node.name in _BUILTIN
    names = []
    for value in inference.type(frame, expr):
        if isinstance(value, ClassV):
            names.append(inference.index.scope(value.gid).name)
        elif isinstance(value, ExternalV):
            names.append(value.name.rpartition(".")[2])
    return bool(names) and not any(_ANSWER.search(name.lower()) for name in names)
