"""Which reads of attributes load rows through a synchronous session?

Only what is seen from the query to the attribute counts: objects of a query of one class that does not say how to load
that attribute, whose session is still open where it is read for the first time. What `AsyncSession` has loaded fails
instead (`MissingGreenlet`), and what a call makes itself (`Build()`) has nothing to load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

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
    Seq,
    Sub,
    Unpack,
    Use,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.kept_answers import KeptAnswers
from fastapi_lint.project.code.regions import around, exclude_each_other
from fastapi_lint.project.code.spelling import same
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.calls import Callee
from fastapi_lint.project.types.entities import SESSIONS, Entities, Entity
from fastapi_lint.project.types.relationships import Relationships
from fastapi_lint.project.types.values import ExternalV, FunctionV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_ONE = frozenset({"first", "one", "one_or_none", "get", "scalar_one", "scalar_one_or_none", "scalar"})
_WITH = frozenset({"with", "async-with"})
_LETS_GO = frozenset({"close", "remove", "expunge", "expunge_all"})
"""After any of these what was loaded has no session: to read a relationship fails."""
_SAME_ITEMS = frozenset({"builtins.list", "builtins.tuple", "builtins.sorted", "builtins.reversed"})


class Row(msgspec.Struct, frozen=True):
    """An object of the mapped class `gid` that was loaded, or many of them (None: one or many).

    How to load the attributes that are `named` was said. `owner` is the class whose relationship has led to it, and
    `through` are the functions that have had it.
    """

    gid: int
    is_many: bool | None
    named: frozenset[str] = frozenset()
    owner: int = NONE
    through: frozenset[int] = frozenset()


class LoadedRows:
    """Answers by function, kept; which names are relationships at all is known beforehand."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self.relationships = Relationships(inference)
        self._entities = Entities(inference)
        self._injection = Injection(inference)
        self._given: KeptAnswers[Row] = KeptAnswers(inference)
        self._rows: KeptAnswers[Row] = KeptAnswers(inference)

    def read(self, frame: Frame, number: int) -> str:
        """The relationship that an event of a frame loads (`Build.environment`), or the empty string."""
        scope = frame.scope
        event = scope.events[number]
        node = scope.exprs[event.expr]
        if not isinstance(node, Attr) or _is_known_already(scope, number, node):
            return ""
        row = self._row(frame, node.base)
        if row is None or row.is_many or node.name in row.named:
            return ""
        if not self.relationships.is_lazy(row.gid, node.name) or self._leads_back(row, node.name):
            return ""
        if _lets_go(scope, number) or not self._is_open(scope, node.base, event.region):
            return ""
        if any(self._mentions(gid, node.name) for gid in row.through):
            return ""
        if self._is_handed_over(frame, node.base, number) or self._has_target(frame, number, row, node.name):
            return ""
        return f"{self._index.name(row.gid)}.{node.name}"

    def _mentions(self, gid: int, name: str) -> bool:
        """Whether a function that has handed an object over reads such an attribute, sets it, or names it in a call."""
        frame = self._inference.plain_frame(gid)
        scope = frame.scope
        for event in scope.events:
            node = scope.exprs[event.expr] if event.expr != NONE else None
            if event.kind == EventKind.STORE_ATTR and event.name == name:
                return True
            if event.kind == EventKind.ATTR and isinstance(node, Attr) and node.name == name:
                if self._entities.of_class(frame, node.base) is None:
                    return True
            if event.kind == EventKind.CALL and name in _texts(scope, node):
                return True
        return False

    def _is_handed_over(self, frame: Frame, expr: int, until: int) -> bool:
        """Whether a call before an event is handed the object that is no library's: it may read what it likes of it."""
        scope = frame.scope
        for event in scope.events[:until]:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            given = [*node.args, *(value for _, value in node.keywords)] if isinstance(node, Call) else []
            if isinstance(node, Call) and any(same(scope, one, expr) for one in given):
                called = self._inference.calls.callees(frame, node)
                if not called or any(callee.frame is not None for callee in called):
                    return True
        return False

    def _has_target(self, frame: Frame, until: int, row: Row, name: str) -> bool:
        """Whether what a relationship leads to may be loaded already: a session finds objects by their keys."""
        target = self.relationships.target(row.gid, name)
        if target in (NONE, row.gid) or self.relationships.is_collection(row.gid, name):
            return False
        injected = (self._injected(frame, number) for number in range(len(frame.scope.params)))
        if any(one is not None and one.gid == target for one in injected):
            return True
        functions = ((frame, until), *((self._inference.plain_frame(gid), None) for gid in row.through))
        return any(
            (loaded := self._row(where, event.expr)) is not None and loaded.gid == target
            for where, end in functions
            for event in where.scope.events[:end]
            if event.kind in (EventKind.CALL, EventKind.ITER)
        )

    def _leads_back(self, row: Row, name: str) -> bool:
        """Whether a relationship leads to what the object came from, which the session knows by its key."""
        return row.owner != NONE and self.relationships.target(row.gid, name) in (row.owner, NONE)

    def _is_open(self, scope: Scope, expr: int, region: int) -> bool:
        """Whether each `with` in which the object was loaded goes on where it is read."""
        node = scope.exprs[expr]
        if isinstance(node, Attr):
            return self._is_open(scope, node.base, region)
        loaded = [scope.defs[number].region for number in node.defs] if isinstance(node, Use) else []
        here = _withs(scope, region)
        return all(_withs(scope, one) <= here for one in loaded)

    # -- rows

    def _row(self, frame: Frame, expr: int) -> Row | None:
        """What an expression gives, if it was loaded."""
        return self._rows.get((frame, expr), lambda: self._find_row(frame, expr))

    def _find_row(self, frame: Frame, expr: int) -> Row | None:
        node = frame.scope.exprs[expr]
        if isinstance(node, (Use, Phi)):
            return self._only(frame, (frame.scope.defs[number].value for number in node.defs))
        if isinstance(node, Choice):
            return self._only(frame, node.items)
        if isinstance(node, (Narrow, Await, Declared)):
            return self._row(frame, node.value) if node.value != NONE else None
        if isinstance(node, Iter):
            return None if node.is_async else self._item(frame, node.value)
        if isinstance(node, Unpack):
            return self._numbered(frame, node)
        if isinstance(node, Sub):
            is_one = isinstance(frame.scope.exprs[node.index], Lit)
            return self._item(frame, node.base) if is_one else None
        if isinstance(node, Attr):
            return self._related(self._row(frame, node.base), node.name)
        if isinstance(node, Param):
            return self._injected(frame, node.index)
        return self._called(frame, node) if isinstance(node, Call) else None

    def _only(self, frame: Frame, exprs: Iterable[int]) -> Row | None:
        """What several expressions give alike, but for those that give None."""
        return _alike(self._row(frame, one) for one in exprs if frame.scope.exprs[one] != Lit(None))

    def _item(self, frame: Frame, expr: int) -> Row | None:
        """One of the objects that an expression gives."""
        row = self._row(frame, expr)
        if row is None:
            return _row_of(self._entities.of_query(frame, expr), is_many=False)
        return msgspec.structs.replace(row, is_many=False) if row.is_many is not False else None

    def _numbered(self, frame: Frame, node: Unpack) -> Row | None:
        """`for number, row in enumerate(rows)`."""
        items = frame.scope.exprs[node.value]
        call = frame.scope.exprs[items.value] if isinstance(items, Iter) else None
        if node.index != 1 or not isinstance(call, Call) or not call.args:
            return None
        return self._item(frame, call.args[0]) if self._is(frame, call, {"builtins.enumerate"}) else None

    def _related(self, row: Row | None, name: str) -> Row | None:
        """What the relationship of an object leads to."""
        if row is None or row.is_many or name not in self.relationships.names:
            return None
        target = self.relationships.target(row.gid, name)
        return Row(target, None, row.named, row.gid, row.through) if target != NONE else None

    def _called(self, frame: Frame, node: Call) -> Row | None:
        if node.args and self._is(frame, node, _SAME_ITEMS):
            row = self._item(frame, node.args[0])
            return msgspec.structs.replace(row, is_many=True) if row is not None else None
        callees = self._inference.calls.callees(frame, node)
        return _alike(self._gives(frame, node, callee) for callee in callees)

    def _gives(self, frame: Frame, node: Call, callee: Callee) -> Row | None:
        if callee.frame is not None:
            is_run = callee.mode in ("runs", "coroutine") and callee.certain
            return self._returned(callee.frame, EventKind.RETURN) if is_run else None
        if callee.spec is not None and 0 in callee.spec.offloads and node.args:
            kinds = self._inference.type(frame, node.args[0])
            return _alike(self._provided(value, EventKind.RETURN) for value in kinds)
        func = frame.scope.exprs[node.func]
        if not isinstance(func, Attr):
            return None
        if callee.name.startswith(SESSIONS):
            if func.name in ("get", "get_one") and node.args and "options" not in dict(node.keywords):
                return _row_of(self._entities.of_class(frame, node.args[0]), is_many=False)
            is_one = func.name == "scalar"
            return _row_of(self._entities.of_statement(frame, node), is_many=False) if is_one else None
        if func.name == "all" or func.name in _ONE:
            return _row_of(self._entities.of_query(frame, func.base), is_many=func.name == "all")
        return None

    def _is(self, frame: Frame, node: Call, names: Iterable[str]) -> bool:
        return any(isinstance(v, ExternalV) and v.name in names for v in self._inference.type(frame, node.func))

    # -- functions

    def _returned(self, frame: Frame, kind: int) -> Row | None:
        """What a function gives whose session is still open behind it: nothing that a `with` of its own has loaded."""
        return self._given.get((frame, kind), lambda: self._find_returned(frame, kind))

    def _find_returned(self, frame: Frame, kind: int) -> Row | None:
        scope = frame.scope
        if scope.decorators and not self._is_method(frame):
            return None
        given = [e for e in scope.events if e.kind == kind and e.expr != NONE and scope.exprs[e.expr] != Lit(None)]
        if kind == EventKind.RETURN and (
            _lets_go(scope, len(scope.events)) or any(_withs(scope, event.region) for event in given)
        ):
            return None
        if not all(self._is_open(scope, event.expr, event.region) for event in given):
            return None
        if any(self._is_handed_over(frame, event.expr, len(scope.events)) for event in given):
            return None
        row = _alike(self._row(frame, event.expr) for event in given)
        return msgspec.structs.replace(row, through=row.through | {frame.gid}) if row is not None else None

    def _is_method(self, frame: Frame) -> bool:
        """Whether the only decorator says what kind of method a function is."""
        return len(frame.scope.decorators) == 1 and self._inference.decorators.method_kind(frame.gid) != "instance"

    def _injected(self, frame: Frame, number: int) -> Row | None:
        """What FastAPI injects for a parameter, if all dependencies that it may run have loaded it."""
        return _alike(self._provided(value) for value in self._injection.of_parameter(frame, number) or ())

    def _provided(self, value: Value, kind: int | None = None) -> Row | None:
        """What a function gives that someone else calls: FastAPI, or a thread."""
        if not isinstance(value, FunctionV):
            return None
        frame = self._inference.plain_frame(value.gid)
        return self._returned(frame, kind or (EventKind.YIELD if frame.scope.is_generator else EventKind.RETURN))


