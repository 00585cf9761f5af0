"""Lowering of suites: statement by statement, by node type."""

from __future__ import annotations

from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import ScopeBuilder


def lower_body(scope: ScopeBuilder, body: Any) -> None:
    """Lowers a suite statement by statement; of what cannot be reached the names are kept.

    What follows an `if` whose body leaves the suite stands in its `else` branch, though it is not written so. Where the
    suite ends, `ended` is the region in which it does.
    """
    outer = scope.region
    for number, statement in enumerate(body.body):
        if scope.env is None:
            scope.module.leave_out(body.body[number:])
            break
        scope.take_implied()
        lower_statement(scope, statement)
        implied = scope.take_implied()
        if implied is not None:
            scope.enter_region(*implied)
    if not body.body or type(body.body[-1]) is not cst.With:  # else it is where the block ends
        scope.ended = scope.region
    scope.region = outer


def lower_statement(scope: ScopeBuilder, node: Any) -> None:
    kind = type(node)
    if kind is cst.SimpleStatementLine:
        lower_body(scope, node)
        return
    lowering = scope.module.statements.get(kind)
    if lowering is not None:
        lowering(scope, node)
    handlers = scope.module.handlers.get(kind)
    if handlers is not None and not scope.silent:
        for handler in handlers:
            handler(node, scope)
