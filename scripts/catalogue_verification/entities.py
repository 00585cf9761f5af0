"""Questions about what was found, that need no further look-up."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from catalogue_verification.tables import Entity, Function, FunctionNode, Opaque

COROUTINES = {"Awaitable", "Coroutine", "AsyncIterator", "AsyncGenerator", "AsyncIterable", "AsyncContextManager"}
# They leave a method what it is; any other decorator may make a property of it.
_PLAIN_DECORATORS = {"staticmethod", "classmethod", "abstractmethod", "overload", "override", "final", "deprecated"}


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def firm(candidates: Iterable[Entity]) -> list[Entity]:
    return [candidate for candidate in candidates if not isinstance(candidate, Opaque)]


def best(candidates: Iterable[Entity]) -> Entity | None:
    """The first that is certain, else the first."""
    first: Entity | None = None
    for candidate in candidates:
        if not isinstance(candidate, Opaque):
            return candidate
        first = first or candidate
    return first


def is_async(candidates: Iterable[Entity]) -> bool:
    """Whether nothing else than a coroutine function can be meant: of overloads, some may be."""
    functions = [candidate for candidate in candidates if isinstance(candidate, Function)]
    return bool(functions) and all(map(_is_coroutine_function, functions))


def _is_coroutine_function(function: Function) -> bool:
    if isinstance(function.node, ast.AsyncFunctionDef):
        return True
    returns = function.node.returns
    return isinstance(returns, ast.Subscript) and last_name(returns.value) in COROUTINES


def may_be_property(node: FunctionNode) -> bool:
    return any(last_name(decorator) not in _PLAIN_DECORATORS for decorator in node.decorator_list)
