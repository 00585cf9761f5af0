"""Lowering of simple statements: assignments, imports, and what leaves a suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from fastapi_lint.extract.annotations import lower_annotation
from fastapi_lint.extract.builder import ScopeBuilder, Table
from fastapi_lint.extract.expressions import (
    lower,
    lower_index,
)
from fastapi_lint.extract.narrowing import narrow
from fastapi_lint.facts import (
    NONE,
    Bin,
    Declared,
    EventKind,
    Import,
    Lit,
    Seq,
    StarImport,
    Sub,
    Unpack,
)


def _expression(scope: ScopeBuilder, node: cst.Expr) -> None:
    if not isinstance(node.value, cst.SimpleString):  # a docstring runs nothing
        lower(scope, node.value)


def _assign(scope: ScopeBuilder, node: cst.Assign) -> None:
    value = lower(scope, node.value)
    if not scope.index and scope.region == 0:
        _note_exported(scope, node, value)
    for target in node.targets:
        assign(scope, target.target, value)


def _note_exported(scope: ScopeBuilder, node: cst.Assign, value: int) -> None:
    target = node.targets[0].target
    items = scope.exprs[value]
    if isinstance(target, cst.Name) and target.value == "__all__" and isinstance(items, Seq):
        literals = [scope.exprs[item] for item in items.items]
        scope.module.exported = tuple(x.value for x in literals if isinstance(x, Lit) and isinstance(x.value, str))


def assign(scope: ScopeBuilder, target: Any, value: int, augmented: bool = False) -> None:
    """Stores `value` in a name, attribute, item, or in each part of a tuple."""
    kind = type(target)
    if kind is cst.Name:
        scope.bind(target.value, value, scope.where(target), augmented)
    elif kind is cst.Attribute:
        base = lower(scope, target.value)
        scope.event(EventKind.STORE_ATTR, base, scope.where(target), value, target.attr.value, augmented)
    elif kind is cst.Subscript:
        base = lower(scope, target.value)
        place = scope.where(target)
        scope.expr(Sub(base, lower_index(scope, target), place))  # found by its place: the event has no room for it
        scope.event(EventKind.STORE_ITEM, base, place, value, flag=augmented)
    elif kind in (cst.Tuple, cst.List):
        _unpack(scope, target.elements, value)


def _unpack(scope: ScopeBuilder, elements: Sequence[Any], value: int) -> None:
    display = scope.exprs[value]
    if not isinstance(display, Seq) and elements:
        scope.event(EventKind.ITER, value, scope.where(elements[0].value))
    parallel = isinstance(display, Seq) and len(display.items) == len(elements)
    after_star = False
    for number, element in enumerate(elements):
        if isinstance(element, cst.StarredElement):
            after_star = True
            assign(scope, element.value, scope.opaque("list"))
        elif isinstance(display, Seq) and parallel:
            assign(scope, element.value, display.items[number])
        else:
            inner = scope.opaque() if after_star else scope.expr(Unpack(value, number))
            assign(scope, element.value, inner)


def _annotated(scope: ScopeBuilder, node: cst.AnnAssign) -> None:
    annotation = lower_annotation(scope, node.annotation.annotation, lower)
    value = lower(scope, node.value) if node.value is not None else NONE
    if value == NONE and scope.kind != "class" and not isinstance(node.target, cst.Attribute):
        # A bare declaration binds nothing, but other functions may rely on the type.
        if isinstance(node.target, cst.Name):
            scope.define(node.target.value, scope.expr(Declared(NONE, annotation)))
        return
    assign(scope, node.target, scope.expr(Declared(value, annotation)))


def _augmented(scope: ScopeBuilder, node: cst.AugAssign) -> None:
    target = node.target
    old = lower(scope, target)
    value = lower(scope, node.value)
    place = scope.where(target)
    operator = "-=" if isinstance(node.operator, cst.SubtractAssign) else "+="
    result = scope.expr(Bin(operator, old, value, place))
    scope.event(EventKind.OP, result, place)
    if isinstance(target, cst.Name):
        scope.bind(target.value, result, place, augmented=True)
    else:
        assign(scope, target, result, augmented=True)


def _delete(scope: ScopeBuilder, node: cst.Del) -> None:
    targets = [item.value for item in node.target.elements] if isinstance(node.target, cst.Tuple) else [node.target]
    for target in targets:
        if isinstance(target, cst.Name):
            if scope.env is not None:
                scope.env.pop(target.value, None)
        elif isinstance(target, (cst.Attribute, cst.Subscript)):
            assign(scope, target, NONE)


def _return(scope: ScopeBuilder, node: cst.Return) -> None:
    value = lower(scope, node.value) if node.value is not None else NONE
    scope.event(EventKind.RETURN, value)
    scope.env = None


def _raise(scope: ScopeBuilder, node: cst.Raise) -> None:
    if node.exc is not None:
        lower(scope, node.exc)
    elif not scope.stands_in("except"):
        scope.event(EventKind.RERAISE, NONE, scope.where(node))
    if node.cause is not None:
        lower(scope, node.cause.item)
    scope.env = None


def _break(scope: ScopeBuilder, _node: cst.Break) -> None:
    scope.event(EventKind.BREAK, NONE)
    scope.leave("break")


def _continue(scope: ScopeBuilder, _node: cst.Continue) -> None:
    scope.leave("continue")


def _assert(scope: ScopeBuilder, node: cst.Assert) -> None:
    lower(scope, node.test)
    narrow(scope, node.test, True)


def _import(scope: ScopeBuilder, node: cst.Import) -> None:
    for alias in node.names:
        name = dotted(alias.name)
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            scope.bind(alias.asname.name.value, scope.expr(Import(name, None, 0)))
        else:
            root = name.split(".")[0]
            scope.bind(root, scope.expr(Import(root, None, 0)))


def _import_from(scope: ScopeBuilder, node: cst.ImportFrom) -> None:
    module = dotted(node.module) if node.module is not None else ""
    level = len(node.relative)
    if isinstance(node.names, cst.ImportStar):
        scope.module.star_imports.append(StarImport(module, level, len(scope.defs)))
        return
    for alias in node.names:
        name = alias.name.value if isinstance(alias.name, cst.Name) else ""
        bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
        scope.bind(bound, scope.expr(Import(module, name, level)))


def dotted(node: Any) -> str:
    """`a.b.c` as text."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    parts.append(node.value)
    return ".".join(reversed(parts))


SIMPLE_STATEMENTS: Table = {
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Del: _delete,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.Assert: _assert,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
}
"""Handlers by node type."""
