"""What does this name mean? Imports, re-exports, star imports, module members, builtins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Declared, EventKind, Func, Import, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.modules import Module
from fastapi_lint.project.types.values import ExternalV, ModuleV, Type, union

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_RETURN = EventKind.RETURN


class Names:
    """Look-ups of names that the flow inside of one scope does not settle."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._open: set[tuple[str, str]] = set()
        self._members: dict[tuple[int, str], Type] = {}
        self._builtins: dict[str, Type] = {}
        self._returns: dict[int, tuple[int, ...]] = {}

    def variable(self, frame: Frame, gid: int, name: str) -> Type:
        """Any value that `name` of scope `gid` may have, seen from `frame` (a scope inside of it, or itself)."""
        scope = self._index.scope(gid)
        if scope.kind == "module":
            return self.member(self._index.module(gid), name)
        inside = self._index.around(gid, frame)
        types = [self._inference.type(inside, scope.defs[number].value) for number in scope.names.get(name, ())]
        return self._any_of(gid, name, types)

    def _any_of(self, gid: int, name: str, bound: list[Type]) -> Type:
        """What a name may stand for: a declaration with None says no more than what other scopes fill in later."""
        rebound = self._rebound(gid, name)
        if not rebound or not bound or not self._is_declared_empty(gid, name):
            return union([*bound, *rebound])
        values = (self._index.scope(site.gid).exprs[site.expr] for site in self._index.rebinds[(gid, name)])
        is_known = all(kind or value == Lit(None) for kind, value in zip(rebound, values, strict=True))
        if not is_known or self._index.attribute_stores(name):
            return union([*bound, *rebound])
        filled = union(rebound)
        return union([self._inference.annotations.refine(union(bound), filled), filled])

    def _is_declared_empty(self, gid: int, name: str) -> bool:
        """Whether the scope of a name says what it may hold, and leaves it empty: `agent: Agent | None = None`."""
        scope = self._index.scope(gid)
        values = [scope.exprs[scope.defs[number].value] for number in scope.names[name]]
        return all(
            isinstance(value, Declared) and value.value != NONE and scope.exprs[value.value] == Lit(None)
            for value in values
        )

    def _rebound(self, gid: int, name: str) -> list[Type]:
        """What other scopes assign to it; where that is unknown, what its declaration allows."""
        found = []
        for site in self._index.rebinds.get((gid, name), ()):
            kind = self._inference.type(self._inference.plain_frame(site.gid), site.expr)
            if not kind and self._index.scope(site.gid).exprs[site.expr] != Lit(None):
                kind = self._declared(gid, name)
            found.append(kind)
        return found

    def _declared(self, gid: int, name: str) -> Type:
        scope, frame = self._index.scope(gid), self._inference.plain_frame(gid)
        values = [scope.exprs[scope.defs[number].value] for number in scope.names.get(name, ())]
        annotations = [value.annotation for value in values if isinstance(value, Declared)]
        return union(self._inference.annotations.type(frame, annotation) for annotation in annotations)

    @property
    def is_looking_up(self) -> bool:
        """Whether a member of a module is being looked up: modules that import it from each other have none."""
        return bool(self._open)

    def member(self, module: Module, name: str) -> Type:
        """The attribute `name` of a first-party module, wherever it comes from."""
        known = self._members.get((module.base, name))
        if known is not None:
            return known
        key = (module.key, name)
        if key in self._open:  # two modules that import the name from each other
            return ()
        is_cut_short = self._inference.is_cut_short
        self._open.add(key)
        try:
            found, is_settled = self._inference.apart(lambda: self._member(module, name))
        finally:
            self._open.discard(key)
        if is_settled and not is_cut_short:
            self._members[module.base, name] = found
        return found

    def _member(self, module: Module, name: str) -> Type:
        scope = module.facts.scopes[0]
        frame = self._index.frame(module.base)
        if module.facts.star_imports and name in scope.names:
            later = self.star(module, name, max(scope.names[name], default=NONE))
            if later:
                return later
        types = [self._inference.type(frame, scope.defs[number].value) for number in scope.names.get(name, ())]
        found = self._any_of(module.base, name, types)
        if found or name in scope.names:
            return found
        submodule = f"{module.key}/{name}" if module.key else name
        if module.is_package and self._index.table.exists(submodule):
            return (ModuleV(submodule),)
        return self.star(module, name) or self._imported_on_demand(module, name)

    def _imported_on_demand(self, module: Module, name: str) -> Type:
        """What the `__getattr__` of a module (PEP 562) imports under the very name that is asked for."""
        scope = module.facts.scopes[0]
        found: list[Type] = []
        for number in scope.names.get("__getattr__", ()):
            function = scope.exprs[scope.defs[number].value]
            if isinstance(function, Func):
                inner = module.facts.scopes[function.scope]
                values = [inner.exprs[inner.defs[each].value] for each in inner.names.get(name, ())]
                found += [self.imported(module, value) for value in values if isinstance(value, Import)]
        return union(found)

    def star(self, module: Module, name: str, after: int = NONE) -> Type:
        """What a star import of `module` gives for `name`; the last one that has the name wins.

        Only star imports that stand behind definition number `after` count.
        """
        for star in reversed(module.facts.star_imports):
            if star.after <= after:
                return ()
            key = self.module_key(module, star.module, star.level)
            if key is None:
                continue
            source = self._index.table.by_key.get(key)
            if source is None or source is module or not _exports(source, name):
                continue
            found = self.member(source, name)
            if found:
                return found
        return ()

    def has_external_star(self, module: Module) -> bool:
        """Whether a star import of a library may define any name here."""
        return any(self.module_key(module, star.module, star.level) is None for star in module.facts.star_imports)

    def module_key(self, module: Module, name: str, level: int) -> str | None:
        """The first-party module, or package, that an import in `module` names; None for a library's."""
        if level:
            return self._index.table.relative(module, name, level)
        return self._index.table.absolute(module, name)

    def imported(self, module: Module, statement: Import) -> Type:
        """What an import statement binds."""
        key = self.module_key(module, statement.module, statement.level)
        if key is None:
            if statement.level or self._index.table.owns(module, statement.module.split(".")[0]):
                return ()  # a first-party module that is not there
            name = statement.module if statement.name is None else f"{statement.module}.{statement.name}"
            return (self._inference.libraries.external(name),)
        if statement.name is None:
            return (ModuleV(key),)
        submodule = f"{key}/{statement.name}"
        if key == module.key and self._index.table.exists(submodule):
            return (ModuleV(submodule),)  # `from . import part` in the package's own file binds what it asks for
        return self.of_module(key, statement.name)

    def of_module(self, key: str, name: str) -> Type:
        """The member `name` of the module or namespace package at `key`."""
        source = self._index.table.by_key.get(key)
        if source is not None:
            found = self.member(source, name)
            if found or name in source.facts.scopes[0].names:
                return found
        submodule = f"{key}/{name}" if key else name
        return (ModuleV(submodule),) if self._index.table.exists(submodule) else ()

    def free(self, module: Module, name: str) -> Type:
        """A name that the module does not bind: from a star import, else a builtin."""
        if module.facts.star_imports:
            found = self.star(module, name)
            if found:
                return found
            if self.has_external_star(module):
                return ()
        known = self._builtins.get(name)
        if known is None:
            known = self._builtins[name] = (ExternalV(f"builtins.{name}"),)
        return known

    def returns(self, gid: int) -> tuple[int, ...]:
        """The expressions that a function returns, without those of a bare `return`."""
        known = self._returns.get(gid)
        if known is None:
            events = self._index.scope(gid).events
            known = self._returns[gid] = tuple(e.expr for e in events if e.kind is _RETURN and e.expr != NONE)
        return known


def _exports(module: Module, name: str) -> bool:
    if module.facts.exported is not None:
        return name in module.facts.exported
    return not name.startswith("_")
