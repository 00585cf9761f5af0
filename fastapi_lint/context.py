"""What a node rule may ask while a file is walked."""

from __future__ import annotations

from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import NodeHandler, ScopeBuilder
from fastapi_lint.facts import Import, LocalDiagnostic
from fastapi_lint.rule import NodeRule


class NodeContext:
    """The scope that a node stands in."""

    def __init__(self, rule: NodeRule, scope: ScopeBuilder) -> None:
        self._rule = rule
        self._scope = scope

    def qualified_name(self, node: cst.BaseExpression) -> str | None:
        """The library name that an expression means (`functools.lru_cache`); None for everything first-party.

        A call stands for what is called: the name of `lru_cache(maxsize=None)` is that of `lru_cache`.
        """
        if isinstance(node, cst.Call):
            return self.qualified_name(node.func)
        if isinstance(node, cst.Attribute):
            base = self.qualified_name(node.value)
            return None if base is None else f"{base}.{node.attr.value}"
        return self._imported(node.value) if isinstance(node, cst.Name) else None

    def _imported(self, name: str) -> str | None:
        scope: ScopeBuilder | None = self._scope
        while scope is not None:
            # a function's own names are not looked up from the class around it
            if name in scope.names.bound and (scope.kind != "class" or scope is self._scope):
                break
            scope = scope.parent
        if scope is None:
            return f"builtins.{name}"
        values = [scope.exprs[scope.defs[number].value] for number in scope.bindings.get(name, ())]
        names = {_import_name(value) for value in values}
        return names.pop() if len(names) == 1 else None

    @property
    def in_async_function(self) -> bool:
        """Whether the node's own function is async."""
        return self._scope.signature.is_async

    @property
    def guards(self) -> tuple[cst.Try | cst.TryStar | cst.With, ...]:
        """The `try` and `with` statements of its own function in whose bodies the node stands, innermost last."""
        return tuple(self._scope.guards)

    @property
    def outer(self) -> NodeContext:
        """The scope around: decorators and defaults of a `def` are evaluated there."""
        return NodeContext(self._rule, self._scope.parent or self._scope)

    def report(self, node: cst.CSTNode, message: str) -> None:
        """Reports the rule at this expression."""
        place = self._scope.where(node)
        self._scope.module.diagnostics.append(LocalDiagnostic(self._rule.code, place, message))


def _import_name(value: Any) -> str | None:
    if not isinstance(value, Import) or value.level:
        return None
    return value.module if value.name is None else f"{value.module}.{value.name}"


def node_handlers(rules: list[NodeRule]) -> dict[type, tuple[NodeHandler, ...]]:
    """The handlers of all node rules by node type, ready for the walk."""
    table: dict[type, list[NodeHandler]] = {}
    for rule in rules:
        for kind, method in rule.handlers():
            table.setdefault(kind, []).append(_bound(rule, method))
    return {kind: tuple(handlers) for kind, handlers in table.items()}


def _bound(rule: NodeRule, method: Any) -> NodeHandler:
    def handle(node: Any, scope: ScopeBuilder) -> None:
        method(node, NodeContext(rule, scope))

    return handle
