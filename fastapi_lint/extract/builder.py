"""The tables of a scope while it is being lowered, and the flow of definitions through its control structure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import libcst as cst

from fastapi_lint.facts import (
    NONE,
    Cls,
    Def,
    Event,
    EventKind,
    Expr,
    Free,
    Func,
    Import,
    LocalDiagnostic,
    ModuleFacts,
    Opaque,
    ParamFacts,
    Phi,
    Place,
    PlaceTable,
    Rebind,
    Region,
    Scope,
    StarImport,
    Use,
    Var,
)
from fastapi_lint.scopes import ModuleNames, ScopeNames, names_in

Env = dict[str, tuple[int, ...]]
"""Which definitions reach this point, by name. None stands for a point that nothing reaches."""


Table = dict[type, Callable[["ScopeBuilder", Any], None]]
"""Handlers of statements by node type."""


class NodeHandler(Protocol):
    """A node rule's method, bound to the rule: called with the node and the place to look names up and report."""

    def __call__(self, node: Any, scope: ScopeBuilder) -> None: ...


@dataclass
class Signature:
    """What a `def`, `lambda` or `class` says of itself; all indices point into the parent scope's table."""

    params: tuple[ParamFacts, ...] = ()
    decorators: tuple[int, ...] = ()
    decorator_places: tuple[int, ...] = ()
    returns: int = NONE
    bases: tuple[int, ...] = ()
    keywords: tuple[tuple[str, int], ...] = ()
    is_async: bool = False
    is_stub: bool = False


class ModuleBuilder:
    """What all scopes of a module share."""

    def __init__(
        self,
        names: ModuleNames,
        statements: Table,
        handlers: dict[type, tuple[NodeHandler, ...]],
        strings: dict[int, str | bytes],
    ) -> None:
        """`strings` are the values of string literals that are known already, by the id of their node."""
        self.names = names
        self.strings = strings
        self.statements = statements
        self.handlers = handlers
        self.scopes: list[ScopeBuilder] = []
        self.wanted: list[cst.CSTNode] = []
        self._ordinals: dict[int, int] = {}
        self.rebinds: list[Rebind] = []
        self.star_imports: list[StarImport] = []
        self.exported: tuple[str, ...] | None = None
        self.diagnostics: list[LocalDiagnostic] = []
        self.unreached: set[str] = set()
        self.pending: deque[Callable[[], None]] = deque()

    def place(self, node: cst.CSTNode) -> int:
        """The ordinal of a place; the tree keeps the nodes alive, so that their ids stay unique."""
        ordinal = self._ordinals.setdefault(id(node), len(self.wanted))
        if ordinal == len(self.wanted):
            self.wanted.append(node)
        return ordinal

    def leave_out(self, nodes: Iterable[cst.CSTNode]) -> None:
        """Code that cannot be reached: all that is kept of it is what it names."""
        self.unreached |= names_in(nodes)

    def finish(self, places: tuple[Place, ...], names_pooler: bool) -> ModuleFacts:
        scopes = tuple(scope.finish() for scope in self.scopes)
        # Scopes and module know each other; parted, they let go of the tree at once, and nobody must look for cycles.
        self.scopes.clear()
        self.wanted.clear()
        return ModuleFacts(
            scopes=scopes,
            packed_places=PlaceTable.pack(places),
            rebinds=tuple(self.rebinds),
            star_imports=tuple(self.star_imports),
            exported=self.exported,
            diagnostics=tuple(self.diagnostics),
            names_pooler=names_pooler,
            unreached=tuple(sorted(self.unreached)),
        )


@dataclass
class _Loop:
    breaks: list[Env] = field(default_factory=list)
    continues: list[Env] = field(default_factory=list)


