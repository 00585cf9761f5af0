"""What do the branches around a call say of what it hands over, so that branches of the function called are excluded?

`if not is_async(self.storage): return self.delete(key)` stands in the one half, and `delete` asks
`if is_async(self.storage)`; `if kind != "local": return` stands before `connect(kind)`, and `connect` does something
for `kind == "blob"` only. That lasts until something may change the object: a store, a call that it is handed to, a
wait. What kind an object is of (`isinstance`) never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied, simple_tests
from fastapi_lint.project.code.questions import Question, answer, literal, question
from fastapi_lint.project.code.regions import around, stands_in, within
from fastapi_lint.project.flow.caller_tests import Path, behind, given_for, hands_over, is_branch, may_change, path_of
from fastapi_lint.project.flow.kept_arguments import KeptArguments
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, FunctionV, PropertyV, TupleV, Type, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_OF_KIND = frozenset(
    {
        "builtins.callable",
        "builtins.isinstance",
        "builtins.issubclass",
        "inspect.iscoroutinefunction",
        "asyncio.iscoroutinefunction",
    }
)
_QUIET = frozenset({EventKind.CALL, EventKind.LOAD, EventKind.RETURN, EventKind.TRUTH})
_MOST = 4
_By = tuple[Type, ...]

EMPTY_LIST: _By = ((ExtInstanceV("builtins.list"),),)
"""In the place of a function that asks: what is known is that there is an empty list."""


class Told(msgspec.Struct, frozen=True, cache_hash=True):
    """A question for `x.a.b`, by its path behind the parameter `number`, that is known to hold, or not to.

    `by` is the function that asks what kind of an object it is, and what else it is given; empty for plain tests.
    `lasts` says that only the constructor stores what lies behind the path.
    See `EMPTY_LIST` for the other thing that may stand there.
    """

    number: int
    path: Path
    by: _By
    asked: Question
    holds: bool
    lasts: bool = False

    @property
    def is_of_kind(self) -> bool:
        """Whether it says what kind an object is of, so that it holds for good."""
        return bool(self.by) and (self.lasts or not self.path)


class Tellings:
    """Answers for calls, and for conditions of the functions called; what these ask is found once for each scope."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._wanted: dict[int, tuple[Told, ...]] = {}
        self._of_kind: dict[int, bool] = {}
        self._arguments = KeptArguments(inference)

    def at_call(self, frame: Frame, number: int, callee: Frame) -> tuple[Told, ...]:
        """What is known at a call and decides a branch of the function called."""
        scope = frame.scope
        event = scope.events[number]
        if not frame.told and not stands_in(scope, event.region, "if", "else"):
            return ()
        wanted = self.wanted_by(callee.gid)
        node = scope.exprs[event.expr] if wanted else None
        if not isinstance(node, Call):
            return ()
        found: dict[Told, None] = {}
        for parameter in dict.fromkeys(one.number for one in wanted):
            given = given_for(self._inference, callee, frame, node, parameter)
            if given == NONE:
                continue
            for path, by, asked, holds, lasts in self._known(frame, number, given):
                told = Told(parameter, path, by, msgspec.structs.replace(asked, of=NONE), holds, lasts)
                if any(_answer(told, one) is not None for one in wanted):
                    found[told] = None
        return tuple(found)[:_MOST]

    def truth(self, frame: Frame, expr: int) -> bool | None:
        """What a simple condition is for what the caller has asked; None if that says nothing."""
        asked = self._asked(frame, expr) if frame.told else None
        path = path_of(frame.scope, asked[1].of) if asked is not None else None
        if asked is None or path is None:
            return None
        test = Told(*path, *asked, True)
        answers = ((_answer(told, test), told.lasts) for told in frame.told)
        known, lasts = next((one for one in answers if one[0] is not None), (None, True))
        if known is None or lasts or not path[1]:
            return known
        events = frame.scope.events
        here = next((n for n, e in enumerate(events) if e.kind == EventKind.ATTR and e.expr == asked[1].of), NONE)
        if here == NONE:
            return None
        is_list = any(one.by == EMPTY_LIST and (one.number, one.path) == path for one in frame.told)
        is_quiet = self._is_left_alone(frame, here, *path) if is_list else _is_quiet(frame.scope, events[:here], *path)
        return known if is_quiet else None

    def _is_left_alone(self, frame: Frame, until: int, number: int, path: Path) -> bool:
        """Whether nobody has changed a list of the receiver before an event, or got hold of it."""
        scope, owner = frame.scope, self._inference.index.class_of(frame.gid)
        if stands_in(scope, scope.events[until].region, "loop"):
            return False  # what comes behind it comes before the next pass
        for event in scope.events[:until]:
            if may_change(scope, event, number) or reads(scope, event, path[-1]) or _stores(event, path):
                return False
            if event.kind == EventKind.STORE_ATTR and path_of(scope, event.expr) == (number, ()):
                if any(isinstance(one, PropertyV) for one in self._inference.classes.member(owner, event.name)[0]):
                    return False  # its setter may do anything
        return True

    def _known(self, frame: Frame, call: int, given: int) -> Iterator[tuple[Path, _By, Question, bool, bool]]:
        """What is said of an object that a call hands over: by the branches around, or by the caller's caller."""
        scope = frame.scope
        events = scope.events
        for number in around(scope, events[call].region):
            if not is_branch(scope, number):
                continue
            for part, holds in implied(scope, scope.regions[number].expr, scope.regions[number].kind == "if"):
                asked = self._asked(frame, part)
                path = behind(scope, asked[1].of, given) if asked is not None else None
                if asked is not None and path is not None:
                    if not path or not _is_changed(scope, _since(scope, number, call), given, path):
                        yield path, *asked, holds, False
                elif asked is not None and asked[0]:  # a kind never changes
                    kept = self._arguments.names(frame, given, asked[1].of)
                    yield from (((name,), *asked, holds, True) for name in kept)
        start = path_of(scope, given) if frame.told else None
        for told in frame.told:
            length = len(start[1]) if start is not None else 0
            if (told.number, told.path[:length]) != start or told.by == EMPTY_LIST:
                continue
            rest = told.path[length:]
            if not told.path or told.lasts or _is_quiet(scope, _before(scope, call), told.number, told.path):
                yield rest, told.by, told.asked, told.holds, told.lasts

    def wanted_by(self, gid: int) -> tuple[Told, ...]:
        """What the conditions of a function ask of its parameters."""
        known = self._wanted.get(gid)
        if known is None:
            frame = self._inference.plain_frame(gid)
            found: dict[Told, None] = {}
            for region, one in enumerate(frame.scope.regions if frame.scope.kind == "function" else ()):
                for test in simple_tests(frame.scope, one.expr) if is_branch(frame.scope, region) else ():
                    asked = self._asked(frame, test)
                    path = path_of(frame.scope, asked[1].of) if asked is not None else None
                    if asked is not None and path is not None:
                        found[Told(*path, asked[0], msgspec.structs.replace(asked[1], of=NONE), True)] = None
            known = self._wanted[gid] = tuple(found)
        return known

    def _asked(self, frame: Frame, test: int) -> tuple[_By, Question] | None:
        """What a simple test asks, and by which function if it asks for the kind of an object."""
        node = frame.scope.exprs[test]
        if not isinstance(node, Call):
            asked = question(frame.scope, test, lambda expr: literal(frame.scope, expr))
            return None if asked is None else ((), asked)
        if not node.args or node.keywords:
            return None
        by = tuple(self._inference.type(frame, part) for part in (node.func, *node.args[1:]))
        if not all(by) or len(by[0]) != 1 or not self._asks_for_kind(by[0][0]):
            return None
        return by, Question(node.args[0], frozenset(), True)

    def _asks_for_kind(self, value: Value) -> bool:
        """Whether a function says what kind of an object it is given: the answer never changes."""
        if isinstance(value, ExternalV):
            return value.name in _OF_KIND
        if not isinstance(value, FunctionV):
            return False
        if value.gid not in self._of_kind:
            self._of_kind[value.gid] = False  # for one that calls itself
            self._of_kind[value.gid] = self._only_asks_for_kind(value.gid)
        return self._of_kind[value.gid]

    def _only_asks_for_kind(self, gid: int) -> bool:
        scope = self._inference.index.scope(gid)
        if scope.is_async or scope.is_generator or scope.decorators or scope.kind != "function":
            return False
        frame = self._inference.plain_frame(gid)
        calls = [node for event in scope.events if isinstance(node := _node(scope, event), Call)]
        called = {node.func for node in calls}
        if not all(e.kind in _QUIET or (e.kind == EventKind.ATTR and e.expr in called) for e in scope.events):
            return False
        kinds = [self._inference.type(frame, node.func) for node in calls]
        return bool(kinds) and all(len(kind) == 1 and self._asks_for_kind(kind[0]) for kind in kinds)


