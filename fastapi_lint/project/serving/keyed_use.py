"""Which code of a function runs once for each key, because it puts in what a look-up has missed?

`if key not in _ready: prepare(); _ready.add(key)`: the test and what is filled stand in one function, or what fills is
a function that this one calls.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Comp, Event, EventKind, Free, Iter, Lit, Narrow, Scope, Sub, Use
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.logic import implied, nothing
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import defined, parts, same, spelled, stored_item
from fastapi_lint.project.serving.first_use import FirstUse, Slot, called

_CALL, _REBIND = EventKind.CALL, EventKind.REBIND
_STORE_ATTR, _STORE_ITEM = EventKind.STORE_ATTR, EventKind.STORE_ITEM
_ADDERS = frozenset({"add", "append", "setdefault"})
_EVICTIONS = frozenset({"clear", "discard", "expire", "pop", "popitem", "popleft", "remove"})


class Keyed(msgspec.Struct, frozen=True):
    """A container that outlives the call, and the key that a test has not found in it."""

    slot: Slot
    key: int


class KeyedUse:
    """Answers by scope, kept."""

    def __init__(self, index: Index, first_use: FirstUse) -> None:
        self._index = index
        self._first_use = first_use
        self._known: dict[int, dict[int, tuple[Keyed, ...]]] = {}

    def at(self, gid: int, region: int) -> tuple[Keyed, ...]:
        """What the tests around a region of scope `gid` have missed and the code behind them puts in."""
        regions = self._known.get(gid)
        if regions is None:
            regions = self._known[gid] = self._regions(gid)
        if not regions:
            return ()
        return tuple(one for number in around(self._index.scope(gid), region) for one in regions.get(number, ()))

    def searched(self, gid: int, event: Event) -> Slot | None:
        """The list into which an event puts an object of a class of which a search above it has found none.

        `for one in found: if isinstance(one, Tracer): return one`; then `made = Tracer(); found.append(made)`.
        """
        scope = self._index.scope(gid)
        target, made = put_in(self._index, gid, event)
        built = scope.exprs[defined(scope, made)] if target != NONE else None
        slots = tuple(self._first_use.slot(gid, target)) if isinstance(built, Call) else ()
        if not slots or not isinstance(built, Call):
            return None
        for given in scope.events:
            if given is event:
                return None
            found = _narrowed(scope, given.expr) if given.kind == EventKind.RETURN else None
            item = scope.exprs[defined(scope, found.value)] if found is not None else None
            if found is None or not isinstance(item, Iter) or not same(scope, found.cls, built.func):
                continue
            if any(slots[0].is_same(other) for other in self._first_use.slot(gid, item.value)):
                return slots[0]
        return None

    def completed(self, gid: int, event: Event) -> Slot | None:
        """The set to which an event adds those of many that it lacked, in a function whose callers learn nothing of it.

        `new = [name for name in names if name not in done]`; then `install(new)` and `done.update(new)`.
        """
        scope = self._index.scope(gid)
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) and len(node.args) == 1 else None
        if not isinstance(node, Call) or not isinstance(func, Attr) or func.name != "update" or _gives_back(scope):
            return None
        chosen = scope.exprs[defined(scope, node.args[0])]
        if not isinstance(chosen, Comp):
            return None
        for slot in self._first_use.slot(gid, func.base):
            for test in _tests_of(scope, chosen.element):
                if self._is_of(gid, test.right, slot):
                    return slot
        return None

    def _regions(self, gid: int) -> dict[int, tuple[Keyed, ...]]:
        scope = self._index.scope(gid)
        found: dict[int, tuple[Keyed, ...]] = {}
        for number, region in enumerate(scope.regions):
            if region.kind in ("if", "else") and region.expr != NONE:
                missed = self._missed(gid, region.expr, region.kind == "if")
                filled = tuple(one for one in missed if self._puts_in(gid, number, one))
                if filled:
                    found[number] = filled
        found.update(self._unhashable(gid, {one for filled in found.values() for one in filled}))
        return found

    def _unhashable(self, gid: int, filled: set[Keyed]) -> dict[int, tuple[Keyed, ...]]:
        """The handlers for keys that cannot be looked up at all, in a function that otherwise puts in what it misses.

        `try: made = cache.get(key)`, `except TypeError: return make(key)`: keys that it can hold never get there.
        """
        scope = self._index.scope(gid)
        found: dict[int, tuple[Keyed, ...]] = {}
        for number, region in enumerate(scope.regions) if filled else ():
            if region.kind == "except" and region.expr != NONE and scope.exprs[region.expr] == Free("TypeError"):
                asked = tuple(
                    one
                    for one in self._asked_in(gid, region.parent)
                    if any(one.slot.is_same(other.slot) and same(scope, one.key, other.key) for other in filled)
                )
                if asked:
                    found[number] = asked
        return found

    def _asked_in(self, gid: int, region: int) -> Iterator[Keyed]:
        """What the code of a `try` looks up."""
        scope = self._index.scope(gid)
        for event in scope.events:
            if event.region != region:
                continue
            node = scope.exprs[event.expr] if event.kind in (EventKind.ITEM, EventKind.OP) else None
            if event.kind == EventKind.CALL:
                yield from self._looked_up(gid, event.expr)
            elif isinstance(node, Sub):
                yield from self._item(gid, node.base, node.index)
            elif isinstance(node, Bin) and node.op == "in":
                yield from self._item(gid, node.left, node.right)

    def _missed(self, gid: int, test: int, holds: bool) -> Iterator[Keyed]:
        """What is known not to be there where a condition holds, or where it does not."""
        scope = self._index.scope(gid)
        for part, is_true in implied(scope, test, holds):
            node = scope.exprs[part]
            if isinstance(node, Bin) and node.op in ("among", "not among"):
                if (node.op == "not among") is is_true:
                    yield from self._item(gid, node.right, node.left)
                continue
            for asked in nothing(scope, part, is_true):
                yield from self._looked_up(gid, asked)

    def _looked_up(self, gid: int, expr: int) -> Iterator[Keyed]:
        """What `cache.get(key)` asks for."""
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
        if isinstance(node, Call) and isinstance(func, Attr) and func.name == "get":
            yield from self._item(gid, func.base, node.args[0])

    def _item(self, gid: int, container: int, key: int) -> Iterator[Keyed]:
        yield from (Keyed(slot, key) for slot in self._first_use.slot(gid, container))

    def _puts_in(self, gid: int, region: int, missed: Keyed) -> bool:
        scope = self._index.scope(gid)
        for event in scope.events:
            if not within(scope, event.region, (region,)):
                continue
            target, key = put_in(self._index, gid, event)
            if target != NONE and same(scope, key, missed.key) and self._is_of(gid, target, missed.slot):
                return True
            if event.kind == EventKind.CALL and any(
                (given := put_in(self._index, callee, inner)[0]) != NONE and self._is_of(callee, given, missed.slot)
                for callee in called(self._index, gid, event.expr)
                for inner in self._index.scope(callee).events
            ):
                return True
        return False

    def _is_of(self, gid: int, container: int, slot: Slot) -> bool:
        return any(slot.is_same(other) for other in self._first_use.slot(gid, container))


def _tests_of(scope: Scope, element: int) -> Iterator[Bin]:
    """The conditions of a comprehension that ask whether its element is not in something."""
    if not isinstance(scope.exprs[defined(scope, element)], Iter):
        return
    for region in scope.regions:
        for part in parts(scope, region.expr, through_names=False) if region.kind == "if" else ():
            node = scope.exprs[part]
            if isinstance(node, Bin) and node.op == "not among" and same(scope, node.left, element):
                yield node


def _gives_back(scope: Scope) -> bool:
    """Whether a function gives its caller anything."""
    given = [event.expr for event in scope.events if event.kind in (EventKind.RETURN, EventKind.YIELD)]
    return any(expr != NONE and scope.exprs[expr] != Lit(None) for expr in given)


def _narrowed(scope: Scope, expr: int) -> Narrow | None:
    """What `isinstance` has found an expression to be."""
    node = scope.exprs[defined(scope, expr)] if expr != NONE else None
    return node if isinstance(node, Narrow) and node.positive else None


def put_in(index: Index, gid: int, event: Event) -> tuple[int, int]:
    """The container into which an event puts something, and under which key; NONE for all others."""
    scope = index.scope(gid)
    if event.kind == EventKind.STORE_ITEM and event.value != NONE and not event.flag:
        target = stored_item(scope, event)
        return (event.expr, target.index) if target is not None else (NONE, NONE)
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
    if isinstance(node, Call) and isinstance(func, Attr) and func.name in _ADDERS:
        return func.base, node.args[0]
    return NONE, NONE


def taken_from(scope: Scope, event: Event) -> list[str]:
    """The last names of what an event takes something out of, or replaces."""
    if event.kind is _CALL:
        node = scope.exprs[event.expr]
        func = scope.exprs[node.func] if type(node) is Call else None
        return spelled(scope, func.base) if type(func) is Attr and func.name in _EVICTIONS else []
    if event.kind is _STORE_ITEM and event.value == NONE:
        return spelled(scope, event.expr)
    is_stored = event.kind is _REBIND or (event.kind is _STORE_ATTR and scope.name != "__init__")
    return [event.name] if is_stored else []
