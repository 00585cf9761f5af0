"""Does code run only where something has become too old, which it then renews?

`if not self.is_valid(): self.refresh()`, where `is_valid` compares a time that the object keeps with the clock, and
`refresh` sets that time: that is once in a while, not for each request.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Await, Bin, Call, Choice, Event, EventKind, Lit, Scope, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import LATER, implied, nothing, order_of
from fastapi_lint.project.code.regions import around, branches, within
from fastapi_lint.project.code.spelling import parts, same
from fastapi_lint.project.flow.clocks import is_clock
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.types.values import ExtInstanceV, FunctionV, MethodV

_QUESTIONS = frozenset({"not", "is", "is not", "equals", "differs"})
_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_MOST_HOPS = 3
_NEVER: frozenset[str] = frozenset()


class Expiry:
    """Answers for frames that run for each request; `lifetimes` says how long their objects live."""

    def __init__(self, graph: Graph, lifetimes: Lifetimes) -> None:
        self._graph = graph
        self._inference = graph.inference
        self._lifetimes = lifetimes
        self._behind: dict[tuple[Frame, int], bool] = {}
        self._times: dict[tuple[Frame, int], frozenset[str]] = {}
        self._answers: dict[tuple[Frame, bool, int], list[str] | None] = {}

    def is_behind(self, frame: Frame, region: int) -> bool:
        """Whether a region is entered only where a stored time has passed, and sets that time anew."""
        key = (frame, region)
        known = self._behind.get(key) if region else False  # the whole function is behind nothing
        if known is None:
            known = bool(self.times(frame, region)) or self._is_renewed(frame, region)
            known = self._behind[key] = known or self._is_record_renewed(frame, region)
        return known

    def _is_renewed(self, frame: Frame, region: int) -> bool:
        """Whether a library's object says that it is too old, and a method of it is called: `credentials.refresh()`."""
        scope = frame.scope
        for number in around(scope, region):
            here = scope.regions[number]
            if here.kind not in ("if", "else") or here.expr == NONE:
                continue
            for test, holds in implied(scope, here.expr, here.kind == "if"):
                node = scope.exprs[test]
                if holds and isinstance(node, Attr) and self._expires(frame, node):
                    if any(_is_of_method(scope, event, number, node.base) for event in scope.events):
                        return True
        return False

    def _is_record_renewed(self, frame: Frame, region: int) -> bool:
        """Whether a time that a record keeps has passed, and the code behind that test makes a new one.

        `if token.expires_at - now < margin: await renew(user)`, where `renew` stores `expires_at=now + lifetime`.
        """
        scope = frame.scope
        for number in around(scope, region):
            here = scope.regions[number]
            if here.kind in ("if", "else") and here.expr != NONE:
                names = self._outdated(frame, here.expr, here.kind == "if")
                if names and self._makes_time(frame, number, names):
                    return True
        return False

    def _outdated(self, frame: Frame, test: int, holds: bool) -> frozenset[str]:
        """The names of records' times that have passed, unless there are none, wherever a condition holds."""
        scope = frame.scope
        for part, is_true in implied(scope, test, holds):
            node = scope.exprs[part]
            if type(node) is Choice and node.test == NONE and is_true:
                asked = [item for item in node.items if not any(True for _ in nothing(scope, item, True))]
                several = [self._outdated(frame, item, True) for item in asked]
                if several and all(several):
                    return several[0]
            elif type(node) is Bin and node.op == "compares":
                sign, order = self._sign(frame, node.left) - self._sign(frame, node.right), order_of(scope, node)
                if sign and order and ((sign > 0) is (order in LATER)) is is_true:
                    clocks = [one for one in parts(scope, part) if is_clock(self._inference, frame, one)]
                    return frozenset(_kept_under(scope, part, {one for clock in clocks for one in parts(scope, clock)}))
        return _NEVER

    def _makes_time(self, frame: Frame, region: int, names: frozenset[str]) -> bool:
        """Whether the code of a region, or what it calls, adds something to the time now, and says one of the names."""
        scope = frame.scope
        inside = [event for event in scope.events if within(scope, event.region, (region,))]
        is_later = any(event.expr != NONE and self._is_later(frame, event.expr) for event in inside)
        is_named = any(event.expr != NONE and _says(scope, event.expr, names) for event in inside)
        edges = [edge for edge in self._graph.node(frame).edges if 0 <= edge.event < len(scope.events)]
        called = [edge.callee for edge in edges if within(scope, scope.events[edge.event].region, (region,))]
        for _ in range(_MOST_HOPS):
            if is_later and is_named:
                return True
            for callee in called:
                numbers = range(len(callee.scope.exprs))
                is_later = is_later or any(self._is_later(callee, number) for number in numbers)
                is_named = is_named or any(one.name in names for one in callee.scope.params)
                is_named = is_named or any(_says(callee.scope, number, names) for number in numbers)
            called = [edge.callee for callee in called for edge in self._graph.node(callee).edges]
        return is_later and is_named

    def _is_later(self, frame: Frame, expr: int) -> bool:
        node = frame.scope.exprs[expr]
        sides = (node.left, node.right) if type(node) is Bin and node.op == "+" else ()
        return any(is_clock(self._inference, frame, side) for side in sides)

    def _expires(self, frame: Frame, node: Attr) -> bool:
        catalogue = self._inference.libraries.catalogue
        held = self._inference.type(frame, node.base)
        return any(
            node.name in kind.expires
            for value in held
            if isinstance(value, ExtInstanceV)
            for kind in catalogue.mro(value.name)
        )

    def times(self, frame: Frame, region: int) -> frozenset[str]:
        """The names of the stored times that have passed where a region is entered, and one of which it sets anew."""
        scope = frame.scope
        for number in around(scope, region):
            here = scope.regions[number]
            if here.kind in ("if", "else") and here.expr != NONE:
                if (frame, number) not in self._times:
                    times = frozenset(self._passed(frame, here.expr, here.kind == "if", 0))
                    self._times[frame, number] = times if times and self._sets(frame, number, times) else _NEVER
                if times := self._times[frame, number]:
                    return times
        return _NEVER

    # -- the test

    def _passed(self, frame: Frame, test: int, holds: bool, hops: int) -> Iterator[str]:
        """The stored times that have passed where a condition holds, or where it does not."""
        scope = frame.scope
        node = scope.exprs[test]
        if hops > _MOST_HOPS:
            return
        if type(node) is Await:
            yield from self._passed(frame, node.value, holds, hops)
        elif type(node) is Bin and node.op == "not":
            yield from self._passed(frame, node.left, not holds, hops)
        elif type(node) is Bin and node.op == "and":
            yield from self._of_several(frame, (node.left, node.right), True, holds, hops)
        elif type(node) is Choice and node.test == NONE:
            yield from self._of_several(frame, node.items, False, holds, hops)
        elif type(node) is Bin and node.op == "compares":
            sign, order = self._sign(frame, node.left) - self._sign(frame, node.right), order_of(scope, node)
            if sign and order and ((sign > 0) is (order in LATER)) is holds:
                yield from self._stored(frame, test)
        elif type(node) is Call:
            yield from self._told(frame, node, holds, hops)

    def _of_several(
        self, frame: Frame, tests: tuple[int, ...], all_hold: bool, holds: bool, hops: int
    ) -> Iterator[str]:
        """Of conditions that all hold one is enough; where one of several does, the others ask if anything is there."""
        found = [list(self._passed(frame, test, holds, hops)) for test in tests]
        if all_hold is holds or all(
            times or self._asks_for_stored(frame, test) for test, times in zip(tests, found, strict=True)
        ):
            yield from (time for times in found for time in times)

    def _asks_for_stored(self, frame: Frame, test: int) -> bool:
        """Whether a condition only asks what is stored: `self.cached is None`, `not self.cached`."""
        node = frame.scope.exprs[test]
        if isinstance(node, Choice) and node.test == NONE:
            return all(self._asks_for_stored(frame, item) for item in node.items)
        if isinstance(node, Bin) and node.op in _QUESTIONS:
            return self._asks_for_stored(frame, node.left)
        return any(True for _ in self._inference.first_use.slot(frame.gid, test))

    def _told(self, frame: Frame, node: Call, holds: bool, hops: int) -> Iterator[str]:
        """What a function of the project says that compares times, and else only yes or no, or what is stored."""
        for value in self._inference.type(frame, node.func):
            if not isinstance(value, (FunctionV, MethodV)):
                continue
            callee = self._inference.binding.frame_of(value)
            key = (callee, holds, hops)
            if key not in self._answers:
                self._answers[key] = self._answered(callee, holds, hops)
            yield from self._answers[key] or ()

    def _answered(self, callee: Frame, holds: bool, hops: int) -> list[str] | None:
        """The times that have passed where a function answers so; None if that may be for another reason."""
        ends = [e for e in callee.scope.events if e.kind == EventKind.RETURN and e.expr != NONE]
        found = [self._answer(callee, end, holds, hops + 1) for end in ends]
        return None if None in found else [time for times in found for time in times or ()]

    def _answer(self, frame: Frame, end: Event, holds: bool, hops: int) -> list[str] | None:
        """The times that have passed where a function gives this answer; None if it does for another reason."""
        node = frame.scope.exprs[end.expr]
        if isinstance(node, Lit):
            return self._before(frame, end, hops) if node == Lit(holds) else []
        times = list(self._passed(frame, end.expr, holds, hops))
        return times or ([] if self._asks_for_stored(frame, end.expr) else None)

    def _before(self, frame: Frame, end: Event, hops: int) -> list[str] | None:
        """The times that have passed where a function returns; None if it returns for another reason."""
        tests = list(branches(frame.scope, end.region))
        times = [time for here in tests for time in self._passed(frame, here.expr, here.kind == "if", hops)]
        return times or ([] if tests and self._asks_for_stored(frame, tests[0].expr) else None)

    def _sign(self, frame: Frame, expr: int, hops: int = 0) -> int:
        """1 where an expression grows with the clock, -1 where it shrinks, 0 where it does neither."""
        scope = frame.scope
        node = scope.exprs[expr]
        if hops > _MOST_HOPS:
            return 0
        if is_clock(self._inference, frame, expr):
            return 1
        if isinstance(node, Use) and len(node.defs) == 1:
            return self._sign(frame, scope.defs[node.defs[0]].value, hops + 1)
        if isinstance(node, Bin) and node.op in ("+", "-"):
            left, right = (self._sign(frame, part, hops + 1) for part in (node.left, node.right))
            return left + right if node.op == "+" else left - right
        if not isinstance(node, Call):
            return 0
        func = scope.exprs[node.func]
        return self._sign(frame, func.base, hops + 1) if isinstance(func, Attr) else 0  # `.total_seconds()`

    def _stored(self, frame: Frame, test: int) -> Iterator[str]:
        """The names of what a test reads that outlives the request."""
        for part in parts(frame.scope, test):
            if not isinstance(frame.scope.exprs[part], (Attr, Var)):
                continue
            for slot in self._inference.first_use.slot(frame.gid, part):
                if self._lifetimes.lasts(frame, "object" if slot.on_receiver else "process"):
                    yield slot.name

    # -- what is renewed

    def _sets(self, frame: Frame, region: int, times: frozenset[str]) -> bool:
        """Whether the code of a region sets one of some times, or what it calls does."""
        scope = frame.scope
        if any(_is_set(scope, event, times) for event in scope.events if within(scope, event.region, (region,))):
            return True
        called = [
            edge.callee
            for edge in self._graph.node(frame).edges
            if 0 <= edge.event < len(scope.events) and within(scope, scope.events[edge.event].region, (region,))
        ]
        for _ in range(_MOST_HOPS):
            if any(_is_set(callee.scope, event, times) for callee in called for event in callee.scope.events):
                return True
            called = [edge.callee for callee in called for edge in self._graph.node(callee).edges]
        return False


