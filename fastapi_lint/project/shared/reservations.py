"""Where does a function hold a place that one at a time has, because it has asked for it and been told yes?

`if not await self._acquire(token): return`, where `_acquire` looks under a lock whether the place is taken, says no if
it is, and else takes it. What follows is under a lock of the project's own, up to the `finally` that gives it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Attr, Await, Call, EventKind, Expr, Lit, Map, Scope, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, branches, stands_in, within
from fastapi_lint.project.code.spelling import defined, is_empty, parts, stored_item, strings
from fastapi_lint.project.types.inference import Inference

_LOCKING = ("with", "async-with")
_MOST_HOPS = 2


class Reservations:
    """Answers by function, kept; `locking` says in which regions of a frame a lock is held, or may be."""

    def __init__(self, inference: Inference, locking: Callable[[Frame], frozenset[int]]) -> None:
        self._inference = inference
        self._locking = locking
        self._grants: dict[tuple[int, str], bool] = {}

    def regions(self, frame: Frame) -> Iterator[int]:
        """The branches of a function that gives a place back at its end in which it has the place."""
        scope = frame.scope
        if not any(region.kind == "finally" for region in scope.regions):
            return
        for number, region in enumerate(scope.regions):
            if region.kind in ("if", "else") and region.expr != NONE:
                tests = implied(scope, region.expr, region.kind == "if")
                if any(is_true and self._is_granted(frame, test) for test, is_true in tests):
                    if any(_is_given_back(scope, other, number) for other in range(len(scope.regions))):
                        yield number

    def _is_granted(self, frame: Frame, test: int) -> bool:
        """Whether a test asks for the answer of such a function: what it gives, or an attribute of that."""
        scope = frame.scope
        node, name = scope.exprs[defined(scope, test)], ""
        if isinstance(node, Attr):
            name = node.name
            node = scope.exprs[defined(scope, node.base)]
        if isinstance(node, Await):
            node = scope.exprs[node.value]
        if not isinstance(node, Call):
            return False
        called = self._inference.functions(self._inference.type(frame, node.func))
        return bool(called) and all(self._grants_one(self._inference.binding.frame_of(one), name) for one in called)

    def _grants_one(self, frame: Frame, name: str) -> bool:
        key = (frame.gid, name)
        if key not in self._grants:
            self._grants[key] = self._takes_free(frame, name)
        return self._grants[key]

    def _takes_free(self, frame: Frame, name: str) -> bool:
        """Whether a function says yes only where, under one lock, it has found a place free and taken it."""
        scope = frame.scope
        answers = {
            number: self._answer(frame, event.expr, name, 0)
            for number, event in enumerate(scope.events)
            if event.kind == EventKind.RETURN
        }
        granted = [number for number, answer in answers.items() if answer]
        if not granted or None in answers.values() or (scope.falls_through and name):
            return False
        locking = [n for n in self._locking(frame) if scope.regions[n].kind in _LOCKING]
        refused = [scope.events[number].region for number, answer in answers.items() if answer is False]
        return all(
            any(
                within(scope, scope.events[number].region, (lock,))
                and any(
                    asked & _taken(scope, lock, number)
                    for region in refused
                    if within(scope, region, (lock,)) and (asked := _asked(scope, region, lock))
                )
                for lock in locking
            )
            for number in granted
        )

    def _answer(self, frame: Frame, expr: int, name: str, hops: int) -> bool | None:
        """Yes, or no: the constant that is returned, or what an object is made with under a name, here or in a call."""
        scope = frame.scope
        node: Expr = scope.exprs[defined(scope, expr)] if expr != NONE else Lit(None)
        if not name:
            return bool(node.value) if isinstance(node, Lit) else None
        if not isinstance(node, Call):
            return None
        given = dict(node.keywords).get(name, NONE)
        if given != NONE:
            return self._answer(frame, given, "", hops)
        called = self._inference.functions(self._inference.type(frame, node.func)) if hops < _MOST_HOPS else []
        answers = {
            self._answer(inner, returned, name, hops + 1)
            for inner in map(self._inference.binding.frame_of, called)
            for returned in self._inference.names.returns(inner.gid)
        }
        return answers.pop() if len(answers) == 1 else None


def _asked(scope: Scope, region: int, lock: int) -> frozenset[str]:
    """The attributes, variables and keys that the conditions around a refusal ask for, below a lock."""
    inside = (one for one in branches(scope, region) if one.parent == lock or within(scope, one.parent, (lock,)))
    return frozenset(
        name
        for branch in inside
        if branch.kind == "if"
        for part in parts(scope, branch.expr)
        for name in (*strings(scope, part), *_named(scope.exprs[part]))
    )


def _taken(scope: Scope, lock: int, before: int) -> frozenset[str]:
    """The attributes, variables and keys that are filled while a lock is held, before an event."""
    found: set[str] = set()
    for event in scope.events[:before]:
        if not within(scope, event.region, (lock,)) or event.flag:
            continue
        if event.kind in (EventKind.STORE_ATTR, EventKind.REBIND) and not is_empty(scope, event.value):
            found.add(event.name)
        item = stored_item(scope, event)
        if item is not None and event.value != NONE and not is_empty(scope, event.value):
            found.update(strings(scope, item.index))
        if event.kind == EventKind.CALL:
            found.update(_filled(scope, event.expr))
    return frozenset(found)


def _filled(scope: Scope, call: int) -> Iterator[str]:
    """The keys under which a call is handed something: `status.update({"busy": True})`."""
    for part in parts(scope, call):
        node = scope.exprs[part]
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, Map) else ():
            if key != NONE and not is_empty(scope, value):
                yield from strings(scope, key)


def _named(node: Expr) -> Iterator[str]:
    if isinstance(node, (Attr, Var)):
        yield node.name


def _is_given_back(scope: Scope, region: int, inside: int) -> bool:
    """Whether a region is a `finally` below another one in which something is called or stored."""
    if scope.regions[region].kind != "finally" or inside not in around(scope, region):
        return False
    return any(
        event.kind in (EventKind.CALL, EventKind.STORE_ATTR, EventKind.STORE_ITEM, EventKind.REBIND)
        for event in scope.events
        if within(scope, event.region, (region,)) and not stands_in(scope, event.region, "except")
    )
