"""What a test says about the types of names."""

from __future__ import annotations

from typing import Any

import libcst as cst

from fastapi_lint.extract.annotations import lower_annotation
from fastapi_lint.extract.builder import ScopeBuilder
from fastapi_lint.facts import Narrow


def narrow(scope: ScopeBuilder, test: Any, truth: bool) -> None:
    """Refines names after a test came out as `truth`: `isinstance`, `not`, `and`, `or`."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        narrow(scope, test.expression, not truth)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is truth:
            narrow(scope, test.left, truth)
            narrow(scope, test.right, truth)
    elif isinstance(test, cst.Call) and isinstance(test.func, cst.Name) and test.func.value == "isinstance":
        _narrow_instance(scope, test, truth)


def _narrow_instance(scope: ScopeBuilder, test: cst.Call, truth: bool) -> None:
    if len(test.args) != 2 or not isinstance(test.args[0].value, cst.Name) or scope.env is None:
        return
    name = test.args[0].value.value
    reaching = scope.env.get(name)
    if not reaching or name not in scope.names.bound:
        return
    with scope.muted():
        outer, scope.detached = scope.detached, True
        value = scope.load(name)
        cls = lower_annotation(scope, test.args[1].value)
        scope.detached = outer
    scope.bind(name, scope.expr(Narrow(value, cls, truth)))