def _node(scope: Scope, event: Event) -> object:
    return scope.exprs[event.expr] if event.kind == EventKind.CALL else None


def _answer(told: Told, test: Told) -> bool | None:
    if (told.number, told.path) != (test.number, test.path):
        return None
    if told.by == EMPTY_LIST:
        return _of_empty_list(test)
    return answer(told.asked, told.holds, test.asked) if told.by == test.by else None


def _of_empty_list(test: Told) -> bool | None:
    """What a test is of an empty list, which is not true and equals none of the constants that tests ask for."""
    if not test.by:
        return not test.asked.positive
    if len(test.by) != 2 or test.by[0] != (ExternalV("builtins.isinstance"),):
        return None
    asked = [part for one in test.by[1] for part in (one.items if isinstance(one, TupleV) else ((one,),))]
    return True if (ExternalV("builtins.list"),) in asked else None


def reads(scope: Scope, event: Event, name: str) -> bool:
    """Whether an event reads an attribute of this name, whatever object has it."""
    node = scope.exprs[event.expr] if event.kind == EventKind.ATTR else None
    return isinstance(node, Attr) and node.name == name


def _since(scope: Scope, region: int, call: int) -> Iterator[Event]:
    """What may happen between the condition of a branch and a call in it: all of it, where a loop comes back there."""
    events = scope.events
    inside = around(scope, events[call].region)
    repeats = any(scope.regions[number].kind == "loop" and within(scope, number, (region,)) for number in inside)
    until = events if repeats else events[:call]
    return (event for event in until if event is not events[call] and within(scope, event.region, (region,)))


def _before(scope: Scope, call: int) -> Iterable[Event]:
    """What may happen before a call: all, where a loop comes back to it."""
    events = scope.events
    return (*events[:call], *events[call + 1 :]) if stands_in(scope, events[call].region, "loop") else events[:call]


def _is_changed(scope: Scope, events: Iterable[Event], given: int, path: Path) -> bool:
    """Whether one of these events may change what lies behind an object by a path."""
    return any(event.pauses or _stores(event, path) or hands_over(scope, event, given) for event in events)


def _is_quiet(scope: Scope, events: Iterable[Event], number: int, path: Path) -> bool:
    """Whether none of these events may change what lies behind a parameter by a path."""
    return not any(
        may_change(scope, event, number)
        or _stores(event, path)
        or (event.kind == EventKind.STORE_ATTR and path_of(scope, event.expr) == (number, ()))
        for event in events
    )


def _stores(event: Event, path: Path) -> bool:
    return event.kind == EventKind.STORE_ATTR and event.name in path
