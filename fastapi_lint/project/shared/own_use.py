"""Which shared variables are the business of one task, one connection or one process alone?

Entries that only their maker finds again (under the running task, a connection, its `id()` or a `uuid4()`), counters
that only say that something has changed, flags for the task that a request starts or finds running, what the one task
keeps that a request starts where there is none, and what an application hands over to the command that serves it: no
other worker could miss it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Free, Lit, Scope, Sub, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import defined, parts, spelled, stored_item
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.new_keys import NewKeys
from fastapi_lint.project.shared.bounded_caches import Name, last_part, removes
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.shared.counts import is_counted, is_raised
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV

_RUNNING_TASK = "asyncio.current_task"
_CONNECTIONS = frozenset({"asyncio.StreamReader", "asyncio.StreamWriter", "asyncio.Task", "fastapi.WebSocket"})
_BY_KEY = frozenset({"add", "append", "discard", "get", "pop", "remove", "setdefault"})
_EQUALITIES = frozenset({"equals", "differs"})
_SERVERS = ("Config", "run", "serve")
_CHANGING = (EventKind.REBIND, EventKind.STORE_ATTR)


class OwnUse:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, contexts: Contexts, changes: Changes, new_keys: NewKeys) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._changes = changes
        self._new_keys = new_keys
        self._uses: dict[str, list[NameUse]] = {}

    def find(self) -> frozenset[Name]:
        """The variables of which every change and every use is of such a kind."""
        sites = self._changes.by_name
        keyed = {
            name
            for name, found in sites.items()
            if all(self._is_keyed(*one) for one in found) and any(self._takes_out(*one) for one in found)
        }
        signals = {name for name, found in sites.items() if all(is_counted(*one) for one in found)}
        handed = {name for name, found in sites.items() if all(self._is_handed_over(one) for _, one in found)}
        flags = {name for name, found in sites.items() if all(self._is_flag(*one) for one in found)}
        of_one = {name for name, found in sites.items() if self._is_of_one_task({frame for frame, _ in found})}
        self._uses = name_uses(self._index, frozenset(map(last_part, keyed | signals | handed | flags | of_one)))
        return frozenset(
            {name for name in keyed if all(map(self._is_found_by_id, self._uses[last_part(name)]))}
            | {name for name in signals if self._only_tells_of_changes(self._uses[last_part(name)])}
            | {name for name in handed if self._is_read_by_command(name)}
            | {name for name in flags if self._tells_own_task(name, sites[name])}
            | {name for name in of_one if {use.gid for use in self._uses[last_part(name)]} <= {sites[name][0][0].gid}}
        )

    # -- entries under the identity of an object, or under a key that is made anew

    def _is_keyed(self, frame: Frame, change: Change) -> bool:
        scope = self._index.scope(frame.gid)
        return any(self.is_own_key(frame.gid, key) for key in _keys(scope, change.event))

    def is_own_key(self, gid: int, key: int) -> bool:
        """Whether a key of a scope is one that no other run or connection has: `id(x)`, `uuid4()`, a websocket."""
        if _is_identity(self._index.scope(gid), key) or self._new_keys.is_new(gid, key):
            return True
        kinds = self._inference.type(self._inference.plain_frame(gid), key)
        return bool(kinds) and all(isinstance(one, ExtInstanceV) and one.name in _CONNECTIONS for one in kinds)

    def _takes_out(self, frame: Frame, change: Change) -> bool:
        """Whether a change removes the entry: a later object may have the identity of one that is gone."""
        return removes(self._index.scope(frame.gid), change.event)

    def _is_found_by_id(self, use: NameUse) -> bool:
        """Whether a container is asked for one object's entry: whoever walks it looks at those of others."""
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        if isinstance(node, Sub):
            return node.base == use.expr and self.is_own_key(use.gid, node.index)
        if isinstance(node, Bin) and node.op in ("among", "not among"):
            return node.right == use.expr and self.is_own_key(use.gid, node.left)
        if not isinstance(node, Attr) or node.name not in _BY_KEY:
            return False
        return any(
            isinstance(call, Call) and call.func == use.holder and call.args and self.is_own_key(use.gid, call.args[0])
            for call in scope.exprs
        )

    # -- counters that say that something has changed

    def _only_tells_of_changes(self, uses: list[NameUse]) -> bool:
        raised = [use for use in uses if is_raised(self._index, use)]
        return len(raised) < len(uses) and all(use in raised or self._is_compared_only(use) for use in uses)

    def _is_compared_only(self, use: NameUse) -> bool:
        """Whether a counter is copied, or compared with a copy of it that the same function has made."""
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        if isinstance(node, Bin) and node.op in _EQUALITIES:
            other = scope.exprs[node.right if node.left == use.expr else node.left]
            copied = scope.exprs[scope.defs[other.defs[0]].value] if isinstance(other, Use) and other.defs else None
            return getattr(copied, "name", None) == getattr(scope.exprs[use.expr], "name", "")
        copies = {number for number, definition in enumerate(scope.defs) if definition.value == use.expr}
        reads = [n for n, one in enumerate(scope.exprs) if isinstance(one, Use) and copies & set(one.defs)]
        compared = {
            side
            for one in scope.exprs
            if isinstance(one, Bin) and one.op in _EQUALITIES
            for side in (one.left, one.right)
        }
        return bool(reads) and all(number in compared for number in reads)

    # -- flags that tell the task which the same function starts to go round again

    def _is_flag(self, frame: Frame, change: Change) -> bool:
        scope, event = self._index.scope(frame.gid), change.event
        value = scope.exprs[event.value] if event.kind in _CHANGING and event.value != NONE else None
        return not event.flag and isinstance(value, Lit) and isinstance(value.value, bool)

    def _tells_own_task(self, name: Name, sites: list[tuple[Frame, Change]]) -> bool:
        """Whether only tasks read a flag that take it back themselves, and that who sets it has started."""
        setting = {frame for frame, _ in sites}
        reading = {use.gid for use in self._uses[last_part(name)]}
        started = {
            edge.callee.gid
            for frame in setting
            for edge in self._graph.node(frame).edges
            if edge.mode == "task" and edge.callee in setting
        }
        return bool(reading) and reading <= started

    # -- what one task keeps that is started where there is none

    def _is_of_one_task(self, frames: set[Frame]) -> bool:
        """Whether one function changes it, and runs as a task only, of which there is never a second one."""
        if len(frames) != 1:
            return False
        (frame,) = frames
        starts = [] if self._changes.requests.entry_of(frame) else self._changes.requests.callers(frame)
        return bool(starts) and all(edge.mode == "task" and _starts_missing(caller, edge) for caller, edge in starts)

    # -- what an application hands over to the command that serves it

    def _is_handed_over(self, change: Change) -> bool:
        return change.event.kind == EventKind.STORE_ATTR and change.state.where == "app.state" and not change.event.flag

    def _is_read_by_command(self, name: Name) -> bool:
        """Whether a function that serves no request reads it, in a module that serves an application object."""
        return any(
            self._serves_application(self._index.module(gid).base)
            for gid in self._readers(last_part(name))
            if self._index.scope(gid).kind == "function"
            and not self._contexts.categories(gid) & {"request", "startup", "service"}
        )

    def _readers(self, name: str) -> Iterator[int]:
        yield from (use.gid for use in self._uses[name] if isinstance(self._index.scope(use.gid).exprs[use.expr], Attr))
        for site in self._index.call_sites("getattr"):
            scope = self._index.scope(site.gid)
            node = scope.exprs[site.expr]
            if isinstance(node, Call) and len(node.args) > 1:
                of = scope.exprs[node.args[0]]
                if isinstance(of, Attr) and of.name == "state" and scope.exprs[node.args[1]] == Lit(name):
                    yield site.gid

    def _serves_application(self, base: int) -> bool:
        for name in _SERVERS:
            for site in self._index.call_sites(name):
                node = self._index.scope(site.gid).exprs[site.expr]
                if self._index.module(site.gid).base != base or not isinstance(node, Call) or not node.args:
                    continue
                if self._inference.is_application(self._inference.plain_frame(site.gid), node.args[0]):
                    return True
        return False

    def is_of_task(self, frame: Frame, event: Event) -> bool:
        """Whether what is put in stands under a key that holds the running task: only that task finds it again."""
        scope = self._index.scope(frame.gid)
        target = stored_item(scope, event)
        calls = (scope.exprs[part] for part in parts(scope, target.index)) if target is not None else ()
        return any(
            isinstance(value, ExternalV) and value.name == _RUNNING_TASK
            for node in calls
            if isinstance(node, Call)
            for value in self._inference.type(frame, node.func)
        )


