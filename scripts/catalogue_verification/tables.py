"""What the text of a module or class defines: names, and what stands for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Union

FunctionNode = Union[ast.FunctionDef, ast.AsyncFunctionDef]  # noqa: UP007 - the other form cannot be made at run time


@dataclass(eq=False)
class Scope:
    """Where a definition is written: names are looked up here, then in what is around, then in the module."""

    module: str
    package: str
    table: Table | None = None
    parent: Scope | None = None
    owner: Class | None = None


@dataclass(frozen=True)
class Module:
    name: str


@dataclass(frozen=True, eq=False)
class Class:
    node: ast.ClassDef
    scope: Scope


@dataclass(frozen=True, eq=False)
class Function:
    node: FunctionNode
    scope: Scope


@dataclass(frozen=True, eq=False)
class Value:
    annotation: ast.expr | None
    value: ast.expr | None
    scope: Scope


@dataclass(frozen=True, eq=False)
class Import:
    """`name` of `module`; without a name, the module itself."""

    module: str
    name: str | None = None


@dataclass(frozen=True)
class Opaque:
    """Something that reading the source cannot decide."""

    reason: str


Entity = Union[Module, Class, Function, Value, Opaque]  # noqa: UP007 - as above
Entry = Union[Class, Function, Value, Import]  # noqa: UP007 - as above


@dataclass(eq=False)
class Table:
    names: dict[str, list[Entry]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    # `Class.method = function` outside of the class
    attached: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    # what is behind the name is decided when the module runs
    reason: str | None = None
    # submodules and members that a module's `__getattr__` imports: name -> module, member
    lazy: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, name: str, entry: Entry) -> None:
        self.names.setdefault(name, []).append(entry)


def scan(body: Iterable[ast.stmt], scope: Scope, table: Table) -> None:
    """Collects what the statements define, whichever branch they are in."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            table.add(node.name, Function(node, scope))
        elif isinstance(node, ast.ClassDef):
            table.add(node.name, Class(node, scope))
        elif isinstance(node, ast.Import):
            _scan_import(node, table)
        elif isinstance(node, ast.ImportFrom):
            _scan_import_from(node, scope, table)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _scan_target(target, node.value, scope, table)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            table.add(node.target.id, Value(node.annotation, node.value, scope))
        else:
            for part in _blocks(node):
                scan(part, scope, table)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for part in getattr(node, name, ()):
            yield [part] if isinstance(part, ast.stmt) else part.body


def _scan_import(node: ast.Import, table: Table) -> None:
    for alias in node.names:
        root = alias.name.split(".")[0]
        table.add(alias.asname or root, Import(alias.name if alias.asname else root))


def _scan_import_from(node: ast.ImportFrom, scope: Scope, table: Table) -> None:
    base = node.module or ""
    if node.level:
        parts = scope.package.split(".")
        parts = parts[: len(parts) - (node.level - 1)]
        base = ".".join([*parts, base] if base else parts)
    for alias in node.names:
        if alias.name == "*":
            table.stars.append(base)
        else:
            table.add(alias.asname or alias.name, Import(base, alias.name))


def _scan_target(target: ast.expr, value: ast.expr, scope: Scope, table: Table) -> None:
    if isinstance(target, ast.Name):
        table.add(target.id, Value(None, value, scope))
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        table.attached.setdefault((target.value.id, target.attr), []).append(Value(None, value, scope))
    elif isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        for index, part in enumerate(target.elts):
            _scan_target(part, values[index] if len(values) == len(target.elts) else value, scope, table)


_RUN_TIME = re.compile(r"\bglobals\(\)[.\[]|sys\.modules\[__name__\]|\b(?:lazy|lazy_loader)\.attach|recreate_module\(")


def scan_module(tree: ast.Module, text: str, scope: Scope, table: Table) -> None:
    scan(tree.body, scope, table)
    if "__getattr__" in table.names:
        table.reason = f"made by `__getattr__` of module `{scope.module}`"
        _scan_imports_inside(table, scope)
    elif _RUN_TIME.search(text):
        table.reason = f"`{scope.module}` makes names at run time"
    if table.reason is not None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                _scan_lazy(node, scope, table)


def _scan_imports_inside(table: Table, scope: Scope) -> None:
    """`__getattr__` may simply import what is asked for."""
    for entry in tuple(table.names["__getattr__"]):
        for node in ast.walk(entry.node) if isinstance(entry, Function) else ():
            if isinstance(node, ast.ImportFrom):
                _scan_import_from(node, scope, table)


def _scan_lazy(node: ast.Dict, scope: Scope, table: Table) -> None:
    """The tables of lazy imports: `{"Name": "module"}`, `{"Name": ("module", "member")}`, `{"module": ["Name"]}`."""
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            continue
        texts = [
            part.value
            for part in (value.elts if isinstance(value, ast.Tuple | ast.List) else [value])
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        for text in texts:
            module, _, attribute = text.partition(":")
            _add_lazy(table, key.value, module, attribute or key.value, scope)
            _add_lazy(table, text, key.value, text, scope)
        if len(texts) == 2:
            _add_lazy(table, key.value, texts[0], texts[1], scope)


def _add_lazy(table: Table, name: str, module: str, member: str, scope: Scope) -> None:
    """Relative or absolute: the data does not say which."""
    targets = table.lazy.setdefault(name, [])
    targets.append((f"{scope.package}.{module.lstrip('.')}", member))
    if not module.startswith("."):
        targets.append((module, member))
        targets.append((module.rpartition(".")[0], module.rpartition(".")[2]))
