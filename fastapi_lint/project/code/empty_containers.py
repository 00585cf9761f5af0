"""Which variables of modules are lists, dictionaries or sets that stay empty?

`PROVIDERS = {}`, and all that the project does with that name, here and where it is imported, is to look into it. Who
stores an item, calls anything else of it, hands it out or on, or gets at it by its name may fill it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, Free, Import, Lit, Map, Scope, Seq, Use, Var
from fastapi_lint.project.code.iterables import are_only_read

if TYPE_CHECKING:
    from fastapi_lint.project.code.index import Index
    from fastapi_lint.project.code.modules import Module

_MAKERS = frozenset({Free("dict"), Free("list"), Free("set")})
_ALL_NAMES = ("globals", "locals", "vars")
_BY_NAME = ("getattr", "setattr")


class EmptyContainers:
    """Answers by module and name, kept; all that such a name stands for anywhere in the project counts as the same."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[tuple[int, str], bool] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that modules bind to an empty container: few, so that most questions end here."""
        return frozenset(
            name
            for module in self._index.modules
            for name in module.facts.scopes[0].names
            if self._is_made_empty(module, name)
        )

    def holds(self, gid: int, name: str) -> bool:
        """Whether a variable of the module `gid` is a container that stays empty."""
        if name not in self.names:
            return False
        key = (gid, name)
        if key not in self._known:
            self._known[key] = self._stays_empty(self._index.module(gid), name)
        return self._known[key]

    def _is_made_empty(self, module: Module, name: str) -> bool:
        scope = module.facts.scopes[0]
        numbers = scope.names[name]
        made = scope.exprs[scope.defs[numbers[0]].value] if len(numbers) == 1 else None
        if type(made) is Declared and made.value != NONE:
            made = scope.exprs[made.value]
        if type(made) is Seq:
            return made.kind in ("list", "set") and not made.items
        if type(made) is Call:
            return not made.args and not made.keywords and scope.exprs[made.func] in _MAKERS
        return type(made) is Map and not made.keys

    def _stays_empty(self, module: Module, name: str) -> bool:
        index, facts = self._index, module.facts
        if not self._is_made_empty(module, name) or (module.base, name) in index.rebinds:
            return False
        if self._has_other_names(facts.scopes[0], name):
            return False
        if facts.star_imports or name in (facts.exported or ()) or index.attribute_stores(name):
            return False  # what a package names as its own is there for others, too
        if any(index.module(site.gid) is module for asked in _ALL_NAMES for site in index.call_sites(asked)):
            return False
        if any(self._is_named(site.gid, site.expr, name) for asked in _BY_NAME for site in index.call_sites(asked)):
            return False
        own = facts.scopes[0].names[name]
        return self._is_only_read(module.base, name, own) and all(
            self._is_only_read(gid, name, ()) for gid in self._scopes(name) if gid != module.base
        )

    def _has_other_names(self, scope: Scope, name: str) -> bool:
        """Whether the statement that makes it binds something else to it, too: `found = registry.found = {}`."""
        made = scope.defs[scope.names[name][0]].value
        return sum(one.value == made for one in scope.defs) > 1 or any(event.value == made for event in scope.events)

    def _is_named(self, gid: int, expr: int, name: str) -> bool:
        """Whether a call names an attribute by such a text."""
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        return isinstance(node, Call) and any(scope.exprs[one] == Lit(name) for one in node.args)

    def _scopes(self, name: str) -> Iterator[int]:
        """The scopes that may mean the variable: by its name, or by a star import."""
        yield from self._index.reading((name,))
        for module in self._index.modules:
            if module.facts.star_imports:
                yield from range(module.base, module.base + len(module.facts.scopes))

    def _is_only_read(self, gid: int, name: str, own: tuple[int, ...]) -> bool:
        """Whether a scope only looks into what it calls so; `own` are the definitions that are the container itself."""
        scope = self._index.scope(gid)
        imported = {number for number, made in enumerate(scope.defs) if _imports(scope, made.value, name)}
        if any(scope.defs[number].name != name for number in imported):
            return False  # under another name it is not followed
        meant = imported.union(own)
        uses = {
            number
            for number, node in enumerate(scope.exprs)
            if (isinstance(node, (Attr, Free, Var)) and node.name == name)
            or (isinstance(node, Use) and not meant.isdisjoint(node.defs))
        }
        return are_only_read(scope, uses)


def _imports(scope: Scope, expr: int, name: str) -> bool:
    node = scope.exprs[expr]
    return isinstance(node, Import) and node.name == name
