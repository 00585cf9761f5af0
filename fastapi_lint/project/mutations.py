"""Who changes the state that requests share?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Free, Scope, Use, Var
from fastapi_lint.project.caches import Caches
from fastapi_lint.project.contexts import Arrival
from fastapi_lint.project.graph import Graph
from fastapi_lint.project.index import Frame
from fastapi_lint.project.locks import Locks
from fastapi_lint.project.reach import Reach
from fastapi_lint.project.state import SharedState, State

_REMOVERS = frozenset({"clear", "pop", "popitem", "popleft", "remove", "discard"})


class Mutation(msgspec.Struct, frozen=True):
    """A statement that changes `name`, which lives at `where` (`module level`, `class level`, `app.state`, ...).

    `rebinds` says that it assigns a name declared `global` or `nonlocal`, `lazy` that it does so only if that was not
    done before, `fills` that it puts into a dictionary what a look-up has missed, and `grows` that nothing ever takes
    it out although requests bring the keys.
    """

    frame: Frame
    event: int
    place: int
    name: str
    where: str
    way: tuple[Arrival, ...]
    rebinds: bool = False
    lazy: bool = False
    fills: bool = False
    grows: bool = False


class Mutations:
    """Every change of shared state on a request's way."""

    def __init__(self, graph: Graph, requests: Reach, state: SharedState, locks: Locks, caches: Caches) -> None:
        self._index = graph.index
        self._requests = requests
        self._state = state
        self._locks = locks
        self._caches = caches

    def find(self) -> Iterator[Mutation]:
        """Each place once, with the nearest way in from request handling.

        Taking items out of what is a cache elsewhere is part of keeping the cache.
        """
        found = list(self._all())
        caches = {(one.name, one.where) for one, _ in found if one.fills}
        return (one for one, removes in found if not (removes and (one.name, one.where) in caches))

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
            fills=fills,
            grows=fills and self._caches.grows(frame, event, state),
        )

    def _is_kept_safe(self, frame: Frame, scope: Scope, number: int, event: Event, state: State) -> bool:
        """Whether an object looks after what it holds: it makes it when it is first needed, or takes a lock."""
        if event.kind == EventKind.REBIND:
            return is_lazy(scope, event) and self._locks.held(frame, number)
        if not state.held:
            return False
        return (event.kind == EventKind.STORE_ATTR and is_lazy(scope, event)) or self._locks.held(frame, number)


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
    region = event.region
    while region != NONE:
        found = scope.regions[region]
        if found.kind in ("if", "else") and found.expr != NONE and _is_absent(scope, found.expr, event.name):
            return True
        region = found.parent
    return False


def _is_absent(scope: Scope, expr: int, name: str, hops: int = 0) -> bool:
    """Whether a condition asks for nothing but whether `name` is there."""
    node = scope.exprs[expr]
    if hops > 6:
        return False
    if isinstance(node, Bin) and node.op in ("not", "and"):
        return any(_is_absent(scope, part, name, hops + 1) for part in (node.left, node.right))
    if isinstance(node, Bin) and node.op in ("is", "is not"):
        return _spells(scope, node.left, name)
    return _spells(scope, expr, name)


def _spells(scope: Scope, expr: int, name: str) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return isinstance(node, (Attr, Var, Free)) and node.name == name
