"""All scopes of the project under one numbering, and the tables that are read off them once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    Choice,
    Declared,
    Event,
    EventKind,
    Expr,
    Free,
    Import,
    Lit,
    Map,
    ModuleFacts,
    Narrow,
    Param,
    Scope,
    Seq,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.dependence import OUTER, dependences, parameter_bit
from fastapi_lint.project.modules import Module, ModuleTable
from fastapi_lint.project.values import ClassV, InstanceV, LiteralV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.calls import Callee

OTHER = LiteralV("\0")
"""A string that passes none of the project's tests."""

_STRING_TESTS = frozenset({"equals", "differs", "among", "not among"})


class Frame:
    """A scope as it runs: for which receiver, and with what is known of parameters beyond their annotations.

    `awaited` says that the caller awaits what a plain `def` returns: of several ways to end it takes one that gives
    something awaitable. `holds` names attributes that the caller has found filled on the receiver (see `held`).

    There is one object for each frame (`Index.frame` makes them), so that comparing frames costs nothing: by value it
    took 7 % of the time. `answers` belongs to `inference`: the types of expressions, and a number for one that is
    being computed, at that depth. `plain` is the frame of the scope in which nothing is bound, None for that very one:
    it answers for all expressions that do not depend on what is bound. Their bits are in `dependences`, and what is
    bound is in `given` (see `dependence`). `dead` and `sure` belong to `dead_branches`: the regions that are
    never taken, and those that are taken always; `callees` to `frame_walk`: what the calls run that are the same in all
    frames of the scope.
    """

    __slots__ = (
        "answers",
        "awaited",
        "bound",
        "callees",
        "dead",
        "dependences",
        "gid",
        "given",
        "holds",
        "plain",
        "receiver",
        "scope",
        "sure",
    )

    def __init__(
        self,
        gid: int,
        receiver: InstanceV | ClassV | None,
        bound: tuple[tuple[int, int, Type], ...],
        awaited: bool,
        holds: tuple[str, ...],
        scope: Scope,
        plain: Frame | None,
        dependences: tuple[int, ...],
    ) -> None:
        """`scope` is the code of `gid`."""
        self.gid = gid
        self.receiver = receiver
        self.bound = bound
        self.awaited = awaited
        self.holds = holds
        self.scope = scope
        self.answers: dict[int, Type | int] = {}
        self.callees: dict[int, list[Callee]] = {}
        self.dead: frozenset[int] | None = None
        self.sure: frozenset[int] | None = None
        self.plain = plain
        self.dependences = dependences
        self.given = 0
        for owner, number, _ in bound:
            self.given |= OUTER | (parameter_bit(number) if owner == gid else 0)

    def depends(self, expr: int) -> bool:
        """Whether the type of an expression depends on what is bound in this frame."""
        return bool(self.given) and bool(self.dependences[expr] & self.given)


