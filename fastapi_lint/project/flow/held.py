"""What does an object hold for sure where its method runs, because the caller has asked, or has had it filled?

`if self.content: self.to_base64()` runs a method that finds `self.content` filled. That lasts until something may
change the object: a store, a call of one of its methods, a wait. What the constructor or an earlier statement filled
(see `fills`), and nothing empties, lasts for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, EventKind, Lit, Scope, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.runners import runs
from fastapi_lint.project.types.values import InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST = 3

_Spelling = tuple[Use | Var | str, ...]
"""A local name or a variable, and the attributes behind it, the last one first."""


class Held:
    """Answers for one frame."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._index = inference.index
        self._frame = frame
        self._scope = frame.scope
        self._holds = frozenset(frame.holds)
        self._reads: dict[int, frozenset[str]] = {}
        self._touching: dict[_Spelling, list[int]] | None = None
        if frame.scope.is_async and isinstance(frame.receiver, InstanceV):
            self._holds |= inference.fills.constructed(frame.receiver.gid)  # no constructor awaits

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the receiver."""
        return not self._holds

    def truth(self, expr: int) -> bool | None:
        """What a condition is for what the caller has asked; None if that says nothing."""
        if not self._holds:
            return None
        node = self._scope.exprs[expr]
        if isinstance(node, Bin) and node.op in ("is", "is not") and self._scope.exprs[node.right] == Lit(None):
            known = self.truth(node.left)
            return None if known is None else known is (node.op == "is not")
        if not isinstance(node, Attr) or not self._index.is_receiver(self._frame.gid, node.base):
            return None
        if node.name not in self._holds:
            owner, exclusions = self._frame.receiver, self._inference.exclusions
            is_empty = isinstance(owner, InstanceV) and exclusions.exclude(owner, self._holds, node.name)
            return False if is_empty else None
        loads = (n for n, e in enumerate(self._scope.events) if e.kind == EventKind.ATTR and e.expr == expr)
        here = next(loads, NONE)
        return True if here != NONE and self._lasts(node.base, node.name, 0, here) else None

    def at_call(self, number: int, callee: Frame) -> tuple[str, ...]:
        """The attributes that a method's object holds at the call of the method, as far as its class asks for them."""
        node = self._scope.exprs[self._scope.events[number].expr]
        func = self._scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(func, Attr) or self._index.class_of(callee.gid) == NONE:
            return ()
        filled = self.filled(func.base, number, callee.receiver) if isinstance(callee.receiver, InstanceV) else ()
        return tuple(sorted({*self.tested(func.base, number, callee.gid), *filled}))

    def tested(self, base: int, number: int, method: int) -> list[str]:
        """The attributes of an object that are found filled at an event, as far as a method's class asks for them."""
        owner = self._index.class_of(method)
        wanted = self._inference.asked.attributes_asked(owner) if owner != NONE else ()
        found = [name for name in self._asked(base, number) if name in wanted]
        if self._holds and self._index.is_receiver(self._frame.gid, base):
            found += [n for n in self._holds if n in wanted and self._lasts(base, n, 0, number)]
        return sorted(set(found))[:_MOST]

    def filled(self, base: int, number: int, owner: InstanceV) -> frozenset[str]:
        """The attributes of an object that its constructor or an earlier event has filled, and that nothing empties."""
        fills = self._inference.fills
        asked = fills.asked(owner.gid)
        if not asked:
            return asked
        found = made = fills.constructed(owner.gid)
        if self._index.is_receiver(self._frame.gid, base):
            held = self._holds & asked
            found = frozenset(name for name in held if name in made or self._lasts(base, name, 0, number))
        inside = set(around(self._scope, self._scope.events[number].region))
        for earlier in takewhile(lambda one: one < number, self._touched(base)):
            names = (self._filled_by(earlier, base) & asked) - found
            region = self._scope.events[earlier].region
            found |= {name for name in names if self._is_passed(region, inside, name, base)}
        return found

    def _touched(self, base: int) -> list[int]:
        """The events that read an attribute of an object, call a method of it or hand one over, in order."""
        if self._touching is None:
            self._touching = _touching(self._scope)
        spelling = _spelling(self._scope, base)
        return self._touching.get(spelling, []) if spelling is not None else []

    def _filled_by(self, number: int, base: int) -> frozenset[str]:
        """What an event leaves filled in an object: a method that it runs there and then, or in a thread."""
        event = self._scope.events[number]
        node = self._scope.exprs[event.expr]
        of = self._scope.exprs[node.func] if isinstance(node, Call) else node
        if isinstance(of, Attr) and is_same(self._scope, of.base, base):
            if number not in self._reads:  # all later calls ask
                self._reads[number] = self._inference.fills.reads(self._frame, event)
            return self._reads[number]
        found: frozenset[str] = frozenset()
        for given in node.args if isinstance(node, Call) and event.flag else ():
            method = self._scope.exprs[given]
            if not isinstance(method, Attr) or not is_same(self._scope, method.base, base):
                continue
            if runs(self._inference, self._frame, event.expr, given.__eq__):
                found |= self._inference.fills.runs(self._frame, given)
        return found

    def _is_passed(self, region: int, inside: set[int], name: str, base: int) -> bool:
        """Whether control comes by a region, which stands before, only where it has run or the attribute is filled."""
        for number in around(self._scope, region):
            if number in inside:
                return True
            branch = self._scope.regions[number]
            if branch.kind not in ("if", "else") or branch.expr == NONE:
                return False
            if name not in self._filled(branch.expr, branch.kind == "else", base):
                return False
        return True

    def _asked(self, base: int, number: int) -> Iterator[str]:
        """The attributes of an object that the branches around an event have found filled."""
        for inside in around(self._scope, self._scope.events[number].region):
            region = self._scope.regions[inside]
            if region.kind in ("if", "else") and region.expr != NONE:
                for name in self._filled(region.expr, region.kind == "if", base):
                    start = next(
                        n for n, e in enumerate(self._scope.events) if within(self._scope, e.region, (inside,))
                    )
                    if self._lasts(base, name, start, number):
                        yield name

    def _filled(self, test: int, holds: bool, base: int) -> set[str]:
        """The attributes of an object that are filled where a condition holds, or a method that says so."""
        found = known_filled(self._scope, test, holds, lambda expr: is_same(self._scope, expr, base))
        for part, is_true in implied(self._scope, test, holds):
            node = self._scope.exprs[part]
            func = self._scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(node, Call) and isinstance(func, Attr) and is_same(self._scope, func.base, base):
                found |= self._inference.fills.says(self._frame, node, is_true)
        return found

    def _lasts(self, base: int, name: str, start: int, end: int) -> bool:
        """Whether nothing between two events may change an attribute of an object."""
        for event in self._scope.events[start:end]:
            if event.pauses or (event.kind == EventKind.STORE_ATTR and event.name == name):
                return False
            node = self._scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if isinstance(node, Call) and (event.flag or self._hands_over(node, base)):
                return False
        return True

    def _hands_over(self, node: Call, base: int) -> bool:
        func = self._scope.exprs[node.func]
        given = [*node.args, *(value for _, value in node.keywords)]
        if isinstance(func, Attr):
            given.append(func.base)
        return any(is_same(self._scope, part, base) for part in given)


