"""Which attributes of an object are an empty list where its method runs, because the caller has just stored that?

`blocks.paths = paths or []`, with no `paths` given, and then `blocks.read()`, which loops over `self.paths`. That lasts
until something may change the object, or reads the list: who has it may put something in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Choice, EventKind, Scope, Seq
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.iterables import for_loops, sources
from fastapi_lint.project.code.questions import Question
from fastapi_lint.project.code.regions import around, stands_in, within
from fastapi_lint.project.code.spelling import is_receiver, same
from fastapi_lint.project.flow.caller_tests import hands_over
from fastapi_lint.project.flow.empty_loops import EmptyLoops
from fastapi_lint.project.flow.told import EMPTY_LIST, Told, reads
from fastapi_lint.project.types.values import PropertyV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


class Emptied:
    """Answers for calls; what methods loop over is found once for each."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._looped: dict[int, frozenset[str]] = {}

    def at_call(self, frame: Frame, number: int, callee: Frame, dead: Callable[[], frozenset[int]]) -> tuple[Told, ...]:
        """What a method loops over that is empty at its call; `dead` gives the regions that the caller never takes."""
        scope = frame.scope
        owner = self._inference.index.class_of(callee.gid)
        node = scope.exprs[scope.events[number].expr] if owner != NONE else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(func, Attr) or self._inference.decorators.method_kind(callee.gid) != "instance":
            return ()
        names = [name for name in self._looped_by(callee.gid) if _stored(scope, number, func.base, name) != NONE]
        if not names:
            return ()
        regions = dead()
        loops = EmptyLoops(self._inference, frame, lambda region: within(scope, region, regions))
        question = Question(NONE, frozenset(), True)
        return tuple(
            Told(0, (name,), EMPTY_LIST, question, False)
            for name in names
            if self._is_plain(owner, name) and is_empty_list(scope, _stored(scope, number, func.base, name), loops)
        )

    def _looped_by(self, gid: int) -> frozenset[str]:
        known = self._looped.get(gid)
        if known is None:
            scope = self._inference.index.scope(gid)
            known = self._looped[gid] = frozenset(_looped(scope)) if scope.params else frozenset()
        return known

    def _is_plain(self, owner: int, name: str) -> bool:
        return not any(isinstance(one, PropertyV) for one in self._inference.classes.member(owner, name)[0])


def is_empty_list(scope: Scope, value: int, loops: EmptyLoops) -> bool:
    """Whether a value is an empty list of its own: `[]`, or `paths or []` where there are none."""
    node = scope.exprs[value]
    if isinstance(node, Choice) and node.test == NONE:
        return is_empty_list(scope, node.items[-1], loops) and all(loops.is_empty(one) for one in node.items[:-1])
    return isinstance(node, Seq) and node.kind == "list" and not node.items


def _looped(scope: Scope) -> Iterator[str]:
    """The attributes of its object on which it rests whether the loops of a method go over anything."""
    waiting = [scope.regions[number].expr for number in for_loops(scope)]
    seen = set(waiting)
    while waiting:
        expr = waiting.pop()
        node = scope.exprs[expr]
        if isinstance(node, Attr) and is_receiver(scope, node.base):
            yield node.name
        parts = sources(scope, expr)
        if isinstance(node, Call) and not parts:
            parts = node.args
        waiting += (part for part in parts if part not in seen)
        seen.update(parts)


def _stored(scope: Scope, call: int, base: int, name: str) -> int:
    """The value of an attribute of an object that is stored before a call and is there still; NONE if that is open."""
    events, inside = scope.events, set(around(scope, scope.events[call].region))
    if stands_in(scope, events[call].region, "loop"):
        return NONE
    for event in reversed(events[:call]):
        if event.kind == EventKind.STORE_ATTR and event.name == name:
            is_it = event.region in inside and not event.flag and same(scope, event.expr, base)
            is_alone = all(one.value != event.value for one in scope.defs)  # `page.styles = known = []`
            return event.value if is_it and is_alone else NONE
        if event.pauses or hands_over(scope, event, base) or reads(scope, event, name):
            return NONE
        if event.kind == EventKind.CALL:
            return NONE  # it may know the object by another name
    return NONE
