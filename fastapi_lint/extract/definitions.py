"""Lowering of functions, classes and type aliases."""

from __future__ import annotations

from typing import Any

import libcst as cst

from fastapi_lint.extract.annotations import lower_annotation
from fastapi_lint.extract.builder import ScopeBuilder, Signature, Table
from fastapi_lint.extract.expressions import (
    bind_parameters,
    lower,
    lower_parameters,
)
from fastapi_lint.extract.suites import lower_body
from fastapi_lint.facts import (
    NONE,
    Cls,
    Func,
)


def _function(scope: ScopeBuilder, node: cst.FunctionDef) -> None:
    decorators = tuple(lower(scope, decorator.decorator) for decorator in node.decorators)
    signature = Signature(
        params=lower_parameters(scope, node.params),
        decorators=decorators,
        decorator_places=tuple(scope.where(decorator.decorator) for decorator in node.decorators),
        returns=lower_annotation(scope, node.returns.annotation, lower) if node.returns is not None else NONE,
        is_async=node.asynchronous is not None,
        is_stub=_is_stub(node.body),
    )
    names = scope.module.names.scopes[id(node)]
    inner = ScopeBuilder(scope.module, "function", node.name.value, scope, names, scope.where(node.name), signature)
    inner.silent = scope.silent
    scope.bind(node.name.value, scope.expr(Func(inner.index)))
    # A body runs when the whole module is there, so it is lowered when all names of the module are known.
    scope.module.pending.append(lambda: _function_body(inner, node))


def _function_body(inner: ScopeBuilder, node: cst.FunctionDef) -> None:
    bind_parameters(inner)
    lower_body(inner, node.body)
    for handler in inner.module.handlers.get(cst.FunctionDef, ()):
        handler(node, inner)


def _class(scope: ScopeBuilder, node: cst.ClassDef) -> None:
    signature = Signature(
        decorators=tuple(lower(scope, decorator.decorator) for decorator in node.decorators),
        decorator_places=tuple(scope.where(decorator.decorator) for decorator in node.decorators),
        bases=tuple(lower(scope, item.value) for item in node.bases),
        keywords=tuple((item.keyword.value, lower(scope, item.value)) for item in node.keywords if item.keyword),
    )
    names = scope.module.names.scopes[id(node)]
    inner = ScopeBuilder(scope.module, "class", node.name.value, scope, names, scope.where(node.name), signature)
    inner.silent = scope.silent
    scope.bind(node.name.value, scope.expr(Cls(inner.index)))
    lower_body(inner, node.body)


def _is_stub(body: Any) -> bool:
    """A body that does nothing: a docstring, `...`, `pass`, or `raise NotImplementedError`."""
    for statement in body.body:
        parts = statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement]
        for part in parts:
            if isinstance(part, cst.Pass):
                continue
            if isinstance(part, cst.Expr) and isinstance(
                part.value, (cst.SimpleString, cst.Ellipsis, cst.ConcatenatedString)
            ):
                continue
            if isinstance(part, cst.Raise) and _raises_not_implemented(part):
                continue
            return False
    return True


def _raises_not_implemented(node: cst.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
    return isinstance(raised, cst.Name) and raised.value in ("NotImplementedError", "NotImplemented")


def _type_alias(scope: ScopeBuilder, node: cst.TypeAlias) -> None:
    scope.bind(node.name.value, lower_annotation(scope, node.value, lower))


def _block(scope: ScopeBuilder, node: cst.IndentedBlock) -> None:
    lower_body(scope, node)


DEFINITIONS: Table = {
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.TypeAlias: _type_alias,
    cst.IndentedBlock: _block,
}
"""Handlers by node type."""
