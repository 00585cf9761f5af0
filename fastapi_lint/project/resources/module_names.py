"""Which module variables do requests use, directly or through what is made of them?"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Call, Import, Scope, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import parts
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.types.values import ModuleV

Name = tuple[int, str]
"""The gid of a module and a variable of it."""


class ModuleNames:
    """An engine is used where the session factory is used that was made of it."""

    def __init__(self, graph: Graph, requests: Reach) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._requests = requests
        self._bound: dict[int, dict[int, list[Name]]] = {}

    def serves(self, module: int, name: str) -> bool:
        """Whether request handling uses the variable."""
        return (module, name) in self._used

    @cached_property
    def _used(self) -> frozenset[Name]:
        found: set[Name] = set()
        todo: list[Name] = []
        for gid in {frame.gid for frame in self._requests.frames}:
            todo += self._mentioned(gid)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self._made_of(*name)
        return frozenset(found)

    def _mentioned(self, gid: int) -> list[Name]:
        """The variables of modules that a function names."""
        scope = self._index.scope(gid)
        module = self._index.module(gid).base
        frame = self._inference.plain_frame(gid)
        found: list[Name] = []
        for node in scope.exprs:
            if type(node) is Var:
                owner = self._index.local(gid, node.scope)
                found += [(owner, node.name)] if self._index.scope(owner).kind == "module" else []
            elif type(node) is Attr:
                found += self._members(frame, node)
            elif type(node) is Import and node.name is not None:
                found += self._imported(module, node)
        return found

    def _members(self, frame: Frame, node: Attr) -> list[Name]:
        modules = [value for value in self._inference.type(frame, node.base) if type(value) is ModuleV]
        sources = [self._index.table.by_key.get(value.path) for value in modules]
        return [(source.base, node.name) for source in sources if source is not None]

    def _made_of(self, module: int, name: str) -> list[Name]:
        """What the values of a module variable name in turn: imports, arguments of constructors, other variables."""
        scope = self._index.scope(module)
        found: list[Name] = []
        for number in scope.names.get(name, ()):
            for part in _ingredients(scope, scope.defs[number].value):
                node = scope.exprs[part]
                if type(node) is Import and node.name is not None:
                    found += self._imported(module, node)
                elif type(node) is Var and node.scope == 0:
                    found.append((module, node.name))
                elif type(node) is Attr:
                    found += self._members(self._index.frame(module), node)
                found += self._names_of(module, part)
        return found

    def _names_of(self, module: int, expr: int) -> list[Name]:
        """The variables that were bound to this very expression."""
        bound = self._bound.get(module)
        if bound is None:
            bound = self._bound[module] = {}
            for definition in self._index.scope(module).defs:
                bound.setdefault(definition.value, []).append((module, definition.name))
        return bound.get(expr, [])

    def _imported(self, module: int, node: Import) -> list[Name]:
        home = self._index.module(module)
        table = self._index.table
        if node.level:
            key = table.relative(home, node.module, node.level)
        else:
            key = table.absolute(home, node.module)
        source = table.by_key.get(key) if key is not None else None
        return [(source.base, node.name or "")] if source is not None and source.base != NONE else []


def _ingredients(scope: Scope, expr: int) -> set[int]:
    """What a value is made of: not the object whose method gave it, which the value has left behind."""
    behind: set[int] = set()
    for number in parts(scope, expr):
        node = scope.exprs[number]
        func = scope.exprs[node.func] if type(node) is Call else None
        if type(func) is Attr:
            behind.update(parts(scope, func.base))
    return {number for number in parts(scope, expr) if number not in behind}
