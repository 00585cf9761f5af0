"""Which variables stand for what several processes share? `Manager().dict()`, and dictionaries that hold only such.

Where a program makes them for several workers only, it has a dictionary of its own for the one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Await, Call, Choice, Declared, EventKind, Import, Narrow, Phi, Sub, Use, Var
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExtInstanceV, InstanceV

Variable = tuple[int, str]
"""The gid of a module and a variable of it."""

_MANAGER = "multiprocessing.managers.BaseManager"
_TABLES = frozenset({"dict", "list"})
_LOOKS_UP = frozenset({"get", "setdefault"})
_MOST_HOPS = 6


class Proxies:
    """Found where managers make tables; from there through the variables in which they are put."""

    def __init__(self, inference: Inference) -> None:
        self._index = inference.index
        self._inference = inference

    def is_proxy(self, module: int, name: str) -> bool:
        """Whether a variable of a module is such a table, or holds them."""
        return (module, name) in self._found

    @cached_property
    def _found(self) -> frozenset[Variable]:
        sites = [site for name in sorted(_TABLES) for site in self._index.call_sites(name)]
        modules = {self._index.module(site.gid).base: None for site in sites}
        stores = [one for module in modules if self._has_processes(module) for one in self._stores(module)]
        found: set[Variable] = set()
        while new := {variable for variable, value in stores if self._is_one(value, found, 0)} - found:
            found |= new
        return frozenset(found)

    def _has_processes(self, module: int) -> bool:
        """Whether a module imports what starts processes: no other one is looked at."""
        return any(
            type(node) is Import and node.module.partition(".")[0] == "multiprocessing"
            for scope in self._index.module(module).facts.scopes
            for node in scope.exprs
        )

    def _makes(self, gid: int, expr: int) -> bool:
        """Whether a call asks a manager of processes for a table."""
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(func, Attr) or func.name not in _TABLES:
            return False
        return any(
            (isinstance(one, ExtInstanceV) and self._inference.libraries.is_a(one, _MANAGER))
            or (isinstance(one, InstanceV) and self._inference.classes.derives_from(one.gid, _MANAGER))
            for one in self._inference.type(self._inference.plain_frame(gid), func.base)
        )

    def _stores(self, module: int) -> Iterator[tuple[Variable, Site]]:
        """What a module puts into its variables, and into what these hold."""
        here = self._index.scope(module)
        for name, numbers in here.names.items():
            values = [Site(module, here.defs[number].value) for number in numbers]
            yield from (((module, name), value) for value in (*values, *self._index.rebinds.get((module, name), ())))
        for gid in range(module, module + len(self._index.module(module).facts.scopes)):
            scope = self._index.scope(gid)
            for event in scope.events:
                node = scope.exprs[event.expr] if event.kind == EventKind.STORE_ITEM else None
                if isinstance(node, Var) and event.value != NONE and self._index.local(gid, node.scope) == module:
                    yield (module, node.name), Site(gid, event.value)

    def _is_one(self, value: Site, known: set[Variable], hops: int) -> bool:
        """Whether a value is a table that a manager has made, or an item of a variable that holds them."""
        scope = self._index.scope(value.gid)
        node = scope.exprs[value.expr]
        if hops > _MOST_HOPS:
            return False
        if isinstance(node, (Use, Phi)):
            inside = [scope.defs[number].value for number in node.defs]
        elif isinstance(node, Choice):
            inside = list(node.items)
        elif isinstance(node, (Await, Narrow, Declared)):
            inside = [node.value] if node.value != NONE else []
        elif isinstance(node, Var):
            return (self._index.local(value.gid, node.scope), node.name) in known
        elif isinstance(node, Sub):
            inside = [node.base]
        elif isinstance(node, Call):
            func = scope.exprs[node.func]
            inside = [func.base] if isinstance(func, Attr) and func.name in _LOOKS_UP else []
            if self._makes(value.gid, value.expr):
                return True
        else:
            return False
        return any(self._is_one(Site(value.gid, one), known, hops + 1) for one in inside)
