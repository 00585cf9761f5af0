"""Which changes of shared state rest on what was true before an `await`?

Other requests run at every `await`. A change is a race where what it rests on, a value it is computed from or a
condition it stands under, was read before an `await` and not looked at again after it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Scope, Sub, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, branches, within
from fastapi_lint.project.code.spelling import parts, same, stored_item
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.pauses import Pauses
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.shared.caches import Caches
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.shared.containers import CONTAINERS, MUTATORS
from fastapi_lint.project.shared.locks import Locks
from fastapi_lint.project.shared.state import SharedState, State
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV

_OWN_KEYS = frozenset(
    {"asyncio.current_task", "builtins.id", "secrets.token_hex", "secrets.token_urlsafe", "uuid.uuid1", "uuid.uuid4"}
)
_MOST_HELPERS = 2
_REPEATABLE = frozenset({"clear", "discard"})
_READERS = frozenset({"get", "count", "index", "copy", "keys", "values", "items"})


class Race(msgspec.Struct, frozen=True):
    """`place` changes `name` although others may have changed it since it was read; `pause` is the await.

    `repeats` says that work is done twice and nothing is lost, `joined` that it is set with what another race is about.
    """

    frame: Frame
    place: int
    name: str
    where: str
    pause: int
    way: tuple[Arrival, ...]
    repeats: bool
    joined: bool = False


class Races:
    """Checks and reads, pauses and changes of each async function on a request's way."""

    def __init__(self, graph: Graph, changes: Changes, state: SharedState, locks: Locks, caches: Caches) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._pauses = Pauses(graph, changes.is_past)
        self._changes = changes
        self._state = state
        self._locks = locks
        self._caches = caches

    def find(self) -> Iterator[Race]:
        """Each place once."""
        seen: set[tuple[int, int]] = set()
        blocks: set[tuple[int, int, int]] = set()
        for frame in self._changes.requests.frames:
            scope = self._index.scope(frame.gid)
            changes = self._changes.of(frame) if scope.is_async else ()
            breaks = self._breaks(frame, scope) if changes else []
            for change in changes if breaks else ():
                found = self._race(frame, scope, change, breaks)
                key = (frame.gid, change.event.place)
                if found is not None and key not in seen:
                    pause, is_computed = found
                    seen.add(key)
                    repeats = not is_computed and self._repeats(frame, change)
                    block = (frame.gid, pause, change.event.region)
                    yield Race(
                        frame=frame,
                        place=change.event.place,
                        name=change.state.name,
                        where=change.state.where,
                        pause=scope.events[pause].place,
                        way=self._changes.way(frame),
                        repeats=repeats,
                        joined=repeats and block in blocks,
                    )
                    blocks.update([block] if repeats else [])

    def _breaks(self, frame: Frame, scope: Scope) -> list[int]:
        dead = dead_regions(self._inference, frame)
        return [n for n in self._pauses.of(frame) if not within(scope, scope.events[n].region, dead)]

    def _race(self, frame: Frame, scope: Scope, change: Change, breaks: list[int]) -> tuple[int, bool] | None:
        """The pause that makes the change a race, if there is one, and whether the new value rests on the old."""
        before = [number for number in breaks if number < change.number and _leads_to(scope, number, change.number)]
        if (
            not before
            or _is_repeatable(scope, change.event)
            or self._is_own_key(frame, scope, _key(scope, change.event))
        ):
            return None
        computed = self._reads(frame, scope, change, _given(change.event))
        checked = [
            read for expr in _conditions(scope, change.event.region) for read in self._reads(frame, scope, change, expr)
        ]
        if any(read > before[-1] or self._is_locked(frame, scope, read, change.number) for read in checked):
            return None  # looked at again
        for read in sorted({*computed, *checked}):
            pause = next((number for number in before if number > read), None)
            if pause is None or self._is_claimed(frame, change, read, pause):
                continue
            if not self._is_locked(frame, scope, read, change.number):
                return pause, read in computed
        return None

    def _repeats(self, frame: Frame, change: Change) -> bool:
        if change.event.kind in (EventKind.REBIND, EventKind.STORE_ATTR):
            return True
        return self._caches.is_fill(frame, change.event, change.state)

    def _is_own_key(self, frame: Frame, scope: Scope, key: int, hops: int = 0) -> bool:
        """Whether the key is this task's or call's alone: `current_task()`, `uuid4()`, `id(...)`, or made of one."""
        for part in parts(scope, key) if key != NONE else ():
            node = scope.exprs[part]
            if not isinstance(node, Call):
                continue
            called = self._inference.type(frame, node.func)
            if any(isinstance(value, ExternalV) and value.name in _OWN_KEYS for value in called):
                return True
            for function in self._inference.functions(called) if hops < _MOST_HELPERS else ():
                inner = self._inference.binding.frame_of(function)
                returned = self._inference.names.returns(inner.gid)
                if any(self._is_own_key(inner, self._index.scope(inner.gid), one, hops + 1) for one in returned):
                    return True
        return False

    def _reads(self, frame: Frame, scope: Scope, change: Change, expr: int) -> list[int]:
        """The events at which parts of an expression read what the change changes."""
        if expr == NONE:
            return []
        return [
            self._evaluated(scope, part)
            for part in parts(scope, expr)
            if self._is_read(frame, scope, change, part) and self._evaluated(scope, part) != NONE
        ]

    def _is_read(self, frame: Frame, scope: Scope, change: Change, expr: int) -> bool:
        node = scope.exprs[expr]
        if isinstance(node, (Var, Attr)):
            if change.event.kind == EventKind.STORE_ATTR:
                return isinstance(node, Attr) and self._state.slot(frame, node.base, node.name) == change.state
            if change.event.kind == EventKind.REBIND:
                return self._is_same(frame, expr, change.state)
            return self._is_container(frame, expr, change.state) and _is_tested(scope, expr)
        if change.event.kind in (EventKind.REBIND, EventKind.STORE_ATTR):
            return False
        if isinstance(node, Bin) and node.op in ("among", "not among"):
            return self._fits(frame, scope, change, node.right, node.left)
        if isinstance(node, Sub):
            return self._fits(frame, scope, change, node.base, node.index)
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(node, Call) and isinstance(func, Attr) and func.name in _READERS:
            key = node.args[0] if node.args and func.name == "get" else NONE
            return self._fits(frame, scope, change, func.base, key)
        if isinstance(node, Call) and node.args and getattr(func, "name", "") in ("len", "list", "dict", "set", "sum"):
            return self._is_container(frame, node.args[0], change.state)
        return False

    def _fits(self, frame: Frame, scope: Scope, change: Change, base: int, key: int) -> bool:
        """Whether it is the same container, and not another key of it."""
        if not self._is_container(frame, base, change.state):
            return False
        changed = _key(scope, change.event)
        return NONE in (key, changed) or same(scope, key, changed)

    def _is_same(self, frame: Frame, expr: int, state: State) -> bool:
        found = self._state.origin(frame, expr)
        return found is not None and (found.name, found.where) == (state.name, state.where)

    def _is_container(self, frame: Frame, expr: int, state: State) -> bool:
        kind = self._inference.type(frame, expr)
        if not any(isinstance(value, ExtInstanceV) and value.name in CONTAINERS for value in kind):
            return False
        return self._is_same(frame, expr, state)

    def _evaluated(self, scope: Scope, expr: int) -> int:
        """The event at which an expression is evaluated."""
        node = scope.exprs[expr]
        wanted = {expr}
        if isinstance(node, Bin):  # the operator's event has a twin of the comparison
            wanted |= {
                number
                for number, other in enumerate(scope.exprs)
                if isinstance(other, Bin) and other.op == "in" and (other.left, other.right) == (node.right, node.left)
            }
        return next((number for number, event in enumerate(scope.events) if event.expr in wanted), NONE)

    def _is_claimed(self, frame: Frame, change: Change, read: int, pause: int) -> bool:
        """Whether the function changes the same state between the look and the pause: others see that."""
        return any(
            read < other.number < pause and other.state == change.state and other.number != change.number
            for other in self._changes.of(frame)
        )

    def _is_locked(self, frame: Frame, scope: Scope, read: int, write: int) -> bool:
        locking = self._locks.regions(frame)
        both = {*around(scope, scope.events[read].region)} & {*around(scope, scope.events[write].region)}
        if both & locking:
            return True
        return self._locks.acquired(frame, read) or self._locks.held_by_caller(frame)


