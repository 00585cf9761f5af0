"""Which reads of attributes load rows through a synchronous session?

Only what is seen from the query to the attribute counts: objects of a query of one class that names no options of
loading, whose session is still open where the attribute is read. What `AsyncSession` has loaded fails instead
(`MissingGreenlet`), and what a call makes itself (`Build()`) has nothing to load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Declared,
    EventKind,
    Iter,
    Lit,
    Narrow,
    Param,
    Phi,
    Scope,
    Sub,
    Use,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.code.spelling import same
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.calls import Callee
from fastapi_lint.project.types.entities import SESSIONS, Entities
from fastapi_lint.project.types.relationships import Relationships, Row
from fastapi_lint.project.types.values import FunctionV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST = 12
_ONE = frozenset({"first", "one", "one_or_none", "get", "scalar_one", "scalar_one_or_none", "scalar"})
_WITH = frozenset({"with", "async-with"})
_LETS_GO = frozenset({"close", "remove", "expunge", "expunge_all"})
"""After any of these what was loaded has no session: to read a relationship fails."""


class LoadedRows:
    """Answers by function, kept; which names are relationships at all is known beforehand."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self.relationships = Relationships(inference)
        self._entities = Entities(inference)
        self._injection = Injection(inference)
        self._given: dict[Frame, Row | None] = {}

    def read(self, frame: Frame, number: int) -> str:
        """The relationship that an event of a frame loads (`Build.environment`), or the empty string."""
        scope = frame.scope
        event = scope.events[number]
        node = scope.exprs[event.expr]
        if not isinstance(node, Attr) or _is_known_already(scope, number, node):
            return ""
        row = self._row(frame, node.base, 0)
        if row is None or row.is_many or not self.relationships.is_lazy(row.gid, node.name):
            return ""
        if _lets_go(scope, number) or not self._is_open(scope, node.base, event.region):
            return ""
        return f"{self._index.name(row.gid)}.{node.name}"

    def _is_open(self, scope: Scope, expr: int, region: int) -> bool:
        """Whether each `with` in which the object was loaded goes on where it is read."""
        node = scope.exprs[expr]
        if isinstance(node, Attr):
            return self._is_open(scope, node.base, region)
        loaded = [scope.defs[number].region for number in node.defs] if isinstance(node, Use) else []
        here = _withs(scope, region)
        return all(_withs(scope, one) <= here for one in loaded)

    # -- rows

    def _row(self, frame: Frame, expr: int, depth: int) -> Row | None:
        """What an expression gives, if it was loaded."""
        node = frame.scope.exprs[expr]
        if depth > _DEEPEST:
            return None
        if isinstance(node, (Use, Phi)):
            return self._only(frame, (frame.scope.defs[number].value for number in node.defs), depth)
        if isinstance(node, Choice):
            return self._only(frame, node.items, depth)
        if isinstance(node, (Narrow, Await, Declared)):
            return self._row(frame, node.value, depth + 1) if node.value != NONE else None
        if isinstance(node, Iter):
            found = None if node.is_async else self._row(frame, node.value, depth + 1)
            many = found if found is None or found.is_many else None
            gid = many.gid if many is not None else self._entities.of_query(frame, node.value, depth + 1)
            return Row(gid) if gid != NONE else None
        if isinstance(node, Sub):
            found = self._row(frame, node.base, depth + 1)
            is_one = found is not None and found.is_many and isinstance(frame.scope.exprs[node.index], Lit)
            return Row(found.gid) if found is not None and is_one else None
        if isinstance(node, Attr):
            found = self._row(frame, node.base, depth + 1)
            return self.relationships.target(found.gid, node.name) if found and not found.is_many else None
        if isinstance(node, Param):
            return self._injected(frame, node.index)
        return self._called(frame, node, depth) if isinstance(node, Call) else None

    def _only(self, frame: Frame, exprs: Iterable[int], depth: int) -> Row | None:
        """What several expressions give alike, but for those that give None."""
        found = {self._row(frame, one, depth + 1) for one in exprs if frame.scope.exprs[one] != Lit(None)}
        return next(iter(found)) if len(found) == 1 else None

    def _called(self, frame: Frame, node: Call, depth: int) -> Row | None:
        found = {self._gives(frame, node, callee, depth) for callee in self._inference.calls.callees(frame, node)}
        return next(iter(found)) if len(found) == 1 else None

    def _gives(self, frame: Frame, node: Call, callee: Callee, depth: int) -> Row | None:
        if callee.frame is not None:
            is_run = callee.mode in ("runs", "coroutine") and callee.certain
            return self._returned(callee.frame, EventKind.RETURN) if is_run else None
        func = frame.scope.exprs[node.func]
        if not isinstance(func, Attr):
            return None
        if callee.name.startswith(SESSIONS):
            if func.name in ("get", "get_one") and "options" not in dict(node.keywords):
                return _row_of(self._entities.named(frame, node.args[0]) if node.args else NONE)
            return _row_of(self._entities.of_statement(frame, node, depth)) if func.name == "scalar" else None
        if func.name in _ONE:
            return _row_of(self._entities.of_query(frame, func.base, depth + 1))
        if func.name == "all":
            gid = self._entities.of_query(frame, func.base, depth + 1)
            return Row(gid, is_many=True) if gid != NONE else None
        return None

    def _returned(self, frame: Frame, kind: EventKind) -> Row | None:
        """What a function gives whose session is still open behind it: nothing that a `with` of its own has loaded."""
        if frame not in self._given:
            self._given[frame] = None  # a function that asks for its own result
            self._given[frame] = self._find_returned(frame, kind)
        return self._given[frame]

    def _find_returned(self, frame: Frame, kind: EventKind) -> Row | None:
        scope = frame.scope
        if scope.decorators and kind == EventKind.RETURN and not self._is_method(frame):
            return None
        given = [e for e in scope.events if e.kind == kind and e.expr != NONE and scope.exprs[e.expr] != Lit(None)]
        if kind == EventKind.RETURN and (
            _lets_go(scope, len(scope.events)) or any(_withs(scope, event.region) for event in given)
        ):
            return None
        if not all(self._is_open(scope, event.expr, event.region) for event in given):
            return None
        found = {self._row(frame, event.expr, 0) for event in given}
        return next(iter(found)) if len(found) == 1 else None

    def _is_method(self, frame: Frame) -> bool:
        """Whether the only decorator says what kind of method a function is."""
        return len(frame.scope.decorators) == 1 and self._inference.decorators.method_kind(frame.gid) != "instance"

    def _injected(self, frame: Frame, number: int) -> Row | None:
        """What FastAPI injects for a parameter, if all dependencies that it may run have loaded it."""
        dependencies = self._injection.of_parameter(frame, number) or ()
        found = {
            self._returned(inner, EventKind.YIELD if inner.scope.is_generator else EventKind.RETURN)
            if (inner := self._plain(value)) is not None
            else None
            for value in dependencies
        }
        return next(iter(found)) if len(found) == 1 else None

    def _plain(self, value: object) -> Frame | None:
        return self._inference.plain_frame(value.gid) if isinstance(value, FunctionV) else None


def _row_of(gid: int) -> Row | None:
    return Row(gid) if gid != NONE else None


def _withs(scope: Scope, region: int) -> frozenset[int]:
    return frozenset(number for number in around(scope, region) if scope.regions[number].kind in _WITH)


def _is_known_already(scope: Scope, number: int, node: Attr) -> bool:
    """Whether the function has read, or set, the same attribute before: then it is loaded."""
    return any(_reads(scope, number, node)) or any(
        event.kind == EventKind.STORE_ATTR and event.name == node.name for event in scope.events
    )


def _reads(scope: Scope, number: int, node: Attr) -> Iterator[bool]:
    for event in scope.events[:number]:
        other = scope.exprs[event.expr] if event.kind == EventKind.ATTR else None
        if isinstance(other, Attr) and other.name == node.name:
            yield same(scope, other.base, node.base)


def _lets_go(scope: Scope, end: int) -> bool:
    """Whether a call before an event is spelled as one that ends a session, or takes objects out of it."""
    return any(
        event.kind == EventKind.CALL
        and isinstance(node := scope.exprs[event.expr], Call)
        and isinstance(func := scope.exprs[node.func], Attr)
        and func.name in _LETS_GO
        for event in scope.events[:end]
    )
