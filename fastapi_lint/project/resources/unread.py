"""Is what a constructor keeps in its object ever used by those who make the object?

`Prompts().parse(text)` makes an environment for templates that only `Prompts().render(text)` would use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Scope, Use, Var
from fastapi_lint.project.code.dependence import parts_of
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge, LibraryCall
from fastapi_lint.project.resources.keeping import values
from fastapi_lint.project.types.values import InstanceV

_MOST_HOPS = 3
_GIVES = frozenset({EventKind.RETURN, EventKind.YIELD, EventKind.ENTER, EventKind.ITER})


class Unread:
    """Answers by creating call; `callers` run a frame."""

    def __init__(self, graph: Graph, callers: Callable[[Frame], list[tuple[Frame, Edge]]]) -> None:
        self._index = graph.index
        self._classes = graph.inference.classes
        self._callers = callers

    def is_unread(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether constructors only keep it, and nobody who makes the object for a request calls what reads it."""
        return self._is_unread(frame, call.expr, 0)

    def _is_unread(self, frame: Frame, made: int, hops: int) -> bool:
        scope, owner = frame.scope, frame.receiver
        if scope.name != "__init__" or not isinstance(owner, InstanceV) or hops > _MOST_HOPS:
            return False
        kept = {
            event.name
            for event in scope.events
            if event.kind == EventKind.STORE_ATTR
            and is_receiver(scope, event.expr)
            and event.value != NONE
            and made in values(scope, event.value)
        }
        if len(kept) != 1 or self._calls_on(scope, kept):
            return False
        callers = self._callers(frame)
        return bool(callers) and all(
            self._leaves_alone(caller, edge, owner.gid, kept) or self._keeps_unread(caller, edge, hops)
            for caller, edge in callers
        )

    def _keeps_unread(self, caller: Frame, edge: Edge, hops: int) -> bool:
        """Whether the object is itself only kept by the constructor of another one, of which the same is true."""
        scope = caller.scope
        if edge.mode == "injected" or not 0 <= edge.event < len(scope.events):
            return False
        return self._is_unread(caller, scope.events[edge.event].expr, hops + 1)

    def _calls_on(self, scope: Scope, kept: set[str]) -> bool:
        """Whether a method of what is kept is called in the constructor itself, where it is set up otherwise."""
        held = {
            number
            for number, node in enumerate(scope.exprs)
            if isinstance(node, Attr) and node.name in kept and is_receiver(scope, node.base)
        }
        return any(
            isinstance(node, Call) and isinstance(func := scope.exprs[node.func], Attr) and func.base in held
            for node in scope.exprs
        )

    def _leaves_alone(self, caller: Frame, edge: Edge, owner: int, kept: set[str]) -> bool:
        """Whether a function that makes the object only calls methods of it that do not read what is kept."""
        scope = caller.scope
        if edge.mode == "injected" or not 0 <= edge.event < len(scope.events):
            return False
        made = scope.events[edge.event].expr
        if any(one.value == made for one in scope.defs) and len(list(self._inside(caller.gid))) > 1:
            return False  # a function in this one may have the object
        called = _called_only(scope, made)
        return called is not None and not self._reads(owner, called, kept)

    def _reads(self, owner: int, names: set[str], kept: set[str]) -> bool:
        """Whether some members of a class read an attribute, or hand their object on."""
        seen: set[str] = set()
        todo = set(names)
        while todo:
            name = todo.pop()
            seen.add(name)
            method = self._classes.find_method(owner, name)
            if name in kept or method is None:
                return True
            for scope in self._inside(method.gid):
                used = _members(scope)
                if used is None:
                    return True
                todo |= used - seen
        return False

    def _inside(self, gid: int) -> Iterator[Scope]:
        """A function and all that is written in it."""
        yield self._index.scope(gid)
        module = self._index.module(gid)
        for number in range(len(module.facts.scopes)):
            if self._index.parent(module.base + number) == gid:
                yield from self._inside(module.base + number)


def _called_only(scope: Scope, made: int) -> set[str] | None:
    """The members of an object that a function reads, if that is all that it does with it; else None."""
    same = {made} | {
        number
        for number, node in enumerate(scope.exprs)
        if isinstance(node, Use) and made in {scope.defs[definition].value for definition in node.defs}
    }
    return _read_only(scope, same)


def _members(scope: Scope) -> set[str] | None:
    """The members of its own object that a method reads, if that is all that it does with it; else None."""
    if any(isinstance(node, Var) and node.scope for node in scope.exprs):
        return None  # a function in a method, which may have the object from there
    return _read_only(scope, {number for number in range(len(scope.exprs)) if is_receiver(scope, number)})


def _read_only(scope: Scope, same: set[int]) -> set[str] | None:
    found = {node.name for node in scope.exprs if isinstance(node, Attr) and node.base in same}
    defined = [definition.value for definition in scope.defs]
    for node in scope.exprs:
        if not isinstance(node, (Attr, Use)) and same.intersection(parts_of(node, defined)):
            return None
    for event in scope.events:
        if event.value in same or (event.kind in _GIVES and event.expr in same):
            return None
    return found
