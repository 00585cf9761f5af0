"""All scopes of the project under one numbering, and the tables that are read off them once."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Call,
    Declared,
    Event,
    EventKind,
    Expr,
    Free,
    Import,
    Lit,
    Map,
    ModuleFacts,
    Param,
    Scope,
    Use,
    Var,
)
from fastapi_lint.project.code.dependence import dependences
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.modules import Module, ModuleTable
from fastapi_lint.project.code.spelling import is_empty, is_receiver
from fastapi_lint.project.types.values import ClassV, InstanceV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.flow.told import Told

_FrameKey = tuple[
    int, InstanceV | ClassV | None, tuple[tuple[int, int, Type], ...], bool, tuple[str, ...], "tuple[Told, ...]"
]
_STORE = EventKind.STORE_ATTR
_YIELD = EventKind.YIELD


class Site(msgspec.Struct, frozen=True, gc=False):
    """An expression of a scope."""

    gid: int
    expr: int


class Index:
    """Scopes by global number (`gid`), and where names are called, stored and rebound."""

    def __init__(self, files: Iterable[tuple[str, ModuleFacts]], source_roots: Iterable[str] = ()) -> None:
        self.modules: list[Module] = []
        self._bases: list[int] = []
        base = 0
        for path, facts in files:
            self.modules.append(Module(path, facts, base))
            self._bases.append(base)
            base += len(facts.scopes)
        self.count = base
        self.table = ModuleTable(self.modules, source_roots)
        self._module_of: list[Module] = [m for m in self.modules for _ in m.facts.scopes]
        self.scopes: list[Scope] = [scope for m in self.modules for scope in m.facts.scopes]
        self._parents: list[int] = [
            NONE if scope.parent == NONE else m.base + scope.parent for m in self.modules for scope in m.facts.scopes
        ]
        self._frames: dict[_FrameKey, Frame] = {}
        self._bare: dict[int, Frame] = {}
        self.rebinds: dict[tuple[int, str], list[Site]] = {}
        for module in self.modules:
            for rebind in module.facts.rebinds:
                key = (module.base + rebind.target, rebind.name)
                self.rebinds.setdefault(key, []).append(Site(module.base + rebind.scope, rebind.value))
        self.rebound = frozenset(gid for gid, _ in self.rebinds)
        self._call_sites: dict[str, list[Site]] | None = None
        self._reading: dict[str, list[int]] | None = None
        self._doing: dict[int, list[int]] | None = None
        self._inside: dict[int, dict[int, list[int]]] = {}
        self._nested: dict[int, bool] = {}
        self._dependences: dict[int, tuple[int, ...]] = {}
        self._outside_stores: dict[str, list[tuple[Site, int]]] | None = None
        self._emptied: frozenset[str] | None = None
        self._state: dict[str, list[Site]] = {}
        self._yielded: dict[str, list[Site]] = {}
        self._state_read = False

    def module(self, gid: int) -> Module:
        return self._module_of[gid]

    def scope(self, gid: int) -> Scope:
        return self.scopes[gid]

    def frame(
        self,
        gid: int,
        receiver: InstanceV | ClassV | None = None,
        bound: tuple[tuple[int, int, Type], ...] = (),
        awaited: bool = False,
        holds: tuple[str, ...] = (),
        told: tuple[Told, ...] = (),
    ) -> Frame:
        """The scope `gid` as it runs so: the same object for the same question."""
        key = (gid, receiver, bound, awaited, holds, told)
        known = self._frames.get(key)
        if known is None:
            plain = self.frame(gid, receiver) if bound or awaited or holds or told else None
            bits = self.dependences(gid) if bound else ()
            known = self._frames[key] = Frame(gid, receiver, bound, awaited, holds, told, self.scopes[gid], plain, bits)
            if awaited or holds or told:  # that changes what the caller gets of it and what it runs, and no type in it
                known.answers = self.frame(gid, receiver, bound).answers
        return known

    def dependences(self, gid: int) -> tuple[int, ...]:
        """On what that a caller passes each expression of a scope depends, as bits (see `dependence`)."""
        known = self._dependences.get(gid)
        if known is None:
            parent = self.parent(gid)
            is_nested = parent != NONE and self.is_nested(parent)
            known = self._dependences[gid] = dependences(self.scopes[gid], is_nested)
        return known

    def around(self, gid: int, frame: Frame) -> Frame:
        """The scope `gid` around what a frame runs, as it ran then: modules, and classes in them, run only once."""
        if not self.is_nested(gid):
            bare = self._bare.get(gid)
            if bare is None:
                bare = self._bare[gid] = self.frame(gid)
            return bare
        return self.frame(gid, frame.receiver, frame.bound)

    def is_nested(self, gid: int) -> bool:
        """Whether a scope is a function, or stands in one."""
        known = self._nested.get(gid)
        if known is None:
            found = gid
            while found != NONE and self.scopes[found].kind not in ("function", "lambda"):
                found = self.parent(found)
            known = self._nested[gid] = found != NONE
        return known

    def module_at(self, ordinal: int) -> Module:
        return self.modules[bisect_right(self._bases, ordinal) - 1]

    def parent(self, gid: int) -> int:
        """The gid of the scope around this one, or NONE for a module."""
        return self._parents[gid]

    def local(self, gid: int, scope: int) -> int:
        """The gid of another scope of the same module, by its number there."""
        return self._module_of[gid].base + scope

    def class_of(self, gid: int) -> int:
        """The class whose body holds this function directly, or NONE."""
        parent = self._parents[gid]
        return parent if parent != NONE and self.scopes[parent].kind == "class" else NONE

    def method_around(self, gid: int) -> int:
        """The method that this scope is, or is nested in; NONE outside of classes."""
        while gid != NONE:
            if self.scopes[gid].kind == "function" and self.class_of(gid) != NONE:
                return gid
            gid = self.parent(gid)
        return NONE

    def is_receiver(self, gid: int, expr: int) -> bool:
        """Whether an expression is the receiver of the method that a scope is, or is nested in."""
        scope = self.scopes[gid]
        node = scope.exprs[expr]
        if not isinstance(node, Var):
            return is_receiver(scope, expr)
        owner = self.local(gid, node.scope)
        around = self.scopes[owner]
        values = [around.exprs[definition.value] for definition in around.defs if definition.name == node.name]
        return self.class_of(owner) != NONE and bool(values) and all(value == Param(0) for value in values)

    def is_sentinel(self, gid: int, expr: int) -> bool:
        """Whether an expression names an `object()` of its module: it stands for nothing where None is a value."""
        node = self.scopes[gid].exprs[expr]
        if not isinstance(node, Var) or self.scopes[owner := self.local(gid, node.scope)].kind != "module":
            return False
        around = self.scopes[owner]
        values = [around.exprs[around.defs[number].value] for number in around.names.get(node.name, ())]
        made = values[0] if len(values) == 1 else None
        if isinstance(made, Declared) and made.value != NONE:
            made = around.exprs[made.value]
        return isinstance(made, Call) and not made.args and around.exprs[made.func] == Free("object")

    def name(self, gid: int) -> str:
        """How messages call a scope: `Class.method`, `function`, or `module` for the top level of a file."""
        scope = self.scopes[gid]
        return scope.qualname or "module level"

    def emptied_attributes(self) -> frozenset[str]:
        """The attributes that anything but a constructor empties again, by name."""
        if self._emptied is None:
            self._emptied = frozenset(
                event.name
                for scope in map(self.scope, self.doing(_STORE))
                for event in scope.events
                if event.kind is _STORE
                and is_empty(scope, event.value)
                and not (scope.name == "__init__" and is_receiver(scope, event.expr))
            )
        return self._emptied

    def attribute_stores(self, name: str) -> list[tuple[Site, int]]:
        """Where code stores the attribute `name` of others than its receiver: the object and the value.

        `cache.redis = client`; the value is NONE for `del cache.redis`.
        """
        if self._outside_stores is None:
            self._outside_stores = {}
            for gid in self.doing(_STORE):
                scope = self.scopes[gid]
                is_method = self.class_of(gid) != NONE
                for event in scope.events:
                    if event.kind is _STORE and not (is_method and is_receiver(scope, event.expr)):
                        stores = self._outside_stores.setdefault(event.name, [])
                        stores.append((Site(gid, event.expr), event.value))
        return self._outside_stores.get(name, [])

    def call_sites(self, name: str) -> list[Site]:
        """Every call whose callee is spelled `name` or `x.name`."""
        if self._call_sites is None:
            found: defaultdict[str, list[Site]] = defaultdict(list)
            for gid, scope in enumerate(self.scopes):
                exprs = scope.exprs
                for number, expr in enumerate(exprs):
                    if type(expr) is Call:
                        found[_spelled(scope, exprs[expr.func])].append(Site(gid, number))
            self._call_sites = dict(found)
        return self._call_sites.get(name, [])

    def reading(self, names: Iterable[str]) -> list[int]:
        """The scopes that read any of these names, a variable's, an attribute's or an import's, in order."""
        if self._reading is None:
            found: defaultdict[str | None, list[int]] = defaultdict(list)
            for gid, scope in enumerate(self.scopes):
                named = {n.name for n in scope.exprs if type(n) is Attr or type(n) is Var or type(n) is Import}
                for name in named:
                    found[name].append(gid)
            self._reading = {name: gids for name, gids in found.items() if name is not None}
        return sorted({gid for name in names for gid in self._reading.get(name, ())})

    def calling(self, names: Iterable[str]) -> list[int]:
        """The scopes that call what is spelled with any of these names, in order."""
        return sorted({site.gid for name in names for site in self.call_sites(name)})

    def doing(self, *kinds: int) -> list[int]:
        """The scopes in which anything of these kinds happens, in order."""
        if self._doing is None:
            self._doing = {}
            for gid, scope in enumerate(self.scopes):
                for kind in {event.kind for event in scope.events}:
                    self._doing.setdefault(kind, []).append(gid)
        if len(kinds) == 1:
            return self._doing.get(kinds[0], [])
        return sorted({gid for kind in kinds for gid in self._doing.get(kind, ())})

    def inside(self, gid: int) -> list[int]:
        """The scopes that stand directly in this one, in order."""
        module = self._module_of[gid]
        known = self._inside.get(module.base)
        if known is None:
            known = self._inside[module.base] = {}
            for number, scope in enumerate(module.facts.scopes):
                known.setdefault(module.base + scope.parent, []).append(module.base + number)
        return known.get(gid, [])

    def spelled(self, gid: int, expr: int) -> str:
        """The last name that an expression is spelled with: `name` for `name` and for `x.name`."""
        scope = self.scopes[gid]
        return _spelled(scope, scope.exprs[expr])

    def state_stores(self, name: str) -> list[Site]:
        """Every value stored in `x.state.name`."""
        self._read_state()
        return self._state.get(name, [])

    def yielded_items(self, name: str) -> list[Site]:
        """The values under the key `name` in dicts that generators yield."""
        self._read_state()
        return self._yielded.get(name, [])

    def _read_state(self) -> None:
        if self._state_read:
            return
        self._state_read = True
        for gid in self.doing(_STORE, _YIELD):
            scope = self.scopes[gid]
            for event in scope.events:
                if event.kind is _STORE and event.value != NONE and _is_state(scope, event.expr):
                    self._state.setdefault(event.name, []).append(Site(gid, event.value))
                elif event.kind is _YIELD and event.expr != NONE:
                    for key, value in _items(scope, event.expr):
                        self._yielded.setdefault(key, []).append(Site(gid, value))

    def stores(self, gid: int) -> list[Event]:
        """The attribute stores on the receiver in a method."""
        scope = self.scopes[gid]
        return [e for e in scope.events if e.kind is _STORE and is_receiver(scope, e.expr)]


def _is_state(scope: Scope, expr: int) -> bool:
    """Whether an expression is spelled `x.state`, or is a local name for that."""
    node = scope.exprs[expr]
    if type(node) is Use and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return type(node) is Attr and node.name == "state"


def _items(scope: Scope, expr: int) -> list[tuple[str, int]]:
    node = scope.exprs[expr]
    if type(node) is Use and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    if type(node) is not Map:
        return []
    found = []
    for key, value in zip(node.keys, node.values, strict=True):
        literal = scope.exprs[key] if key != NONE else None
        if type(literal) is Lit and isinstance(literal.value, str):
            found.append((literal.value, value))
    return found


def _spelled(scope: Scope, func: Expr) -> str:
    if type(func) is Attr or type(func) is Free or type(func) is Var:
        return func.name
    if type(func) is Use and func.defs:
        definition = scope.defs[func.defs[0]]
        value = scope.exprs[definition.value]
        return value.name if type(value) is Import and value.name else definition.name
    return ""
