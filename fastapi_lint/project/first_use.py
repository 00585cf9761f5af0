"""Which code of a function runs the first time only, because it fills what it finds empty?

`if _client is None: _client = connect()` runs once, whoever calls the function. Where the thing is kept in an attribute
of the receiver, it runs once for each object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from fastapi_lint.facts import NONE, Attr, Await, Bin, Call, Choice, Event, EventKind, Free, Lit, Scope, Use, Var
from fastapi_lint.project.index import Index, is_receiver

Lifetime = Literal["", "object", "process"]
"""How long what is filled lasts; empty for code that runs each time."""


class Slot(msgspec.Struct, frozen=True):
    """A variable of module level (no base), or the attribute of an object that is spelled like this."""

    base: tuple[str, ...]
    name: str
    on_receiver: bool = False


class FirstUse:
    """Answers by scope, kept."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[int, dict[int, Lifetime]] = {}

    def at(self, gid: int, region: int) -> Lifetime:
        """Whether the code of a region of scope `gid` runs the first time only, and for how long that holds."""
        regions = self._known.get(gid)
        if regions is None:
            regions = self._known[gid] = self._regions(gid)
        scope = self._index.scope(gid)
        found: Lifetime = ""
        while region != NONE and regions:
            found = regions.get(region) or found
            region = scope.regions[region].parent
        return found

    def _regions(self, gid: int) -> dict[int, Lifetime]:
        scope = self._index.scope(gid)
        found: dict[int, Lifetime] = {}
        for number, region in enumerate(scope.regions):
            if region.kind not in ("if", "else") or region.expr == NONE:
                continue
            slots = _empty(scope, region.expr, region.kind == "if")
            filled = [slot for slot in slots if _fills(self._index, gid, number, slot)]
            if filled:
                found[number] = "object" if all(slot.on_receiver for slot in filled) else "process"
        return found


def _empty(scope: Scope, test: int, holds: bool) -> Iterator[Slot]:
    """What is known to be empty where a condition holds, or where it does not."""
    node = scope.exprs[test]
    if isinstance(node, Bin) and node.op == "not":
        yield from _empty(scope, node.left, not holds)
    elif isinstance(node, Bin) and node.op == "and":
        first, second = list(_empty(scope, node.left, holds)), list(_empty(scope, node.right, holds))
        # `not (hasattr(self, "x") and self.x)` says that `self.x` is empty, `not (x and y)` nothing of either
        yield from (*first, *second) if holds else (slot for slot in first if slot in second)
    elif isinstance(node, Choice) and node.test == NONE and not holds:
        yield from (slot for item in node.items for slot in _empty(scope, item, False))
    elif isinstance(node, Bin) and node.op in ("is", "is not", "equals"):
        right = scope.exprs[node.right]
        if isinstance(right, Lit) and not right.value and (node.op != "is not") is holds:
            yield from _slot(scope, node.left)
    elif not holds:
        yield from _slot(scope, test)


def _slot(scope: Scope, expr: int, hops: int = 0) -> Iterator[Slot]:
    node = scope.exprs[expr]
    if isinstance(node, Var):
        yield Slot((), node.name)
    elif isinstance(node, Attr):
        yield from _attribute(scope, node.base, node.name)
    elif isinstance(node, Use) and len(node.defs) == 1 and hops < 2:
        yield from _slot(scope, scope.defs[node.defs[0]].value, hops + 1)
    elif isinstance(node, Call) and scope.exprs[node.func] in (Free("hasattr"), Free("getattr")) and len(node.args) > 1:
        name = scope.exprs[node.args[1]]
        if isinstance(name, Lit) and isinstance(name.value, str):
            yield from _attribute(scope, node.args[0], name.value)


def _attribute(scope: Scope, base: int, name: str) -> Iterator[Slot]:
    spelled = _spelled(scope, base)
    on_receiver = is_receiver(scope, base)
    if spelled and (on_receiver or _outlives(scope, base)):
        yield Slot(spelled, name, on_receiver)


def _outlives(scope: Scope, expr: int) -> bool:
    """Whether an object is there beyond the call: a variable of another scope, or the application of a request."""
    node = scope.exprs[expr]
    if isinstance(node, Attr):
        return node.name == "app" or _outlives(scope, node.base)
    return isinstance(node, Var)


def _spelled(scope: Scope, expr: int) -> tuple[str, ...]:
    """A dotted name; empty for anything else."""
    node = scope.exprs[expr]
    if isinstance(node, Var):
        return (node.name,)
    if isinstance(node, Use) and node.defs:
        return (scope.defs[node.defs[0]].name,)
    if isinstance(node, Attr):
        head = _spelled(scope, node.base)
        return (*head, node.name) if head else ()
    return ()


def _fills(index: Index, gid: int, region: int, slot: Slot) -> bool:
    """Whether the code of a region stores something in what it found empty, itself or in a function that it calls."""
    scope = index.scope(gid)
    for event in scope.events:
        if not _is_inside(scope, event.region, region):
            continue
        if _stores(scope, event, slot):
            return True
        if event.kind == EventKind.CALL and any(
            _stores(index.scope(callee), inner, slot)
            for callee in _called(index, gid, event.expr)
            for inner in index.scope(callee).events
        ):
            return True
    return False


def _stores(scope: Scope, event: Event, slot: Slot) -> bool:
    if event.value == NONE or scope.exprs[event.value] in (Lit(None), Lit(False)):
        return False
    if event.kind == EventKind.REBIND:
        return not slot.base and event.name == slot.name
    if event.kind != EventKind.STORE_ATTR or event.name != slot.name:
        return False
    if slot.on_receiver:
        return is_receiver(scope, event.expr)
    return _spelled(scope, event.expr) == slot.base


def _called(index: Index, gid: int, expr: int) -> Iterator[int]:
    """The method of the same class, or the function of the same module, that a call names."""
    scope = index.scope(gid)
    node = scope.exprs[expr]
    if isinstance(node, Await):
        node = scope.exprs[node.value]
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    holder = NONE
    if isinstance(func, Attr) and is_receiver(scope, func.base):
        holder = index.class_of(gid)
    elif isinstance(func, Var):
        holder = index.local(gid, func.scope)
    if holder == NONE or not isinstance(func, (Attr, Var)):
        return
    for number, other in enumerate(index.module(gid).facts.scopes):
        callee = index.module(gid).base + number
        if other.name == func.name and other.kind == "function" and index.parent(callee) == holder:
            yield callee


def _is_inside(scope: Scope, region: int, wanted: int) -> bool:
    while region not in (NONE, wanted):
        region = scope.regions[region].parent
    return region == wanted
