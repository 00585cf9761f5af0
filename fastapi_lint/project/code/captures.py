"""Which functions around it does a function take something from?

A function knows what those were given that made it, and runs once for each set of that. It needs no more of it than
Python keeps in its closure: a project whose methods all stand under one decorator had 763 frames of a function inside
that decorator which names nothing of it.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Scope, Var
from fastapi_lint.project.code.index import Index

_NONE: frozenset[int] = frozenset()


class Captures:
    """Read off the code of a module when one of its functions is first asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._named: dict[int, dict[int, set[int]]] = {}
        self._known: dict[int, frozenset[int]] = {}

    def of(self, gid: int) -> frozenset[int] | None:
        """The functions around a function, by gid, whose variables it depends on; None for one that hands all on."""
        scope = self._index.scope(gid)
        if any(parameter.kind in ("args", "kwargs") for parameter in scope.params):
            return None  # it may stand for the function that a decorator was given: `binding` looks at what is bound
        known = self._known.get(gid)
        if known is None:
            known = self._known[gid] = self._all(gid, scope)
        return known

    def _all(self, gid: int, scope: Scope) -> frozenset[int]:
        found = set(self._of_module(gid).get(gid, _NONE))
        if self._has_dependent_header(gid, scope):
            found.add(self._index.parent(gid))
        for around in tuple(found):  # their variables may hold what these have taken from further out
            found |= self._of_module(around).get(around, _NONE)
            parent = self._index.parent(around)
            if parent != NONE and self._has_dependent_header(around, self._index.scope(around)):
                found.add(parent)
        return frozenset(found)

    def _has_dependent_header(self, gid: int, scope: Scope) -> bool:
        """Whether a default, an annotation or a decorator depends on what the function around was given."""
        parent = self._index.parent(gid)
        if parent == NONE:
            return False
        header = [expr for one in scope.params for expr in (one.default, one.annotation)]
        return any(
            self._index.dependences(parent)[expr]
            for expr in (*header, scope.returns, *scope.decorators)
            if expr != NONE
        )

    def _of_module(self, gid: int) -> dict[int, set[int]]:
        """For each scope the functions around it whose variables it names itself, or what stands in it does."""
        module = self._index.module(gid)
        known = self._named.get(module.base)
        if known is None:
            known = self._named[module.base] = {}
            for number, scope in enumerate(module.facts.scopes):
                for node in scope.exprs:
                    if node.__class__ is Var and node.scope:
                        self._note(known, module.base + number, module.base + node.scope)
        return known

    def _note(self, named: dict[int, set[int]], gid: int, owner: int) -> None:
        while gid not in (owner, NONE):
            named.setdefault(gid, set()).add(owner)
            gid = self._index.parent(gid)