_FrameKey = tuple[int, InstanceV | ClassV | None, tuple[tuple[int, int, Type], ...], bool, tuple[str, ...]]


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
        self._scopes: list[Scope] = [scope for m in self.modules for scope in m.facts.scopes]
        self._frames: dict[_FrameKey, Frame] = {}
        self.rebinds: dict[tuple[int, str], list[Site]] = {}
        for module in self.modules:
            for rebind in module.facts.rebinds:
                key = (module.base + rebind.target, rebind.name)
                self.rebinds.setdefault(key, []).append(Site(module.base + rebind.scope, rebind.value))
        self._call_sites: dict[str, list[Site]] | None = None
        self._nested: dict[int, bool] = {}
        self._dependences: dict[int, tuple[int, ...]] = {}
        self._tested: dict[int, frozenset[int]] = {}
        self._kept: dict[int, dict[int, str]] = {}
        self._asked: dict[int, tuple[int, frozenset[str]]] = {}
        self._asked_attributes: dict[int, frozenset[str]] = {}
        self._attribute_tests: frozenset[str] | None = None
        self._outside_stores: dict[str, list[tuple[Site, int]]] | None = None
        self._string_tests: tuple[tuple[str, ...], tuple[str, ...], frozenset[str]] | None = None
        self._emptied: frozenset[str] | None = None
        self._state: dict[str, list[Site]] = {}
        self._yielded: dict[str, list[Site]] = {}
        self._state_read = False

    def module(self, gid: int) -> Module:
        return self._module_of[gid]

    def scope(self, gid: int) -> Scope:
        return self._scopes[gid]

    def frame(
        self,
        gid: int,
        receiver: InstanceV | ClassV | None = None,
        bound: tuple[tuple[int, int, Type], ...] = (),
        awaited: bool = False,
        holds: tuple[str, ...] = (),
    ) -> Frame:
        """The scope `gid` as it runs so: the same object for the same question."""
        key = (gid, receiver, bound, awaited, holds)
        known = self._frames.get(key)
        if known is None:
            plain = self.frame(gid, receiver) if bound or awaited or holds else None
            bits = self._dependences_of(gid) if bound else ()
            known = self._frames[key] = Frame(gid, receiver, bound, awaited, holds, self._scopes[gid], plain, bits)
            if awaited or holds:  # that changes what the caller gets of it and what it runs, and no type in it
                known.answers = self.frame(gid, receiver, bound).answers
        return known

    def _dependences_of(self, gid: int) -> tuple[int, ...]:
        known = self._dependences.get(gid)
        if known is None:
            parent = self.parent(gid)
            is_nested = parent != NONE and self.is_nested(parent)
            known = self._dependences[gid] = dependences(self._scopes[gid], is_nested)
        return known

    def around(self, gid: int, frame: Frame) -> Frame:
        """The scope `gid` around what a frame runs, as it ran then: modules, and classes in them, run only once."""
        if not self.is_nested(gid):
            return self.frame(gid)
        return self.frame(gid, frame.receiver, frame.bound)

    def is_nested(self, gid: int) -> bool:
        """Whether a scope is a function, or stands in one."""
        known = self._nested.get(gid)
        if known is None:
            found = gid
            while found != NONE and self._scopes[found].kind not in ("function", "lambda"):
                found = self.parent(found)
            known = self._nested[gid] = found != NONE
        return known

    def module_at(self, ordinal: int) -> Module:
        return self.modules[bisect_right(self._bases, ordinal) - 1]

    def parent(self, gid: int) -> int:
        """The gid of the scope around this one, or NONE for a module."""
        parent = self._scopes[gid].parent
        return NONE if parent == NONE else self._module_of[gid].base + parent

    def local(self, gid: int, scope: int) -> int:
        """The gid of another scope of the same module, by its number there."""
        return self._module_of[gid].base + scope

    def class_of(self, gid: int) -> int:
        """The class whose body holds this function directly, or NONE."""
        parent = self.parent(gid)
        return parent if parent != NONE and self._scopes[parent].kind == "class" else NONE

    def method_around(self, gid: int) -> int:
        """The method that this scope is, or is nested in; NONE outside of classes."""
        while gid != NONE:
            if self._scopes[gid].kind == "function" and self.class_of(gid) != NONE:
                return gid
            gid = self.parent(gid)
        return NONE

    def is_receiver(self, gid: int, expr: int) -> bool:
        """Whether an expression is the receiver of the method that a scope is, or is nested in."""
        scope = self._scopes[gid]
        node = scope.exprs[expr]
        if not isinstance(node, Var):
            return is_receiver(scope, expr)
        owner = self.local(gid, node.scope)
        around = self._scopes[owner]
        values = [around.exprs[definition.value] for definition in around.defs if definition.name == node.name]
        return self.class_of(owner) != NONE and bool(values) and all(value == Param(0) for value in values)

    def is_sentinel(self, gid: int, expr: int) -> bool:
        """Whether an expression names an `object()` of its module: it stands for nothing where None is a value."""
        node = self._scopes[gid].exprs[expr]
        if not isinstance(node, Var) or self._scopes[owner := self.local(gid, node.scope)].kind != "module":
            return False
        around = self._scopes[owner]
        values = [around.exprs[around.defs[number].value] for number in around.names.get(node.name, ())]
        made = values[0] if len(values) == 1 else None
        if isinstance(made, Declared) and made.value != NONE:
            made = around.exprs[made.value]
        return isinstance(made, Call) and not made.args and around.exprs[made.func] == Free("object")

    def name(self, gid: int) -> str:
        """How messages call a scope: `Class.method`, `function`, or `module` for the top level of a file."""
        scope = self._scopes[gid]
        return scope.qualname or "module level"

    def tested_parameters(self, gid: int) -> frozenset[int]:
        """The parameters of a function that its conditions, or those of functions inside it, look at."""
        known = self._tested.get(gid)
        if known is None:
            scope = self._scopes[gid]
            found: set[int] = set()
            for region in scope.regions:
                if region.kind in ("if", "else") and region.expr != NONE:
                    found |= _parameters_in(scope, region.expr)
            found |= {  # passed on as they are, perhaps to a function that tests them
                number
                for expr in scope.exprs
                if isinstance(expr, Call)
                for argument in (*expr.args, *(value for _, value in expr.keywords))
                for number in _parameters_in(scope, argument)
            }
            if scope.name == "__init__":
                found |= {n for n, name in self.kept_parameters(gid).items() if name in self._tested_attributes()}
            known = self._tested[gid] = frozenset(found)
        return known

    def asked_keywords(self, gid: int) -> tuple[int, frozenset[str]]:
        """The parameter `**kwargs` of a function and the names that the function asks it for, if it only asks."""
        known = self._asked.get(gid)
        if known is None:
            scope = self._scopes[gid]
            number = next((n for n, parameter in enumerate(scope.params) if parameter.kind == "kwargs"), NONE)
            names = _asked_keywords(scope, number) if number != NONE else frozenset()
            known = self._asked[gid] = (number, names)
        return known

    def kept_parameters(self, gid: int) -> dict[int, str]:
        """The parameters that a constructor stores as they are, with the names of the attributes."""
        known = self._kept.get(gid)
        if known is None:
            scope = self._scopes[gid]
            known = self._kept[gid] = {
                number: event.name
                for event in self.stores(gid)
                if event.value != NONE
                for number in _parameters_in(scope, event.value)
            }
        return known

    def _tested_attributes(self) -> frozenset[str]:
        """The attributes of receivers that conditions of the project look at, by name."""
        if self._attribute_tests is None:
            self._attribute_tests = frozenset(
                name
                for scope in self._scopes
                if scope.params
                for region in scope.regions
                if region.kind in ("if", "else") and region.expr != NONE
                for name in _attributes_in(scope, region.expr)
            )
        return self._attribute_tests

    def attributes_asked(self, owner: int) -> frozenset[str]:
        """The attributes of their receiver that conditions in the methods of a class look at."""
        known = self._asked_attributes.get(owner)
        if known is None:
            module = self._module_of[owner]
            known = self._asked_attributes[owner] = frozenset(
                name
                for number, scope in enumerate(module.facts.scopes)
                if scope.kind == "function" and self.parent(module.base + number) == owner
                for region in scope.regions
                if region.kind in ("if", "else") and region.expr != NONE
                for name in _attributes_in(scope, region.expr)
            )
        return known

    def emptied_attributes(self) -> frozenset[str]:
        """The attributes that anything but a constructor empties again, by name."""
        if self._emptied is None:
            self._emptied = frozenset(
                event.name
                for scope in self._scopes
                for event in scope.events
                if event.kind == EventKind.STORE_ATTR
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
            for gid, scope in enumerate(self._scopes):
                for event in scope.events:
                    if event.kind == EventKind.STORE_ATTR and not is_receiver(scope, event.expr):
                        stores = self._outside_stores.setdefault(event.name, [])
                        stores.append((Site(gid, event.expr), event.value))
        return self._outside_stores.get(name, [])

    def string_class(self, gid: int, number: int, text: str) -> LiteralV | None:
        """A string argument as tests tell strings apart: itself if any test of the project may pass, else `OTHER`.

        Most strings pass none, so that the many calls of a function share a frame. None where neither the function nor
        anything it may hand the string to looks at it.
        """
        if number not in self.tested_parameters(gid):
            return None
        prefixes, suffixes, whole = self._tested_strings()
        fits = not text or text in whole or text.startswith(prefixes) or text.endswith(suffixes)
        return LiteralV(text) if fits else OTHER

    def scheme(self, prefix: str) -> str:
        """What tests of the project may ask of the beginning of a text: the scheme of an address, else nothing."""
        scheme, mark, _ = prefix.partition("://")
        known = scheme + mark if mark or prefix == "http" else ""
        return known if known and any("://" in tested for tested in self._tested_strings()[0]) else ""

    def _tested_strings(self) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
        if self._string_tests is None:
            self._string_tests = _string_tests(scope for scope in self._scopes if scope.params)
        return self._string_tests

    def call_sites(self, name: str) -> list[Site]:
        """Every call whose callee is spelled `name` or `x.name`."""
        if self._call_sites is None:
            self._call_sites = {}
            for gid, scope in enumerate(self._scopes):
                for number, expr in enumerate(scope.exprs):
                    if isinstance(expr, Call):
                        spelled = _spelled(scope, scope.exprs[expr.func])
                        self._call_sites.setdefault(spelled, []).append(Site(gid, number))
        return self._call_sites.get(name, [])

    def spelled(self, gid: int, expr: int) -> str:
        """The last name that an expression is spelled with: `name` for `name` and for `x.name`."""
        scope = self._scopes[gid]
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
        for gid, scope in enumerate(self._scopes):
            for event in scope.events:
                if event.kind == EventKind.STORE_ATTR and event.value != NONE and _is_state(scope, event.expr):
                    self._state.setdefault(event.name, []).append(Site(gid, event.value))
                elif event.kind == EventKind.YIELD and event.expr != NONE:
                    for key, value in _items(scope, event.expr):
                        self._yielded.setdefault(key, []).append(Site(gid, value))

    def stores(self, gid: int) -> list[Event]:
        """The attribute stores on the receiver in a method."""
        scope = self._scopes[gid]
        return [e for e in scope.events if e.kind == EventKind.STORE_ATTR and is_receiver(scope, e.expr)]


def is_receiver(scope: Scope, expr: int) -> bool:
    """Whether an expression is the method's own first parameter."""
    value = scope.exprs[expr]
    if not isinstance(value, Use):
        return False
    return all(scope.exprs[scope.defs[n].value] == Param(0) for n in value.defs)


def is_empty(scope: Scope, value: int) -> bool:
    """Whether what is stored leaves an attribute empty: `del`, `None`, `False`, an empty display."""
    node = scope.exprs[value] if value != NONE else None
    if isinstance(node, Lit):
        return not node.value
    return node is None or getattr(node, "items", getattr(node, "keys", None)) == ()


def _string_tests(scopes: Iterable[Scope]) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """The prefixes, suffixes and whole strings that functions compare their parameters with."""
    affixes: dict[str, set[str]] = {"startswith": set(), "endswith": set()}
    whole: set[str] = set()
    for scope in scopes:
        for node in scope.exprs:
            if isinstance(node, Bin) and node.op in _STRING_TESTS:
                if _parameters_in(scope, node.left):
                    whole.update(strings(scope, node.right))
            elif isinstance(node, Call) and node.args:
                func = scope.exprs[node.func]
                if isinstance(func, Attr) and func.name in affixes and _parameters_in(scope, func.base):
                    affixes[func.name].update(strings(scope, node.args[0]))
    return tuple(sorted(affixes["startswith"])), tuple(sorted(affixes["endswith"])), frozenset(whole)


def strings(scope: Scope, expr: int) -> list[str]:
    """The strings of a literal, or of a display of literals."""
    node = scope.exprs[expr]
    items = node.items if isinstance(node, Seq) else (expr,)
    literals = [scope.exprs[item] for item in items]
    return [value.value for value in literals if isinstance(value, Lit) and isinstance(value.value, str)]


def _parameters_in(scope: Scope, expr: int) -> set[int]:
    """The parameters that a condition names, through `not`, `and`, `or`, `is`."""
    node = scope.exprs[expr]
    if isinstance(node, Bin):
        return _parameters_in(scope, node.left) | _parameters_in(scope, node.right)
    if isinstance(node, Choice):
        return {number for item in node.items for number in _parameters_in(scope, item)}
    if isinstance(node, Declared) and node.value != NONE:
        return _parameters_in(scope, node.value)
    if isinstance(node, Narrow):
        return _parameters_in(scope, node.value)
    if isinstance(node, Use):
        values = [(scope.defs[number].value, scope.exprs[scope.defs[number].value]) for number in node.defs]
        if len(values) == 1 and isinstance(test := values[0][1], Bin) and test.op in ("is", "is not", "not"):
            return _parameters_in(scope, values[0][0])  # a test that has a name
        narrowed = {n for at, value in values if isinstance(value, Narrow) for n in _parameters_in(scope, at)}
        return narrowed | {value.index for _, value in values if isinstance(value, Param)}
    if isinstance(node, Call) and isinstance(func := scope.exprs[node.func], Attr):
        return _parameters_in(scope, func.base) if func.name in ("startswith", "endswith") else set()
    return set()


def is_parameter(scope: Scope, expr: int, number: int) -> bool:
    """Whether an expression is a parameter as the caller gave it."""
    node = scope.exprs[expr]
    if not isinstance(node, Use):
        return False
    return all(scope.exprs[scope.defs[n].value] == Param(number) for n in node.defs)


def _asked_keywords(scope: Scope, number: int) -> frozenset[str]:
    names: set[str] = set()
    for node in scope.exprs:
        if isinstance(node, Bin) and node.op in ("among", "not among") and is_parameter(scope, node.right, number):
            names.update(strings(scope, node.left))
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(node, Call) and isinstance(func, Attr) and is_parameter(scope, func.base, number):
            if func.name not in ("get", "pop") or not node.args:
                return frozenset()  # something else may be done to it
            names.update(strings(scope, node.args[0]))
    changed = [n for n, e in enumerate(scope.events) if _puts_into(scope, e, number)]
    return frozenset(names) if all(_is_asked_before(scope, n, number) for n in changed) else frozenset()


def _puts_into(scope: Scope, event: Event, number: int) -> bool:
    return event.kind == EventKind.STORE_ITEM and is_parameter(scope, event.expr, number)


def _is_asked_before(scope: Scope, store: int, number: int) -> bool:
    """Whether a function puts into its `**kwargs` what it has asked for before, and asks for it no more."""
    event = scope.events[store]
    target = stored_item(scope, event)
    region = event.region
    while region != NONE:
        if scope.regions[region].kind == "loop":
            return False
        region = scope.regions[region].parent
    names = strings(scope, target.index) if target is not None else []
    later = scope.events[store + 1 :]
    asked = [e for e in later if e.kind in (EventKind.CALL, EventKind.OP) and _asks(scope, e.expr, number, names)]
    return bool(names) and not asked


def _asks(scope: Scope, expr: int, number: int, names: list[str]) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Bin):  # an operator's event has its sides the other way round
        return any(is_parameter(scope, side, number) for side in (node.left, node.right))
    if not isinstance(node, Call) or not isinstance(func := scope.exprs[node.func], Attr):
        return False
    return is_parameter(scope, func.base, number) and strings(scope, node.args[0]) == names


