"""Which code of a function runs the first time only, because it fills what it finds empty?

`if _client is None: _client = connect()` runs once, whoever calls the function. Where the thing is kept in an attribute
of the receiver, it runs once for each object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from fastapi_lint.facts import NONE, Attr, Await, Bin, Call, Choice, Event, EventKind, Free, Lit, Scope, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.regions import around, may_be_passed, within
from fastapi_lint.project.code.spelling import dotted, is_receiver
from fastapi_lint.project.serving.kept_items import Item, asks_for_file, filled_item, read_item

_MOST_HOPS = 2

Lifetime = Literal["", "object", "process"]
"""How long what is filled lasts; empty for code that runs each time."""


class Slot(msgspec.Struct, frozen=True):
    """A variable of module level (no base), or the attribute of an object that is spelled like this: `expr`.

    `key` is that of the item, where the variable is a dictionary of which one item is kept; `asked` is what is tested.
    `gid` is the scope of that expression where it is another one, which answers the test: `if self.is_ready(): return`.

    `needs` are the other parts of the test and what each has to be, so that the test tells that the variable is empty:
    `if _table is not None and not reload: return _table` does where `reload` is false.
    """

    base: tuple[str, ...]
    name: str
    on_receiver: bool = False
    expr: int = NONE
    gid: int = NONE
    needs: tuple[tuple[int, bool], ...] = ()
    key: str | None = None
    asked: int = NONE

    def is_same(self, other: Slot) -> bool:
        return (self.base, self.name, self.key) == (other.base, other.name, other.key)


class FirstUse:
    """Answers by scope, kept."""

    def __init__(
        self,
        index: Index,
        is_application: Callable[[int, int], bool],
        truth: Callable[[Frame, int], bool | None],
    ) -> None:
        """`is_application` tells of an expression of a scope whether it is the application itself.

        `truth` says what a condition is for all that is known of a frame.
        """
        self._index = index
        self._is_application = is_application
        self._truth = truth
        self._known: dict[int, dict[int, tuple[Slot, ...]]] = {}

    def at(self, gid: int, region: int) -> Lifetime:
        """Whether the code of a region of scope `gid` runs the first time only, and for how long that holds."""
        return _lifetime(self._outermost(gid, region, lambda slot: not slot.needs))

    def of(self, frame: Frame, region: int) -> Lifetime:
        """The same for what is known of a frame."""
        return _lifetime(self.slots(frame, region))

    def slots(self, frame: Frame, region: int) -> tuple[Slot, ...]:
        """What the outermost test around a region has found empty that the code behind the test fills."""
        if not self._tested(frame.gid):
            return ()
        return self._outermost(
            frame.gid, region, lambda slot: all(self._truth(frame, expr) is wanted for expr, wanted in slot.needs)
        )

    def may_fill(self, gid: int, region: int, name: str) -> bool:
        """Whether a test around a region asks for a variable that the code behind the test fills."""
        return any(slot.key is None and slot.name == name for slot in self._outermost(gid, region, lambda _: True))

    def _outermost(self, gid: int, region: int, counts: Callable[[Slot], bool]) -> tuple[Slot, ...]:
        regions = self._tested(gid)
        outermost: tuple[Slot, ...] = ()
        for number in around(self._index.scope(gid), region) if regions else ():
            outermost = tuple(slot for slot in regions.get(number, ()) if counts(slot)) or outermost
        return outermost

    def _tested(self, gid: int) -> dict[int, tuple[Slot, ...]]:
        """The regions of a scope that fill what they have found empty."""
        known = self._known.get(gid)
        if known is None:
            known = self._known[gid] = self._regions(gid)
        return known

    def _regions(self, gid: int) -> dict[int, tuple[Slot, ...]]:
        scope = self._index.scope(gid)
        found: dict[int, tuple[Slot, ...]] = {}
        for number, region in enumerate(scope.regions):
            if region.kind not in ("if", "else") or region.expr == NONE:
                continue
            slots = self._empty(gid, region.expr, region.kind == "if")
            filled = tuple(slot for slot in slots if _fills(self._index, gid, number, slot))
            if filled:
                found[number] = filled
        return found

    def _empty(self, gid: int, test: int, holds: bool, hops: int = 0) -> Iterator[Slot]:
        """What is known to be empty where a condition holds, or where it does not."""
        scope = self._index.scope(gid)
        node = scope.exprs[test]
        if type(node) is Bin and node.op == "not":
            yield from self._empty(gid, node.left, not holds, hops)
        elif type(node) is Bin and node.op == "and":
            first, second = (list(self._empty(gid, part, holds, hops)) for part in (node.left, node.right))
            # `not (hasattr(self, "x") and self.x)` says that `self.x` is empty, `not (x and y)` where the other holds
            if holds:
                yield from (*first, *second)
            else:
                yield from (slot for slot in first if any(slot.is_same(other) for other in second))
                yield from (_if_also(slot, _doubts(scope, slot, node.right)) for slot in first)
                yield from (_if_also(slot, ((node.left, True),)) for slot in second)
        elif type(node) is Choice and node.test == NONE:
            for item in node.items:
                others = tuple((other, False) for other in node.items if other != item) if holds else ()
                yield from (_if_also(slot, others) for slot in self._empty(gid, item, holds, hops))
        elif type(node) is Bin and node.op in ("is", "is not", "equals"):
            if self._is_nothing(gid, node.right) and (node.op != "is not") is holds:
                yield from self._kept(gid, node.left)
        elif type(node) is Call and node.args == () and hops < _MOST_HOPS:
            yield from self._answered(gid, test, holds, hops + 1)
        elif not holds:
            yield from self._kept(gid, test)

    def _answered(self, gid: int, call: int, holds: bool, hops: int) -> Iterator[Slot]:
        """What is empty where a function of the project that only asks for it says yes, or no."""
        for callee in called(self._index, gid, call):
            scope = self._index.scope(callee)
            ends = [event for event in scope.events if event.kind == EventKind.RETURN]
            if len(ends) != 1 or ends[0].expr == NONE or may_be_passed(scope, ends[0].region) or scope.is_async:
                continue
            for slot in self._empty(callee, ends[0].expr, holds, hops):
                if not slot.needs:
                    yield slot if slot.gid != NONE else msgspec.structs.replace(slot, gid=callee)

    def _is_nothing(self, gid: int, expr: int) -> bool:
        """Whether a test compares with what stands for nothing: an empty literal, or `_UNSET = object()`."""
        node = self._index.scope(gid).exprs[expr]
        return (isinstance(node, Lit) and not node.value) or self._index.is_sentinel(gid, expr)

    def _kept(self, gid: int, expr: int) -> Iterator[Slot]:
        """The variable, the attribute, or the item of a variable, that a test asks for."""
        yield from self.slot(gid, expr)
        item = read_item(self._index.scope(gid), expr)
        if item is not None and self._outlives(gid, item[0]):
            yield _slot_of(self._index, gid, item, expr)

    def slot(self, gid: int, expr: int, hops: int = 0) -> Iterator[Slot]:
        """The variable, or the attribute, that an expression names, if it outlives the call."""
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if type(node) is Var:
            if self._outlives(gid, expr):
                yield Slot((), node.name)
        elif type(node) is Attr:
            yield from self._attribute(gid, node.base, node.name)
        elif type(node) is Use and len(node.defs) == 1 and hops < 2:
            yield from self.slot(gid, scope.defs[node.defs[0]].value, hops + 1)
        elif type(node) is Call and scope.exprs[node.func] == Free("len") and len(node.args) == 1:
            yield from self.slot(gid, node.args[0], hops)
        elif type(node) is Call and scope.exprs[node.func] in (Free("hasattr"), Free("getattr")):
            name = scope.exprs[node.args[1]] if len(node.args) > 1 else None
            if type(name) is Lit and isinstance(name.value, str):
                yield from self._attribute(gid, node.args[0], name.value)

    def _attribute(self, gid: int, base: int, name: str) -> Iterator[Slot]:
        scope = self._index.scope(gid)
        spelled = dotted(scope, base)
        on_receiver = self._index.is_receiver(gid, base)
        if spelled and (on_receiver or self._outlives(gid, base)):
            yield Slot(spelled, name, on_receiver, base)

    def _outlives(self, gid: int, expr: int) -> bool:
        """Whether an object is there beyond the call: a variable of a module or class, or the application.

        A variable of a function around this one (`nonlocal`) is made anew with each call of that.
        """
        node = self._index.scope(gid).exprs[expr]
        if isinstance(node, Attr):
            return self._is_application(gid, expr) or self._outlives(gid, node.base)
        if not isinstance(node, Var):
            return False
        return self._index.scope(self._index.local(gid, node.scope)).kind != "function"


def _lifetime(slots: tuple[Slot, ...]) -> Lifetime:
    if not slots:
        return ""
    return "object" if all(slot.on_receiver for slot in slots) else "process"


def _slot_of(index: Index, gid: int, item: Item, asked: int = NONE) -> Slot:
    """The item of a variable of a module or class."""
    holder = index.scope(gid).exprs[item[0]]
    return Slot((), holder.name if isinstance(holder, Var) else "", key=item[1], asked=asked)


def _doubts(scope: Scope, slot: Slot, test: int) -> tuple[tuple[int, bool], ...]:
    """What has to hold beside a test so that it tells that nothing is kept: not that a file is there still."""
    is_of_file = slot.asked != NONE and asks_for_file(scope, test, slot.asked)
    return () if is_of_file else ((test, True),)


def _if_also(slot: Slot, needs: tuple[tuple[int, bool], ...]) -> Slot:
    return msgspec.structs.replace(slot, needs=slot.needs + needs) if needs else slot


def _fills(index: Index, gid: int, region: int, slot: Slot) -> bool:
    """Whether the code of a region stores something in what it found empty, itself or in a function that it calls."""
    scope = index.scope(gid)
    for event in scope.events:
        if not within(scope, event.region, (region,)):
            continue
        if _stores(index, gid, event, slot):
            return True
        if event.kind == EventKind.CALL and any(
            _stores(index, callee, inner, slot)
            for callee in called(index, gid, event.expr)
            for inner in index.scope(callee).events
        ):
            return True
    return False


def _stores(index: Index, gid: int, event: Event, slot: Slot) -> bool:
    scope = index.scope(gid)
    if event.value == NONE or scope.exprs[event.value] in (Lit(None), Lit(False)):
        return False
    if slot.key is not None:
        item = filled_item(scope, event)
        return item is not None and _slot_of(index, gid, item).is_same(slot)
    if event.kind == EventKind.REBIND:
        return not slot.base and event.name == slot.name
    if event.kind != EventKind.STORE_ATTR or event.name != slot.name:
        return False
    if slot.on_receiver:
        return index.is_receiver(gid, event.expr)
    return dotted(scope, event.expr) == slot.base


def called(index: Index, gid: int, expr: int) -> Iterator[int]:
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
