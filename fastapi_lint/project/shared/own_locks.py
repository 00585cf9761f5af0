"""Which locks are made by the very call that takes them? Each call has its own, and none waits for another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Call,
    Choice,
    Comp,
    Declared,
    EventKind,
    Map,
    Phi,
    Scope,
    Seq,
    Star,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import parts
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import LibraryCall


class OwnLock(msgspec.Struct, frozen=True):
    """A lock made at `place` of scope `gid`, and taken there; `maker` is the project's function that makes it."""

    gid: int
    place: int
    name: str
    maker: str = ""


class OwnLocks:
    """Looks at one function at a time: a lock that leaves the function may be shared."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference

    def takers(self) -> list[int]:
        """The scopes that may take anything, by how that is spelled."""
        return sorted({*self._index.doing(EventKind.ENTER), *self._index.reading(("acquire",))})

    def find(self, gid: int) -> Iterator[OwnLock]:
        """The locks that the function makes and takes."""
        scope = self._index.scope(gid)
        taken = _taken(scope) if scope.kind == "function" else []
        if not taken:
            return
        frame = self._inference.plain_frame(gid)
        for call in self._made(frame, {part for expr in taken for part in parts(scope, expr)}):
            same = aliases(scope, call.expr)
            if _takes(scope, same) and not _escapes(scope, same) and not self._is_captured(gid, scope, same):
                yield OwnLock(gid, call.place, call.name)
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.ENTER else None
            if type(node) is Call:
                maker = self._maker(frame, node)
                if maker is not None:
                    yield OwnLock(gid, event.place, maker[1], maker[0])

    def _made(self, frame: Frame, exprs: Iterable[int]) -> list[LibraryCall]:
        """The calls that make locks, if any of these expressions is one.

        What else a function runs is not asked before: that costs a tenth of a run, and says nothing here.
        """
        if not any(self._makes_lock(frame, expr) for expr in exprs):
            return []
        return [call for call in self._graph.node(frame).calls if call.spec.creates == "lock" and call.expr != NONE]

    def _makes_lock(self, frame: Frame, expr: int) -> bool:
        node = frame.scope.exprs[expr]
        callees = self._inference.calls.callees(frame, node) if isinstance(node, Call) else []
        return any(callee.spec is not None and callee.spec.creates == "lock" for callee in callees)

    def _is_captured(self, gid: int, scope: Scope, same: set[int]) -> bool:
        """Whether a function inside uses the name: it may run as a task or thread of its own."""
        names = {definition.name for definition in scope.defs if definition.value in same}
        module = self._index.module(gid)
        here = gid - module.base
        return any(
            isinstance(node, Var) and node.scope == here and node.name in names
            for inner in module.facts.scopes
            if inner is not scope
            for node in inner.exprs
        )

    def _maker(self, frame: Frame, node: Call) -> tuple[str, str] | None:
        """A function of the project that returns a new lock, whatever it is asked: its name and the lock's."""
        functions = self._inference.functions(self._inference.type(frame, node.func))
        if len(functions) != 1:
            return None
        inner = self._inference.binding.frame_of(functions[0])
        returned = self._inference.names.returns(inner.gid)
        if not returned or self._inference.decorators.is_cached(inner.gid) or self._index.scope(inner.gid).is_async:
            return None
        locks = {call.expr: call.name for call in self._made(inner, returned)}
        if not all(expr in locks for expr in returned):
            return None
        return self._index.name(inner.gid), locks[returned[0]]


def _taken(scope: Scope) -> list[int]:
    """What the function enters, or calls `acquire` of."""
    entered = [event.expr for event in scope.events if event.kind == EventKind.ENTER]
    return entered + [node.base for node in scope.exprs if type(node) is Attr and node.name == "acquire"]


def aliases(scope: Scope, expr: int) -> set[int]:
    """All expressions of the scope that stand for the same object and for nothing else."""
    same = {expr}
    for number, node in enumerate(scope.exprs):  # parts come before the whole
        if (isinstance(node, Declared) and node.value in same) or (
            isinstance(node, (Use, Phi)) and node.defs and all(scope.defs[d].value in same for d in node.defs)
        ):
            same.add(number)
    return same


def _takes(scope: Scope, same: set[int]) -> bool:
    for event in scope.events:
        if event.kind == EventKind.ENTER and event.expr in same:
            return True
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(func, Attr) and func.name == "acquire" and func.base in same:
            return True
    return False


def _escapes(scope: Scope, same: set[int]) -> bool:
    """Whether the object is stored, handed over, returned, or only one of several that a name may mean."""
    for event in scope.events:
        if event.value in same and event.kind in (EventKind.STORE_ATTR, EventKind.STORE_ITEM, EventKind.REBIND):
            return True
        if event.expr in same and event.kind in (EventKind.RETURN, EventKind.YIELD):
            return True
    return any(not same.isdisjoint(_given(scope, node)) for node in scope.exprs)


def _given(scope: Scope, node: object) -> list[int]:
    if isinstance(node, Call):
        return [*node.args, *(value for _, value in node.keywords)]
    if isinstance(node, (Seq, Choice)):
        return list(node.items)
    if isinstance(node, Map):
        return list(node.values)
    if isinstance(node, Comp):
        return [node.element]
    if isinstance(node, Sub):
        return [node.base, node.index]
    if isinstance(node, (Use, Phi)) and len(node.defs) > 1:
        values = [scope.defs[number].value for number in node.defs]
        return values if len(set(values)) > 1 else []
    return [node.value] if isinstance(node, Star) else []