def _key(scope: Scope, event: Event) -> int:
    """The key under which a container is changed; NONE if it is changed as a whole."""
    target = stored_item(scope, event)
    if target is not None:
        return target.index
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if isinstance(node, Call) and isinstance(func, Attr) and node.args:
        return node.args[0] if func.name in ("add", "remove", "pop", "setdefault") else NONE
    return NONE


def _given(event: Event) -> int:
    """The new value; what a method of a container is given rests on no other value of it."""
    return event.value if event.kind != EventKind.CALL else NONE


def _is_repeatable(scope: Scope, event: Event) -> bool:
    """A change that does no harm if others were faster: `pop(key, None)`, `discard`."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(node, Call) or not isinstance(func, Attr) or func.name not in MUTATORS:
        return False
    return func.name in _REPEATABLE or (func.name == "pop" and len(node.args) == 2)


def _is_tested(scope: Scope, expr: int) -> bool:
    """Whether a container's truth is asked for: `if queue`."""
    return any(event.kind == EventKind.TRUTH and event.expr == expr for event in scope.events)


def _conditions(scope: Scope, region: int) -> list[int]:
    """The conditions under which a region runs."""
    return [branch.expr for branch in branches(scope, region)][::-1]


def _leads_to(scope: Scope, pause: int, write: int) -> bool:
    """Whether the code goes on from a pause to a write: not from one arm of a branch to the other."""
    arms = [scope.regions[number] for number in around(scope, scope.events[pause].region)]
    others = [scope.regions[number] for number in around(scope, scope.events[write].region)]
    for arm in arms:
        for other in others:
            if {arm.kind, other.kind} == {"if", "else"} and arm.expr == other.expr and arm.parent == other.parent:
                return False
    return True