def _starts_missing(frame: Frame, edge: Edge) -> bool:
    """Whether a task is kept under a name that the branch around has asked for one: `if reader is None or ...`."""
    scope = frame.scope
    if edge.event < 0:
        return False
    for number in around(scope, scope.events[edge.event].region):
        region = scope.regions[number]
        if region.kind not in ("if", "else") or region.expr == NONE:
            continue
        names = {name for part in parts(scope, region.expr) for name in spelled(scope, part)}
        kept = (one for one in scope.events if one.kind in _CHANGING and within(scope, one.region, (number,)))
        if any(one.name in names and one.value != NONE and _is_made(scope, one.value) for one in kept):
            return True
    return False


def _is_made(scope: Scope, expr: int) -> bool:
    return isinstance(scope.exprs[defined(scope, expr)], Call)


def _is_identity(scope: Scope, expr: int) -> bool:
    """Whether an expression is `id(x)`, or a local name for it."""
    node = scope.exprs[defined(scope, expr)]
    return isinstance(node, Call) and scope.exprs[node.func] == Free("id")


def _keys(scope: Scope, event: Event) -> Iterator[int]:
    """The keys on the way from a container to what an event changes in it."""
    target = stored_item(scope, event)
    if target is not None:
        yield target.index
    expr = event.expr
    if event.kind == EventKind.CALL and isinstance(call := scope.exprs[expr], Call):
        func = scope.exprs[call.func]
        if not isinstance(func, Attr):
            return
        if func.name in _BY_KEY and call.args:
            yield call.args[0]
        expr = func.base
    for _ in range(4):
        node = scope.exprs[defined(scope, expr)]
        if isinstance(node, Sub):
            yield node.index
            expr = node.base
        elif isinstance(node, Call) and node.args and isinstance(of := scope.exprs[node.func], Attr):
            if of.name not in _BY_KEY:
                return
            yield node.args[0]
            expr = of.base
        else:
            return
