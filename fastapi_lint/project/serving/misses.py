"""Does code run only where a look-up in a cache has missed, whatever the key is?

`kept = cache.get(key)`, `if kept: return kept`, and then `cache.put(key, value)`: what stands in between runs for
each key, and again when the cache has dropped it, not for each request. Both calls may go through functions of the
project, which are read. What the region puts in has to come from somewhere: `started[key] = True` is no cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Lit, Narrow, Param, Scope, Sub, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied, nothing
from fastapi_lint.project.code.regions import around, may_be_passed, within
from fastapi_lint.project.code.spelling import behind_names, parts, same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.first_use import Slot
from fastapi_lint.project.serving.keyed_use import put_in
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.types.values import ExtInstanceV, FunctionV, MethodV

IsKept = Callable[[Frame, int], bool]
"""Whether a container, an expression of a frame, is there later on."""

_LOOKS_UP = frozenset({"aget", "get", "get_cache"})
_PUTS_IN = frozenset({"add", "aset", "put", "set", "set_cache", "setex", "store"})


class LookUp(msgspec.Struct, frozen=True):
    """Something asked for under one of `keys`: of the container `base`, or by `call` of a function of the project."""

    keys: tuple[int, ...]
    base: int
    call: int = NONE


class _Attempt(msgspec.Struct, frozen=True):
    """What was missed, and the events that may put it in."""

    missed: LookUp
    events: tuple[Event, ...]


class Misses:
    """Answers for frames that run for each request, kept by region; `lifetimes` says how long their objects live."""

    def __init__(self, graph: Graph, lifetimes: Lifetimes) -> None:
        self._inference = graph.inference
        self._index = graph.index
        self._lifetimes = lifetimes
        self._known: dict[tuple[Frame, int], bool] = {}
        self._attempts: dict[tuple[int, int], tuple[_Attempt, ...]] = {}

    def is_behind(self, frame: Frame, region: int) -> bool:
        """Whether a region is entered only where a cache lacks what the region then puts in."""
        return any(self._is_miss(frame, number) for number in around(frame.scope, region))

    def _is_miss(self, frame: Frame, number: int) -> bool:
        region = frame.scope.regions[number]
        if region.kind not in ("if", "else") or region.expr == NONE:
            return False
        known = self._known.get((frame, number))
        if known is None:
            attempts = self._attempted(frame.gid, number)
            known = self._known[frame, number] = any(
                self._puts_in(frame, event, one.missed, self._lasts) for one in attempts for event in one.events
            )
        return known

    def is_always_filled(self, frame: Frame, number: int) -> bool:
        """Whether a region, entered on a miss, is not left before what was missed has been put in.

        So it is found by the next call that is given the same, however long the cache lasts.
        """
        return any(True for _ in self.always_filled(frame, number))

    def always_filled(self, frame: Frame, number: int) -> Iterator[LookUp]:
        """What a region was entered for that it is not left without."""
        scope, region = frame.scope, frame.scope.regions[number]
        if region.kind not in ("if", "else") or region.expr == NONE:
            return
        attempts = self._attempted(frame.gid, number)
        passed = may_be_passed(scope, number) if attempts else set()
        for missed, events in ((one.missed, one.events) for one in attempts):
            fills = (one for one in events if self._puts_in(frame, one, missed, self._is_given))
            if any(may_be_passed(scope, one.region) <= passed and not _may_leave(scope, number, one) for one in fills):
                yield missed

    def _attempted(self, gid: int, number: int) -> tuple[_Attempt, ...]:
        """What a branch of a scope has missed and may put in, by how it is written: the same in all frames."""
        known = self._attempts.get((gid, number))
        if known is None:
            scope = self._index.scope(gid)
            region = scope.regions[number]
            missed = list(_missed(scope, region.expr, region.kind == "if"))
            inside = [
                event
                for event in (scope.events if missed else ())
                if event.kind in (EventKind.CALL, EventKind.STORE_ITEM) and within(scope, event.region, (number,))
            ]
            found = (_Attempt(one, tuple(e for e in inside if self._may_put_in(gid, e, one))) for one in missed)
            known = self._attempts[gid, number] = tuple(one for one in found if one.events)
        return known

    def _may_put_in(self, gid: int, event: Event, missed: LookUp) -> bool:
        """Whether an event stores something, or hands it on, under the key that was missed."""
        scope = self._index.scope(gid)
        if event.kind == EventKind.STORE_ITEM:
            target, key = put_in(self._index, gid, event)
            if NONE in (target, missed.base) or not same(scope, target, missed.base):
                return False
            return _is_one_of(scope, key, missed.keys) and not _is_constant(scope, event.value)
        node = scope.exprs[event.expr]
        given = _given(node) if isinstance(node, Call) else ()
        rest = [value for value in given if not _is_one_of(scope, value, missed.keys)]
        return len(rest) < len(given) and not all(_is_constant(scope, value) for value in rest)

    def _puts_in(self, frame: Frame, event: Event, missed: LookUp, is_kept: IsKept) -> bool:
        """Whether such an event stores it where the look-up has asked for it."""
        scope = frame.scope
        if event.kind == EventKind.STORE_ITEM:
            return is_kept(frame, missed.base)
        node = scope.exprs[event.expr]
        if not isinstance(node, Call):
            return False
        own = self._functions(frame, node.func)
        if own:
            return missed.call != NONE and self._stores_what_is_read(frame, missed.call, node.func, own, is_kept)
        func = scope.exprs[node.func]
        if not isinstance(func, Attr) or func.name not in _PUTS_IN or missed.base == NONE:
            return False
        return same(scope, func.base, missed.base) and is_kept(frame, missed.base)

    # -- functions of the project

    def _stores_what_is_read(
        self, frame: Frame, asked: int, func: int, own: list[FunctionV | MethodV], is_kept: IsKept
    ) -> bool:
        """Whether functions put into the container, of the same object, in which others have looked."""
        scope = frame.scope
        asker = scope.exprs[asked]
        if not isinstance(asker, Call):
            return False
        first, second = scope.exprs[asker.func], scope.exprs[func]
        if type(first) is not type(second):
            return False
        on_object = isinstance(first, Attr) and isinstance(second, Attr)
        if isinstance(first, Attr) and isinstance(second, Attr) and not same(scope, first.base, second.base):
            return False
        read = [slot for value in self._functions(frame, asker.func) for slot in self._read(self._gid(value))]
        for value in own:
            for slot in self._written(self._gid(value)):
                if any(slot.is_same(other) for other in read):
                    if not slot.on_receiver:
                        return True
                    return on_object and isinstance(first, Attr) and is_kept(frame, first.base)
        return False

    def _read(self, gid: int) -> Iterator[Slot]:
        """The containers in which a function looks something up."""
        scope = self._index.scope(gid)
        for node in scope.exprs:
            if isinstance(node, Sub):
                yield from self._inference.first_use.slot(gid, node.base)
            func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
            if isinstance(func, Attr) and func.name in _LOOKS_UP:
                yield from self._inference.first_use.slot(gid, func.base)

    def _written(self, gid: int) -> Iterator[Slot]:
        """The containers into which a function puts something."""
        scope = self._index.scope(gid)
        for event in scope.events:
            target = put_in(self._index, gid, event)[0]
            node = scope.exprs[event.expr] if target == NONE and event.kind == EventKind.CALL else None
            func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
            if isinstance(func, Attr) and func.name in _PUTS_IN:
                target = func.base
            if target != NONE:
                yield from self._inference.first_use.slot(gid, target)

    def _functions(self, frame: Frame, func: int) -> list[FunctionV | MethodV]:
        return self._inference.functions(self._inference.type(frame, func))

    def _gid(self, function: FunctionV | MethodV) -> int:
        return self._inference.binding.frame_of(function).gid

    # -- how long it lasts

    def _is_given(self, frame: Frame, container: int) -> bool:
        """Whether a call that is given the same has the same container: of a parameter, or of a variable outside.

        Of a parameter with something in its place where it is None, too.
        """
        scope = frame.scope
        node = scope.exprs[container]
        while isinstance(node, Attr):
            container, node = node.base, scope.exprs[node.base]
        return isinstance(node, Var) or any(isinstance(scope.exprs[one], Param) for one in _values(scope, container))

    def _lasts(self, frame: Frame, container: int) -> bool:
        """Whether something is there for the next request: what outlives the call, or lives in another process."""
        if container == NONE:
            return False
        if self._index.is_receiver(frame.gid, container):
            return self._lifetimes.lasts(frame, "object")
        slots = list(self._inference.first_use.slot(frame.gid, container))
        if slots:
            return all(self._lifetimes.lasts(frame, "object" if slot.on_receiver else "process") for slot in slots)
        held = self._inference.type(frame, container)
        return bool(held) and all(isinstance(value, ExtInstanceV) and "." in value.name for value in held)


def _missed(scope: Scope, test: int, holds: bool) -> Iterator[LookUp]:
    """What a condition has asked for and not found."""
    for part, is_true in implied(scope, test, holds):
        node = scope.exprs[part]
        if isinstance(node, Bin) and node.op in ("among", "not among"):
            if (node.op == "not among") is is_true:
                yield LookUp((node.left,), node.right)
            continue
        for asked in nothing(scope, part, is_true):
            yield from _asked(scope, asked)


def _asked(scope: Scope, expr: int) -> Iterator[LookUp]:
    """The look-up that gives the value of an expression."""
    made = behind_names(scope, expr)
    node = scope.exprs[made]
    if not isinstance(node, Call):
        return
    func, keys = scope.exprs[node.func], _given(node)
    if keys:
        is_plain = isinstance(func, Attr) and func.name in _LOOKS_UP
        yield LookUp(keys, func.base if is_plain and isinstance(func, Attr) else NONE, made)


def _values(scope: Scope, expr: int) -> Iterator[int]:
    """What a local name may stand for, through what narrows its type."""
    todo, seen = [expr], set[int]()
    while todo:
        number = todo.pop()
        node = scope.exprs[number]
        if number not in seen:
            seen.add(number)
            yield number
            todo += [scope.defs[one].value for one in node.defs] if isinstance(node, Use) else []
            todo += [node.value] if isinstance(node, Narrow) else []


def _may_leave(scope: Scope, number: int, last: Event) -> bool:
    """Whether a function may give its answer in a region before it comes to an event."""
    for event in scope.events:
        if event is last:
            break
        if event.kind == EventKind.RETURN and within(scope, event.region, (number,)):
            return True
    return False


def _given(node: Call) -> tuple[int, ...]:
    return (*node.args, *(value for _, value in node.keywords))


def _is_one_of(scope: Scope, expr: int, keys: tuple[int, ...]) -> bool:
    """Whether an expression is one of some keys; of constants only texts are keys."""
    node = scope.exprs[expr]
    if isinstance(node, Lit) and not isinstance(node.value, str):
        return False
    return any(same(scope, expr, key) for key in keys)


def _is_constant(scope: Scope, expr: int) -> bool:
    """Whether a value is written down: nothing of what the code finds out."""
    return all(isinstance(scope.exprs[part], Lit) for part in parts(scope, expr, through_names=False))
