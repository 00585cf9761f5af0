"""Is an expression the same each time it is evaluated, wherever in the file it stands?"""

from __future__ import annotations

import builtins
from collections.abc import Iterator

import libcst as cst

from fastapi_lint.facts import NONE, Cls, EventKind, Func, Import, Lit
from fastapi_lint.project import Project
from fastapi_lint.project.code.modules import Module
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    FunctionV,
    InstanceV,
    ModuleV,
    Type,
    Value,
)
from fastapi_lint.repair.names import binding_scope, comprehension_names, is_reference
from fastapi_lint.repair.opened import Comprehension, OpenedFile

_IMMUTABLE = frozenset(
    {
        "builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.bytes", "builtins.complex",
        "builtins.frozenset", "datetime.timedelta", "decimal.Decimal", "pathlib.Path", "pathlib.PurePath",
    }
)  # fmt: skip
_PLAIN_VALUES = frozenset(
    {
        "botocore.client.Config", "botocore.config.Config", "httpx.Limits", "httpx.Timeout", "pathlib.Path",
        "sqlalchemy.URL.create", "sqlalchemy.engine.URL.create", "datetime.timedelta",
    }
)  # fmt: skip
"""Calls that give an equal value for equal arguments, which nobody changes."""
_CHANGING = (cst.Await, cst.Yield, cst.Lambda, cst.NamedExpr, *Comprehension)
_MOST_HOPS = 8
_FIXED = (Func, Cls, Lit)


class Constancy:
    """Looks names up from the top level of their file: what a function has for itself is not constant."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._index = project.index
        self._inference = project.inference

    def is_constant(self, opened: OpenedFile, call: cst.Call) -> bool:
        """Whether a call is given nothing but literals and what the module binds once and nobody changes."""
        module = next((m for m in self._index.modules if m.path == opened.key), None)
        if module is None:
            return False
        hidden = comprehension_names(opened, call)
        for node in opened.inside(call):
            if isinstance(node, _CHANGING):
                return False
            if isinstance(node, cst.Subscript) and not _is_type(node.value):
                return False
            if isinstance(node, cst.Call) and node is not call and not self._is_plain_value(opened, module, node):
                return False
            if isinstance(node, cst.Name) and is_reference(opened, node):
                if node.value in hidden or not self._is_settled(opened, module, node):
                    return False
        return True

    def strings(self, opened: OpenedFile, call: cst.Call) -> Iterator[str]:
        """The texts that a call is given, by themselves or by a constant of the module."""
        module = next((m for m in self._index.modules if m.path == opened.key), None)
        for node in opened.inside(call):
            if isinstance(node, (cst.SimpleString, cst.FormattedString)):
                yield opened.text[opened.start(node) : opened.end(node)].lstrip("rRbBfFuU").strip("\"'")
            elif isinstance(node, cst.Name) and module is not None and is_reference(opened, node):
                yield from self._texts(module, node.value)

    def _texts(self, module: Module, name: str, hops: int = 0) -> Iterator[str]:
        """The texts that a variable of a module holds, which it may have from another one."""
        scope = module.facts.scopes[0]
        for number in scope.names.get(name, ()):
            value = scope.exprs[scope.defs[number].value]
            if isinstance(value, Lit) and isinstance(value.value, str):
                yield value.value
            elif isinstance(value, Import) and value.name is not None and hops < _MOST_HOPS:
                table = self._index.table
                key = (
                    table.relative(module, value.module, value.level)
                    if value.level
                    else table.absolute(module, value.module)
                )
                home = table.by_key.get(key) if key is not None else None
                if home is not None:
                    yield from self._texts(home, value.name, hops + 1)

    def _is_plain_value(self, opened: OpenedFile, module: Module, node: cst.Call) -> bool:
        func = node.func
        path: list[str] = []
        while isinstance(func, cst.Attribute):
            path.insert(0, func.attr.value)
            func = func.value
        if not isinstance(func, cst.Name) or binding_scope(opened, func.value, func) is not opened.tree:
            return False
        kinds = self._kinds(module, func.value)
        return bool(kinds) and all(
            (isinstance(value, ExternalV) and ".".join([value.name, *path]) in _PLAIN_VALUES)
            or (isinstance(value, FunctionV) and not path and self._is_made_once(value))
            for value in kinds
        )

    def _is_made_once(self, function: FunctionV) -> bool:
        """Whether a function of the project is cached and has no arguments."""
        is_cached = self._inference.decorators.is_cached(function.gid)
        return is_cached and not self._index.scope(function.gid).params

    def _is_settled(self, opened: OpenedFile, module: Module, name: cst.Name) -> bool:
        scope = binding_scope(opened, name.value, name)
        if scope is None:
            return hasattr(builtins, name.value) and not module.facts.star_imports
        if scope is not opened.tree:
            return False
        path: list[str] = []
        node: cst.CSTNode = name
        while isinstance(parent := opened.parent(node), cst.Attribute) and parent.value is node:
            path.append(parent.attr.value)
            node = parent
        return self._is_fixed(module, name.value, path)

    def _is_fixed(self, module: Module, name: str, path: list[str]) -> bool:
        """Whether `name.path` of a module never means anything else."""
        scope = module.facts.scopes[0]
        numbers = scope.names.get(name, ())
        if len(numbers) != 1 or self._index.rebinds.get((module.base, name)):
            return False
        if not path and isinstance(scope.exprs[scope.defs[numbers[0]].value], _FIXED):
            return True
        kinds = self._kinds(module, name)
        return bool(kinds) and all(self._is_fixed_value(value, path) for value in kinds)

    def _kinds(self, module: Module, name: str) -> Type:
        scope = module.facts.scopes[0]
        numbers = scope.names.get(name, ())
        return self._inference.type(self._inference.plain_frame(module.base), scope.defs[numbers[0]].value)

    def _is_fixed_value(self, value: Value, path: list[str]) -> bool:
        if isinstance(value, ExternalV):
            return True
        if isinstance(value, ExtInstanceV):
            return not path and value.name in _IMMUTABLE
        if isinstance(value, ModuleV):
            other = self._index.table.by_key.get(value.path)
            return bool(path) and other is not None and self._is_fixed(other, path[0], path[1:])
        if isinstance(value, (ClassV, FunctionV)):
            return not path
        return isinstance(value, InstanceV) and len(path) == 1 and self._is_set_once(value, path[0])

    def _is_set_once(self, owner: InstanceV, name: str) -> bool:
        """Whether an attribute, of settings for example, is no property and stays what the constructor made it."""
        if self._inference.classes.find_method(owner.gid, name) is not None or self._index.attribute_stores(name):
            return False
        return not any(
            event.kind == EventKind.STORE_ATTR and event.name == name
            for gid in range(self._index.count)
            if (scope := self._index.scope(gid)).kind == "function" and scope.name != "__init__"
            for event in scope.events
            if event.value != NONE
        )


def _is_type(node: cst.BaseExpression) -> bool:
    """Whether what is subscripted is spelled as a class: `list[X]`, `Annotated[X, ...]`; items of others may change."""
    name = node.attr if isinstance(node, cst.Attribute) else node
    return isinstance(name, cst.Name) and (hasattr(builtins, name.value) or name.value[:1].isupper())
