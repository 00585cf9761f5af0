"""Lowering of annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import ScopeBuilder
from fastapi_lint.extract.parsing import parse_annotation
from fastapi_lint.facts import NONE, Attr, Bin, Call, Lit, Seq, Sub

Evaluate = Callable[[ScopeBuilder, Any], int]


def lower_annotation(scope: ScopeBuilder, node: Any, evaluate: Evaluate | None = None) -> int:
    """Lowers a type: names are looked up out of the flow, strings are read, nothing is evaluated.

    Except for metadata: in `Annotated[T, Depends(f)]` the call is an ordinary expression that runs when the `def` does;
    `evaluate` lowers it.
    """
    kind = type(node)
    if kind is cst.Name:
        return scope.expr(Lit(None)) if node.value == "None" else scope.load(node.value, flow=False)
    if kind is cst.Attribute:
        return scope.expr(Attr(lower_annotation(scope, node.value, evaluate), node.attr.value, NONE))
    if kind is cst.Subscript:
        base = lower_annotation(scope, node.value, evaluate)
        items = [lower_annotation(scope, element.slice.value, evaluate) for element in node.slice if _is_index(element)]
        index = items[0] if len(items) == 1 else scope.expr(Seq("tuple", tuple(items)))
        return scope.expr(Sub(base, index, NONE))
    if kind is cst.BinaryOperation and isinstance(node.operator, cst.BitOr):
        left = lower_annotation(scope, node.left, evaluate)
        return scope.expr(Bin("|", left, lower_annotation(scope, node.right, evaluate), NONE))
    if kind in (cst.List, cst.Tuple):
        return scope.expr(Seq("list", tuple(lower_annotation(scope, item.value, evaluate) for item in node.elements)))
    if kind in (cst.SimpleString, cst.ConcatenatedString):
        return _lower_quoted(scope, node)
    if kind is cst.Call:
        return _detached_call(scope, node) if scope.detached or evaluate is None else evaluate(scope, node)
    return scope.opaque()


def _is_index(element: cst.SubscriptElement) -> bool:
    return isinstance(element.slice, cst.Index)


def _lower_quoted(scope: ScopeBuilder, node: Any) -> int:
    text = node.evaluated_value
    quoted = parse_annotation(text) if isinstance(text, str) else None
    if quoted is None:
        return scope.opaque()
    outer, scope.detached = scope.detached, True
    try:
        return lower_annotation(scope, quoted)
    finally:
        scope.detached = outer


def _detached_call(scope: ScopeBuilder, node: cst.Call) -> int:
    func = lower_annotation(scope, node.func)
    args = tuple(lower_annotation(scope, item.value) for item in node.args if item.keyword is None)
    keywords = tuple((item.keyword.value, lower_annotation(scope, item.value)) for item in node.args if item.keyword)
    return scope.expr(Call(func, args, keywords, NONE))
