"""Who changes the state that requests share?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Event, EventKind, Free, Lit, Scope, Use, Var
from fastapi_lint.project.caches import Caches
from fastapi_lint.project.contexts import Arrival
from fastapi_lint.project.graph import Graph
from fastapi_lint.project.index import Frame
from fastapi_lint.project.locks import Locks
from fastapi_lint.project.reach import Reach
from fastapi_lint.project.regions import branches
from fastapi_lint.project.state import SharedState, State
from fastapi_lint.project.values import CoroutineV, ExtInstanceV

_REMOVERS = frozenset({"clear", "pop", "popitem", "popleft", "remove", "discard", "move_to_end"})
_PRIMITIVES = frozenset(
    {"asyncio.Task", "asyncio.Future", "asyncio.Event", "asyncio.Queue", "asyncio.Condition", "asyncio.TimerHandle"}
)


class Mutation(msgspec.Struct, frozen=True):
    """A statement that changes `name`, which lives at `where` (`module level`, `class level`, `app.state`, ...).

    `rebinds` says that it assigns a name declared `global` or `nonlocal`, `lazy` that it does so only if that was not
    done before (`notes`: to a constant), `fills` that it puts into a dictionary what a look-up has missed, and `grows`
    that nothing ever takes it out although requests bring the keys.
    """

    frame: Frame
    event: int
    place: int
    name: str
    where: str
    way: tuple[Arrival, ...]
    rebinds: bool = False
    lazy: bool = False
    notes: bool = False
    fills: bool = False
    grows: bool = False


class Mutations:
    """Every change of shared state on a request's way."""

    def __init__(self, graph: Graph, requests: Reach, state: SharedState, locks: Locks, caches: Caches) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._requests = requests
        self._state = state
        self._locks = locks
        self._caches = caches

    def find(self) -> Iterator[Mutation]:
        """Each place once, with the nearest way in from request handling.

        Taking items out of what is a cache elsewhere is part of keeping the cache, and tasks and locks are for this
        process alone.
        """
        found = list(self._all())
        caches = {(one.name, one.where) for one, _ in found if one.fills}
        own = {(one.name, one.where) for one, _ in found if self._holds_primitives(one)}
        for one, removes in found:
            key = (one.name, one.where)
            if key not in own and not (removes and key in caches):
                yield one

    def _holds_primitives(self, mutation: Mutation) -> bool:
        """Whether what is put in, or what the container is declared to hold, are tasks, locks, queues or clients."""
        scope = self._index.scope(mutation.frame.gid)
        event = scope.events[mutation.event]
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        base = func.base if isinstance(func, Attr) else event.expr
        given = [event.value] if not isinstance(node, Call) else [*node.args]
        held = [value for expr in given if expr != NONE for value in self._inference.type(mutation.frame, expr)]
        for value in self._inference.type(mutation.frame, base) if base != NONE else ():
            if isinstance(value, ExtInstanceV):
                held += [inner for argument in value.args for inner in argument]
        return any(self._locks.is_lock(value) or _is_task(value) for value in held) or (
            event.kind in (EventKind.STORE_ITEM, EventKind.STORE_ATTR)
            and self._caches.is_client(mutation.frame, event.value)
        )

    def _all(self) -> Iterator[tuple[Mutation, bool]]:
        """Every mutation, and whether it only removes something."""
        seen: set[tuple[int, int]] = set()
        for frame in self._requests.frames:
            scope = self._index.scope(frame.gid)
            for number, event in enumerate(scope.events):
                if event.place == NONE or (frame.gid, event.place) in seen:
                    continue
                state = self._state.changed(frame, event)
                if state is None or self._is_kept_safe(frame, scope, number, event, state):
                    continue
                seen.add((frame.gid, event.place))
                yield self._mutation(frame, scope, number, state), _removes(scope, event)

    def _mutation(self, frame: Frame, scope: Scope, number: int, state: State) -> Mutation:
        event = scope.events[number]
        fills = self._caches.is_fill(frame, event, state)
        return Mutation(
            frame=frame,
            event=number,
            place=event.place,
            name=state.name,
            where=state.where,
            way=self._requests.way(frame),
            rebinds=event.kind == EventKind.REBIND,
            lazy=is_lazy(scope, event),
            notes=event.value != NONE and isinstance(scope.exprs[event.value], Lit),
            fills=fills,
            grows=fills and self._caches.grows(frame, event, state),
        )

    def _is_kept_safe(self, frame: Frame, scope: Scope, number: int, event: Event, state: State) -> bool:
        """Whether somebody looks after the state: takes a lock, or is an object that makes what it first needs."""
        if self._locks.held(frame, number, certain=True):
            return True
        if event.kind == EventKind.REBIND:
            return is_lazy(scope, event) and self._locks.held(frame, number)
        if not state.held:
            return False
        return (event.kind == EventKind.STORE_ATTR and is_lazy(scope, event)) or self._locks.held(frame, number)


def _is_task(value: object) -> bool:
    if isinstance(value, CoroutineV):  # what `create_task` gives awaits to the coroutine's result
        return True
    return isinstance(value, ExtInstanceV) and value.name in _PRIMITIVES


def _removes(scope: Scope, event: Event) -> bool:
    if event.kind == EventKind.STORE_ITEM:
        return event.value == NONE
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in _REMOVERS


def is_lazy(scope: Scope, event: Event) -> bool:
    """Whether a store happens only where a test has found that nothing is there: `if client is None`."""
    if event.flag or event.kind not in (EventKind.REBIND, EventKind.STORE_ATTR):
        return False
    # `if not ready: client = make(); ready = True`: the flag speaks for what is set with it
    names = {other.name for other in scope.events if other.kind == event.kind and not other.flag}
    return any(_is_absent(scope, branch.expr, name) for branch in branches(scope, event.region) for name in names)


def _is_absent(scope: Scope, expr: int, name: str, hops: int = 0) -> bool:
    """Whether a condition asks for nothing but whether `name` is there."""
    node = scope.exprs[expr]
    if hops > 6:
        return False
    if isinstance(node, Bin) and node.op in ("not", "and"):
        return any(_is_absent(scope, part, name, hops + 1) for part in (node.left, node.right))
    if isinstance(node, Call):  # `hasattr(app.state, "client")`
        func = scope.exprs[node.func]
        asks = isinstance(func, Free) and func.name in ("hasattr", "getattr") and len(node.args) > 1
        return asks and scope.exprs[node.args[1]] == Lit(name)
    if isinstance(node, Choice):  # `client is None or client.is_closed`
        return any(_is_absent(scope, part, name, hops + 1) for part in node.items)
    if isinstance(node, Bin) and node.op in ("is", "is not"):
        return _spells(scope, node.left, name)
    return _spells(scope, expr, name)


def _spells(scope: Scope, expr: int, name: str) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return isinstance(node, (Attr, Var, Free)) and node.name == name