def stored_item(scope: Scope, event: Event) -> Sub | None:
    """The target of a store into an item, with its index."""
    if event.kind != EventKind.STORE_ITEM:
        return None
    for node in reversed(scope.exprs):
        if isinstance(node, Sub) and node.place == event.place and node.base == event.expr:
            return node
    return None


def _attributes_in(scope: Scope, expr: int) -> set[str]:
    """The attributes of the receiver that a condition names."""
    node = scope.exprs[expr]
    if isinstance(node, Bin):
        return _attributes_in(scope, node.left) | _attributes_in(scope, node.right)
    if isinstance(node, Choice):
        return {name for item in node.items for name in _attributes_in(scope, item)}
    if isinstance(node, Attr):
        return {node.name} if is_receiver(scope, node.base) else _attributes_in(scope, node.base)
    if isinstance(node, Call):
        return _attributes_in(scope, node.func)
    return set()


def _is_state(scope: Scope, expr: int) -> bool:
    """Whether an expression is spelled `x.state`, or is a local name for that."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return isinstance(node, Attr) and node.name == "state"


def _items(scope: Scope, expr: int) -> list[tuple[str, int]]:
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    if not isinstance(node, Map):
        return []
    found = []
    for key, value in zip(node.keys, node.values, strict=True):
        literal = scope.exprs[key] if key != NONE else None
        if isinstance(literal, Lit) and isinstance(literal.value, str):
            found.append((literal.value, value))
    return found


def _spelled(scope: Scope, func: Expr) -> str:
    if isinstance(func, (Attr, Var)):
        return func.name
    if isinstance(func, Use) and func.defs:
        definition = scope.defs[func.defs[0]]
        value = scope.exprs[definition.value]
        return value.name if isinstance(value, Import) and value.name else definition.name
    return ""
