"""Which loops of a frame go over nothing, for what its caller has left out?

`read(paths=None)` loops over `paths or []`, or over what a function of the project makes of `paths`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Free, Lit, Map, Param, Phi, Scope, Seq, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.iterables import is_left_alone, sources
from fastapi_lint.project.code.questions import Question
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.caller_tests import given_for, path_of
from fastapi_lint.project.flow.told import EMPTY_LIST, Told
from fastapi_lint.project.types.values import FunctionV, LiteralV, MethodV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST = 8
_NOTHING: tuple[bool | int | float | str | None, ...] = (None, "")


class EmptyLoops:
    """Answers for one frame; `is_dead` says which regions it never takes."""

    def __init__(self, inference: Inference, frame: Frame, is_dead: Callable[[int], bool]) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = frame.scope
        self._is_dead = is_dead

    def is_empty(self, expr: int, hops: int = 0) -> bool:
        """Whether an expression goes over nothing."""
        node = self._scope.exprs[expr]
        if hops > _DEEPEST:
            return False
        if isinstance(node, (Seq, Map)):
            return not (node.items if isinstance(node, Seq) else node.keys)
        if isinstance(node, Lit):
            return node.value in _NOTHING
        if isinstance(node, Param):
            given = self._inference.binding.given(self._frame, node.index)
            return isinstance(given, LiteralV) and given.value in _NOTHING
        if isinstance(node, (Attr, Use)) and self._is_told_empty(expr):
            return True
        if isinstance(node, (Use, Phi)):
            return self._is_bound_empty(node, hops)
        parts = sources(self._scope, expr)
        if parts:
            return all(self.is_empty(part, hops + 1) for part in parts)
        return isinstance(node, Call) and self._gives_nothing(node, hops)

    def _is_told_empty(self, expr: int) -> bool:
        """Whether the caller knows that something is an empty list."""
        is_known = any(one.by == EMPTY_LIST for one in self._frame.told)
        return is_known and self._inference.tellings.truth(self._frame, expr) is False

    def _is_bound_empty(self, node: Use | Phi, hops: int) -> bool:
        alive = [number for number in node.defs if not self._is_dead(self._scope.defs[number].region)]
        return bool(alive) and all(
            self.is_empty(self._scope.defs[number].value, hops + 1) and self._stays_empty(number) for number in alive
        )

    def _stays_empty(self, number: int) -> bool:
        """Whether nobody puts anything into what a local name stands for; nothing gets into None."""
        made = self._scope.defs[number]
        if isinstance(self._scope.exprs[made.value], (Lit, Param)):
            return True
        index, gid = self._inference.index, self._frame.gid
        if (gid, made.name) in index.rebinds or not is_left_alone(self._scope, number):
            return False
        module = index.module(gid)
        name = Var(gid - module.base, made.name)
        return not any(name in scope.exprs for scope in module.facts.scopes if scope.parent == name.scope)

    def _gives_nothing(self, node: Call, hops: int) -> bool:
        """Whether functions of the project return nothing to go over for what they are given."""
        called = self._inference.type(self._frame, node.func)
        return bool(called) and all(self._returns_nothing(value, node, hops) for value in called)

    def _returns_nothing(self, value: Value, node: Call, hops: int) -> bool:
        if not isinstance(value, (FunctionV, MethodV)):
            return False
        inner = self._for_empty_lists(self._inference.binding.frame_for(value, self._frame, node), node)
        scope = inner.scope
        if (
            not (inner.bound or inner.told)
            or scope.is_async
            or scope.is_generator
            or scope.falls_through
            or scope.decorators
        ):
            return False
        asking = self._inference.asking_for_nothing
        if inner.gid in {*asking, self._frame.gid}:  # what a recursive function gives rests on itself
            return False
        asking.append(self._frame.gid)
        try:
            returned = self._inference.calls.taken_returns(inner)
            loops = EmptyLoops(self._inference, inner, lambda region: within(scope, region, inner.dead or frozenset()))
            return bool(returned) and all(loops.is_empty(one, hops + 1) for one in returned)
        finally:
            asking.pop()

    def _for_empty_lists(self, inner: Frame, node: Call) -> Frame:
        """A function as it runs for arguments that the caller knows to be empty lists, where it only looks at them."""
        told = self._frame.told
        if not any(one.by == EMPTY_LIST for one in told) or inner.receiver is not None:
            return inner
        question = Question(NONE, frozenset(), True)
        known = tuple(
            Told(number, (), EMPTY_LIST, question, False)
            for number in range(len(inner.scope.params))
            if (given := given_for(self._inference, inner, self._frame, node, number)) != NONE
            and self._is_told_empty(given)
            and _is_looked_at(inner.scope, number)
        )
        index = self._inference.index
        return (
            index.frame(inner.gid, inner.receiver, inner.bound, inner.awaited, inner.holds, known) if known else inner
        )


def _is_looked_at(scope: Scope, number: int) -> bool:
    """Whether a function hands a parameter to builtins only, calls no method of it and stores nothing in it."""
    for event in scope.events:
        if event.kind in (EventKind.STORE_ITEM, EventKind.STORE_ATTR, EventKind.REBIND):
            return False
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if not isinstance(node, Call) or isinstance(scope.exprs[node.func], Free):
            continue
        func = scope.exprs[node.func]
        handed = [*node.args, *(value for _, value in node.keywords)]
        handed += [func.base] if isinstance(func, Attr) else []
        if any(path_of(scope, one) == (number, ()) for one in handed):
            return False
    return True