def _touching(scope: Scope) -> dict[_Spelling, list[int]]:
    """The events that read an attribute, call a method or hand one over, by the object whose it is."""
    found: dict[_Spelling, list[int]] = {}
    for number, event in enumerate(scope.events):
        if event.kind not in (EventKind.ATTR, EventKind.CALL):
            continue
        node = scope.exprs[event.expr]
        read = [scope.exprs[node.func] if type(node) is Call else node]
        read += [scope.exprs[given] for given in node.args] if type(node) is Call and event.flag else []
        for spelling in {_spelling(scope, one.base) for one in read if type(one) is Attr}:
            if spelling is not None:
                found.setdefault(spelling, []).append(number)
    return found


def _spelling(scope: Scope, expr: int) -> _Spelling | None:
    """What two expressions have in common that are the same (`is_same`); None for those that are like no other."""
    names: list[str] = []
    node = scope.exprs[expr]
    while type(node) is Attr:
        names.append(node.name)
        node = scope.exprs[node.base]
    return (node, *names) if isinstance(node, (Use, Var)) else None


def is_same(scope: Scope, one: int, other: int) -> bool:
    """Whether two expressions are spelled alike and mean the same definitions."""
    left, right = scope.exprs[one], scope.exprs[other]
    if isinstance(left, Attr) and isinstance(right, Attr):
        return left.name == right.name and is_same(scope, left.base, right.base)
    return isinstance(left, (Use, Var)) and left == right


def known_filled(scope: Scope, test: int, holds: bool, is_object: Callable[[int], bool] | None = None) -> set[str]:
    """The attributes of an object that are filled where a condition holds (or does not).

    `is_object` says which expressions are that object: the receiver, if nothing else is asked.
    """
    found: set[str] = set()
    for part, is_true in implied(scope, test, holds):
        node = scope.exprs[part]
        if isinstance(node, Bin) and node.op in ("is", "is not") and scope.exprs[node.right] == Lit(None):
            found |= known_filled(scope, node.left, is_true is (node.op == "is not"), is_object)
        elif isinstance(node, Attr) and is_true:
            if is_receiver(scope, node.base) if is_object is None else is_object(node.base):
                found.add(node.name)
    return found