def _kept_under(scope: Scope, test: int, clocks: set[int]) -> Iterator[str]:
    """What a test reads beside clocks: `token.expires_at`, `token["expires_at"]`, `getattr(token, "expires_at")`."""
    asked = set(parts(scope, test)) - clocks
    called = {node.func for node in (scope.exprs[part] for part in asked) if isinstance(node, Call)}
    for part in asked - called:
        node = scope.exprs[part]
        if isinstance(node, Attr) or (isinstance(node, Lit) and isinstance(node.value, str)):
            yield node.name if isinstance(node, Attr) else str(node.value)


def _says(scope: Scope, expr: int, names: frozenset[str]) -> bool:
    """Whether an expression names something so: an attribute, a keyword or a key."""
    node = scope.exprs[expr]
    if type(node) is Call:
        return any(name in names for name, _ in node.keywords)
    return (type(node) is Attr and node.name in names) or (type(node) is Lit and node.value in names)


def _is_set(scope: Scope, event: Event, names: frozenset[str]) -> bool:
    return event.kind in _SETS and event.name in names and event.value != NONE and scope.name != "__init__"


def _is_of_method(scope: Scope, event: Event, region: int, held: int) -> bool:
    """Whether an event in a region calls a method of an object."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and within(scope, event.region, (region,)) and same(scope, func.base, held)
