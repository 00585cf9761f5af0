"""Which functions of the project or of followed packages does the catalogue describe?

What users say of their own code (`blocking`, `safe`, `entry-points`, ...) names functions that may stand in the project
itself, and a package that is followed may be catalogued. What is said wins over what the source shows. Names are
resolved by definitions and imports alone, before any type is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi_lint.catalogue import CallSpec, Catalogue, Library, TypeSpec
from fastapi_lint.facts import FOLLOWED, NONE, Cls, Expr, Func, Import, Use, Var
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.modules import Module

Described = dict[int, tuple[CallSpec, str]]
_MOST_HOPS = 16


def described(index: Index, catalogue: Catalogue) -> Described:
    """The entry of each function, and of each class that is listed as a function, with its qualified name."""
    return _Descriptions(index).of(catalogue)


class _Descriptions:
    def __init__(self, index: Index) -> None:
        self._index = index
        self._table = index.table
        self._found: Described = {}

    def of(self, catalogue: Catalogue) -> Described:
        followed = {module.key.split("/")[1] for module in self._index.modules if module.is_followed}
        for library in catalogue.bundled:
            if followed.intersection(module.split(".")[0] for module in library.modules):
                self._add(library, (FOLLOWED,))
        if catalogue.own:
            roots = tuple(dict.fromkeys(r for m in self._index.modules for r in self._table.roots(m.folder)))
            for library in catalogue.own:
                self._add(library, roots)
        return self._found

    def _add(self, library: Library, roots: tuple[str, ...]) -> None:
        for spec in library.function:
            for name in spec.names:
                for gid in self._named(name, roots):
                    self._found[gid] = (spec, name)
        for kind in library.type:
            for name in (kind.name, *kind.aliases):
                for gid in self._named(name, roots):
                    if self._index.scope(gid).kind == "class":
                        self._add_methods(kind, gid)

    def _add_methods(self, kind: TypeSpec, gid: int) -> None:
        """Exact names go before patterns, as in the catalogue."""
        for spec in sorted(kind.call, key=lambda spec: not any("*" in name for name in spec.names)):
            for name in spec.names:
                own = self._index.scope(gid).names
                methods = [each for each in own if not each.startswith("_")] if name == "*" else [name]
                for method in methods:
                    for function in self._method(gid, method):
                        shown = kind.name if method == "__init__" else f"{kind.name}.{method}"
                        self._found[function] = (spec, shown)

    # -- names

    def _named(self, qualified: str, roots: Iterable[str]) -> Iterator[int]:
        parts = qualified.split(".")
        for root in roots:
            for length in range(len(parts) - 1, 0, -1):
                key = "/".join([*([root] if root else []), *parts[:length]])
                module = self._table.by_key.get(key)
                if module is not None:
                    yield from self._inside(self._member(module, parts[length], 0), parts[length + 1 :])
                    break

    def _inside(self, gids: Iterable[int], path: list[str]) -> Iterator[int]:
        for gid in gids:
            if not path:
                yield gid
            elif self._index.scope(gid).kind == "class":
                yield from self._inside(self._method(gid, path[0]), path[1:])

    def _member(self, module: Module, name: str, hops: int) -> list[int]:
        if hops > _MOST_HOPS:
            return []
        found = self._bound(module.base, name, hops)
        for star in module.facts.star_imports if not found else ():
            source = self._module(module, star.module, star.level)
            if source is not None and source is not module:
                found += self._member(source, name, hops + 1)
        return found

    def _bound(self, gid: int, name: str, hops: int) -> list[int]:
        scope = self._index.scope(gid)
        values = [scope.exprs[scope.defs[number].value] for number in scope.names.get(name, ())]
        return [target for value in values for target in self._meant(gid, value, hops)]

    def _meant(self, gid: int, value: Expr, hops: int) -> list[int]:
        if isinstance(value, (Func, Cls)):
            return [self._index.local(gid, value.scope)]
        if isinstance(value, Use):
            scope = self._index.scope(gid)
            inner = [scope.exprs[scope.defs[number].value] for number in value.defs]
            return [target for each in inner if hops < _MOST_HOPS for target in self._meant(gid, each, hops + 1)]
        if isinstance(value, Var) and hops < _MOST_HOPS:
            return self._bound(self._index.local(gid, value.scope), value.name, hops + 1)
        if isinstance(value, Import) and value.name is not None:
            source = self._module(self._index.module(gid), value.module, value.level)
            return self._member(source, value.name, hops + 1) if source is not None else []
        return []

    def _module(self, importer: Module, name: str, level: int) -> Module | None:
        key = self._table.relative(importer, name, level) if level else self._table.absolute(importer, name)
        return self._table.by_key.get(key) if key is not None else None

    def _method(self, gid: int, name: str, hops: int = 0) -> list[int]:
        """The function of a class or of its bases."""
        found = self._bound(gid, name, hops)
        outer = self._index.parent(gid)
        if found or outer == NONE or hops > _MOST_HOPS:
            return found
        for base in self._index.scope(gid).bases:
            for owner in self._meant(outer, self._index.scope(outer).exprs[base], hops + 1):
                found += self._method(owner, name, hops + 1)
        return found
