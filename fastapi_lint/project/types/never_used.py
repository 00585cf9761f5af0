"""Which classes and functions does only code name that cannot be reached?

`elif False: agent = BinaryAgent()`: nobody ever makes a `BinaryAgent`, so none of its methods runs. What nothing names
at all may be there for others, or be found by its name.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Free, Import, Lit, Scope, Use, Var
from fastapi_lint.project.types.classes import PLAIN_BASES

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_SEES_SUBCLASSES = frozenset({"__subclasses__", "__init_subclass__", "__mro_entries__"})


class NeverUsed:
    """Known once for the whole project; nothing is looked for where nothing is unreachable."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index

    def holds(self, gid: int) -> bool:
        """Whether a scope is such a class or function, or stands in one."""
        if not self._scopes:
            return False
        while gid != NONE and gid not in self._scopes:
            gid = self._index.parent(gid)
        return gid != NONE

    @cached_property
    def _scopes(self) -> frozenset[int]:
        wanted = {name for module in self._index.modules for name in module.facts.unreached}
        found = self._defined(wanted) if wanted else {}
        used = self._used(set(found.values())) if found else set()
        rest = {gid for gid, name in found.items() if name not in used}
        while True:
            made = {gid for gid in rest if not rest.issuperset(self._inference.classes.subclasses(gid))}
            if not made:
                return frozenset(rest)
            rest -= made

    def _defined(self, wanted: set[str]) -> dict[int, str]:
        """What modules define under these names, if nothing but its name leads to it."""
        return {
            gid: scope.name
            for gid, scope in enumerate(self._index.scopes)
            if scope.name in wanted
            and scope.kind in ("class", "function")
            and not scope.decorators
            and self._index.scope(self._index.parent(gid)).kind == "module"
            and (scope.kind == "function" or self._is_plain(gid, scope))
        }

    def _is_plain(self, gid: int, scope: Scope) -> bool:
        """Whether no base of a class, and no metaclass, can make anything of it or hand it out."""
        if scope.keywords or self._index.reading(_SEES_SUBCLASSES):
            return False
        frame = self._inference.plain_frame(self._index.parent(gid))
        return all(self._inference.type(frame, base) for base in scope.bases) and all(
            entry in PLAIN_BASES
            if isinstance(entry, str)
            else _SEES_SUBCLASSES.isdisjoint(self._index.scope(entry).names)
            for entry in self._inference.classes.mro(gid)
        )

    def _used(self, names: set[str]) -> set[str]:
        """Those of the names that code names which can be reached, or that a text names."""
        used = {name for module in self._index.modules for name in module.facts.exported or () if name in names}
        bases: dict[int, set[int]] = {}
        for gid, scope in enumerate(self._index.scopes):
            if scope.bases:
                bases.setdefault(self._index.parent(gid), set()).update(scope.bases)
        for gid, scope in enumerate(self._index.scopes):
            used.update(name for name in _named(scope, bases.get(gid, ())) if name in names)
        return used


def _named(scope: Scope, bases: Container[int]) -> Iterator[str]:
    """The names that a scope reads; that it imports, defines or derives from something is no use of it."""
    for number, node in enumerate(scope.exprs):
        if number in bases:
            continue
        if isinstance(node, (Attr, Var, Free)):
            yield node.name
        elif isinstance(node, Use):
            yield from (scope.defs[one].name for one in node.defs)
        elif isinstance(node, Lit) and isinstance(node.value, str):
            yield from node.value.replace(":", ".").split(".")
    for definition in scope.defs:
        value = scope.exprs[definition.value]
        if isinstance(value, Import) and value.name is not None and value.name != definition.name:
            yield value.name