def _alike(rows: Iterable[Row | None]) -> Row | None:
    """What several ways give, if all give objects of one class."""
    found = list(rows)
    known = [row for row in found if row is not None]
    counts = {row.is_many for row in known if row.is_many is not None}
    if not known or len(known) < len(found) or len({row.gid for row in known}) > 1 or len(counts) > 1:
        return None
    return Row(
        known[0].gid,
        next(iter(counts), None),
        frozenset[str]().union(*(row.named for row in known)),
        known[0].owner if len({row.owner for row in known}) == 1 else NONE,
        frozenset[int]().union(*(row.through for row in known)),
    )


def _row_of(entity: Entity | None, is_many: bool) -> Row | None:
    return Row(entity.gid, is_many, entity.named) if entity is not None else None


def _withs(scope: Scope, region: int) -> frozenset[int]:
    return frozenset(number for number in around(scope, region) if scope.regions[number].kind in _WITH)


def _is_known_already(scope: Scope, number: int, node: Attr) -> bool:
    """Whether the function has read, set or named the same attribute on the way here: then it is loaded."""
    here = scope.events[number].region
    before = [event for event in scope.events[:number] if not exclude_each_other(scope, event.region, here)]
    return (
        any(event.kind == EventKind.STORE_ATTR and event.name == node.name for event in scope.events)
        or any(event.kind == EventKind.ATTR and _is_same(scope, event.expr, node) for event in before)
        or any(event.kind == EventKind.CALL and node.name in _texts(scope, scope.exprs[event.expr]) for event in before)
    )


def _is_same(scope: Scope, expr: int, node: Attr) -> bool:
    other = scope.exprs[expr]
    return isinstance(other, Attr) and other.name == node.name and same(scope, other.base, node.base)


def _texts(scope: Scope, node: object) -> Iterator[object]:
    """The texts that a call is given, in lists, too: `db.refresh(user, ["items"])`."""
    for argument in (*node.args, *(value for _, value in node.keywords)) if isinstance(node, Call) else ():
        given = scope.exprs[argument]
        for item in given.items if isinstance(given, Seq) else (argument,):
            text = scope.exprs[item]
            if isinstance(text, Lit):
                yield text.value


def _lets_go(scope: Scope, end: int) -> bool:
    """Whether a call before an event is spelled as one that ends a session, or takes objects out of it."""
    return any(
        event.kind == EventKind.CALL
        and isinstance(node := scope.exprs[event.expr], Call)
        and isinstance(func := scope.exprs[node.func], Attr)
        and func.name in _LETS_GO
        for event in scope.events[:end]
    )