class ScopeBuilder:
    """One scope under construction."""

    def __init__(
        self,
        module: ModuleBuilder,
        kind: str,
        name: str,
        parent: ScopeBuilder | None,
        names: ScopeNames,
        place: int,
        signature: Signature,
    ) -> None:
        self.module = module
        self.kind = kind
        self.name = name
        self.parent = parent
        self.names = names
        self.place = place
        self.signature = signature
        self.index = len(module.scopes)
        module.scopes.append(self)
        self.qualname = _qualname(parent, name)
        self.exprs: list[Expr] = []
        self.defs: list[Def] = []
        self.events: list[Event] = []
        self.guards: list[Any] = []
        self.regions: list[Region] = [Region(NONE, "scope", NONE)]
        self.bindings: dict[str, list[int]] = {}
        self.env: Env | None = {}
        self.overlays: list[dict[str, tuple[int, ...]]] = []
        self.region = 0
        self.silent = 0
        # the region that a statement leaves behind for what follows it: kind, expression, parent
        self.implied: tuple[str, int, int | None, str] | None = None
        self.ended = 0
        self.detached = False
        self.loops: list[_Loop] = []
        self.is_generator = False

    # -- tables

    def expr(self, value: Expr) -> int:
        self.exprs.append(value)
        return len(self.exprs) - 1

    def opaque(self, kind: str = "") -> int:
        return self.expr(Opaque(kind))

    def where(self, node: cst.CSTNode) -> int:
        """The place of `node`; nodes that are not part of the file's tree (string annotations) have none."""
        return NONE if self.detached else self.module.place(node)

    def event(
        self, kind: int, expr: int, place: int = NONE, value: int = NONE, name: str = "", flag: bool = False
    ) -> None:
        if not self.silent and self.env is not None:
            self.events.append(Event(kind, expr, self.region, place, value, name, flag))

    def stands_in(self, kind: str) -> bool:
        """Whether the flow is in a region of this kind now."""
        region = self.region
        while region != NONE:
            if self.regions[region].kind == kind:
                return True
            region = self.regions[region].parent
        return False

    def define(self, name: str, value: int) -> int:
        """A new definition of a local name, out of the flow."""
        self.defs.append(Def(name, value, self.region))
        number = len(self.defs) - 1
        self.bindings.setdefault(name, []).append(number)
        return number

    def bind(self, name: str, value: int, place: int = NONE, augmented: bool = False) -> None:
        """An assignment to a bare name, wherever the name lives."""
        target = self.owner_of_declared(name)
        if target is not None:
            self.module.rebinds.append(Rebind(target.index, name, self.index, value))
            self.event(EventKind.REBIND, NONE, place, value, name, augmented)
            return
        number = self.define(name, value)
        if self.env is not None:
            self.env[name] = (number,)

    def owner_of_declared(self, name: str) -> ScopeBuilder | None:
        """The scope that a `global` or `nonlocal` statement of this scope gives `name` to."""
        if name in self.names.globals:
            return self.module.scopes[0] if self.index else None
        if name in self.names.nonlocals:
            return self._enclosing(name)
        return None

    # -- names

    def load(self, name: str, flow: bool = True) -> int:
        """The value of a name; without `flow` (annotations) any definition of the name will do."""
        for overlay in reversed(self.overlays):
            if name in overlay:
                return self.expr(Use(overlay[name]))
        if name in self.names.bound:
            if not flow:
                return self.expr(Var(self.index, name))
            reaching = self.env.get(name) if self.env is not None else None
            if reaching:
                return self.expr(Use(reaching))
            if self.kind != "class":
                return self.expr(Var(self.index, name))
        owner = self.module.scopes[0] if name in self.names.globals else self._enclosing(name)
        if owner is None:
            return self.expr(Free(name))
        loaded = self.expr(Var(owner.index, name))
        if flow and owner is not self:
            self._note_load(owner, name, loaded)
        return loaded

    def _note_load(self, owner: ScopeBuilder, name: str, loaded: int) -> None:
        """Only state matters to rules: names that are never anything but imports, functions or classes are no state."""
        numbers = owner.bindings.get(name, ())
        if numbers and all(isinstance(owner.exprs[owner.defs[n].value], (Import, Func, Cls)) for n in numbers):
            return
        self.event(EventKind.LOAD, loaded, name=name)

    def _enclosing(self, name: str) -> ScopeBuilder | None:
        scope = self.parent
        while scope is not None:
            if any(name in overlay for overlay in scope.overlays):
                return scope
            if scope.kind != "class" and name in scope.names.bound:
                return scope
            scope = scope.parent
        return None

    # -- control flow

    @contextmanager
    def within(self, kind: str, expr: int = NONE, parent: int | None = None) -> Iterator[int]:
        """A region of the control flow; gives its number. Handlers have their `try` as parent."""
        outer = self.region
        try:
            yield self.enter_region(kind, expr, parent)
        finally:
            self.region = outer

    def enter_region(self, kind: str, expr: int = NONE, parent: int | None = None, behind: str = "") -> int:
        """Puts what follows into a new region; the caller restores `region` at its end."""
        self.regions.append(Region(self.region if parent is None else parent, kind, expr, behind))
        self.region = len(self.regions) - 1
        return self.region

    @contextmanager
    def guarded(self, statement: Any) -> Iterator[None]:
        """The body of a `try` or `with` statement, which may handle what the body raises."""
        self.guards.append(statement)
        try:
            yield
        finally:
            self.guards.pop()

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Code that binds names but never runs."""
        self.silent += 1
        try:
            yield
        finally:
            self.silent -= 1

    def take_implied(self) -> tuple[str, int, int | None, str] | None:
        """The region that the last statement left behind, once."""
        implied, self.implied = self.implied, None
        return implied

    def fork(self) -> Env | None:
        """A copy of the environment, for the other way that control may take."""
        return None if self.env is None else dict(self.env)

    def since(self, start: int, entry: Env | None) -> Env | None:
        """The environment anywhere between `entry` and here: every definition made since number `start` may reach."""
        if entry is None:
            return None
        env = dict(entry)
        for number in range(start, len(self.defs)):
            name = self.defs[number].name
            env[name] = (*env.get(name, ()), number)
        return env

    def open_loop(self, names: set[str]) -> dict[str, int]:
        """Puts a phi in place of each name that the loop rebinds; gives the phis' definitions for `close_loop`."""
        self.loops.append(_Loop())
        phis: dict[str, int] = {}
        if self.env is None:
            return phis
        for name in sorted(names):
            if name not in self.names.bound:
                continue
            self.defs.append(Def(name, self.expr(Phi(self.env.get(name, ()))), self.region))
            phis[name] = len(self.defs) - 1
            self.env[name] = (phis[name],)
        return phis

    def close_loop(self, phis: dict[str, int]) -> list[Env]:
        """Feeds the definitions that come around into the phis; gives the environments of all `break`s."""
        loop = self.loops.pop()
        around = merge([*loop.continues, self.env])
        for name, number in phis.items():
            back = () if around is None else around.get(name, ())
            place = self.defs[number].value
            entry = self.exprs[place]
            if isinstance(entry, Phi):
                extra = tuple(n for n in back if n != number and n not in entry.defs)
                self.exprs[place] = Phi((*entry.defs, *extra))
        return loop.breaks

    def leave(self, which: str) -> None:
        """`break` or `continue`."""
        if self.loops and self.env is not None:
            loop = self.loops[-1]
            (loop.breaks if which == "break" else loop.continues).append(self.env)
        self.env = None

    def _final_names(self) -> dict[str, tuple[int, ...]]:
        """What other scopes see: in a function any definition, in a module or class those that are left at its end."""
        names = {name: tuple(numbers) for name, numbers in self.bindings.items()}
        if self.kind in ("module", "class") and self.env is not None:
            names.update((name, numbers) for name, numbers in self.env.items() if name in names)
        return names

    def finish(self) -> Scope:
        signature = self.signature
        return Scope(
            kind=self.kind,
            name=self.name,
            qualname=self.qualname,
            parent=NONE if self.parent is None else self.parent.index,
            place=self.place,
            exprs=tuple(self.exprs),
            defs=tuple(self.defs),
            events=tuple(self.events),
            regions=tuple(self.regions),
            names=self._final_names(),
            is_async=signature.is_async,
            is_generator=self.is_generator,
            is_stub=signature.is_stub,
            params=signature.params,
            decorators=signature.decorators,
            decorator_places=signature.decorator_places,
            returns=signature.returns,
            bases=signature.bases,
            keywords=signature.keywords,
            falls_through=self.env is not None,
        )


def merge(envs: list[Env | None]) -> Env | None:
    """Where several ways meet: every definition that reaches on any of them."""
    alive = [env for env in envs if env is not None]
    if not alive:
        return None
    merged = dict(alive[0])
    for env in alive[1:]:
        for name, numbers in env.items():
            known = merged.get(name)
            if known is None:
                merged[name] = numbers
            elif known != numbers:
                merged[name] = (*known, *(n for n in numbers if n not in known))
    return merged


def _qualname(parent: ScopeBuilder | None, name: str) -> str:
    if parent is None:
        return ""
    return f"{parent.qualname}.{name}" if parent.qualname else name
