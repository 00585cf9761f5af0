"""Does anything in the project use a function, or does it only stand there?"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Import, Lit, Use, Var
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.types.values import ClassV, InstanceV

_LONGEST = 200
_CLOSERS = frozenset({"closing", "aclosing"})
_CLOSED_BY = frozenset({"close", "aclose"})


class Uses:
    """Where names of functions and methods are mentioned."""

    def __init__(self, graph: Graph, contexts: Contexts) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts

    def may_run(self, gid: int) -> bool:
        """Whether some other code names the function, or somebody else's code may call it."""
        scope = self._index.scope(gid)
        if scope.kind != "function" or scope.decorators or self._contexts.categories(gid):
            return True
        if scope.name.startswith("__") or not scope.name.isidentifier():  # called by Python, or a lambda
            return True
        sites = [site for site in self._mentions.get(scope.name, ()) if site[0] != gid]
        owner = self._index.class_of(gid)
        if owner == NONE:
            return bool(sites)
        if self._inference.classes.external_bases(owner) or (scope.name in _CLOSED_BY and self._closes_others):
            return True
        return any(self._may_mean(site, expr, owner) for site, expr in sites)

    def _may_mean(self, gid: int, expr: int, owner: int) -> bool:
        """Whether `x.method` may be a method of the class: if nothing says that x is something else."""
        node = self._index.scope(gid).exprs[expr]
        if not isinstance(node, Attr):
            return isinstance(node, Lit)
        kind = self._inference.type(self._inference.plain_frame(gid), node.base)
        classes = self._inference.classes
        return not kind or any(
            isinstance(value, (ClassV, InstanceV))
            and (classes.is_subclass(value.gid, owner) or classes.is_subclass(owner, value.gid))
            for value in kind
        )

    @cached_property
    def _closes_others(self) -> bool:
        return any(name in self._mentions for name in _CLOSERS)

    @cached_property
    def _mentions(self) -> dict[str, list[tuple[int, int]]]:
        """Where names, attributes, imports and texts name a function, with the scope and the expression that does."""
        found: dict[str, list[tuple[int, int]]] = {}
        functions = {scope.name for scope in self._index.scopes}.union(_CLOSERS)
        for gid, scope in enumerate(self._index.scopes):
            defined = {n for n, definition in enumerate(scope.defs) if definition.name in functions}
            for number, node in enumerate(scope.exprs):
                if type(node) is Use:
                    named = () if defined.isdisjoint(node.defs) else defined.intersection(node.defs)
                    for name in {scope.defs[definition].name for definition in named}:
                        found.setdefault(name, []).append((gid, number))
                elif type(node) is Attr or type(node) is Var or type(node) is Import:
                    if node.name is not None and node.name in functions:
                        found.setdefault(node.name, []).append((gid, number))
                elif type(node) is Lit and isinstance(node.value, str) and len(node.value) < _LONGEST:
                    last = node.value.rpartition(":")[2].rpartition(".")[2]
                    if last in functions:
                        found.setdefault(last, []).append((gid, number))
        return found
