"""Which shared numbers are the business of this process alone?

How much of something goes on right now, and for which keys: raised, and lowered when that ends, for this process to
limit itself, to do nothing twice at a time, or to let go of a thing when its last user has. And whose turn it is among
the objects of this process. Another process has its own, and a store that all share would make them no better. A number
that is told to a client is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Lit, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.name_uses import NameUse, looked_up, name_uses
from fastapi_lint.project.code.onward import ends
from fastapi_lint.project.code.regions import stands_in, within
from fastapi_lint.project.code.spelling import looks_up, parts, spelled, stored_item
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.shared.bounded_caches import Name, last_part, removes
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.values import ClassV, InstanceV

_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_KEPT_HERE = frozenset({"argument", "store", "test"})
_PICKS = frozenset({"index", "store", "test"})
_MOST_HOPS = 3

Sites = list[tuple[Frame, Change]]


class OwnNumbers:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes

    def find(self) -> frozenset[Name]:
        """The numbers of which every change and every use is of such a kind."""
        sites = self._changes.by_name
        live = {name for name, found in sites.items() if self._is_live(found)}
        turns = {name for name, found in sites.items() if name not in live and all(map(_moves_on, found))}
        uses = name_uses(self._index, frozenset(last_part(name) for name in live | turns))
        return frozenset(
            {name for name in live if self._is_live_only(sites[name], uses[last_part(name)])}
            | {name for name in turns if self._picks_only(sites[name], uses[last_part(name)])}
        )

    def _is_live_only(self, found: Sites, uses: list[NameUse]) -> bool:
        refused = any(_refuses(self._index.scope(use.gid), use) for use in uses)
        return not refused and self._become(found, uses) <= _KEPT_HERE

    def _picks_only(self, found: Sites, uses: list[NameUse]) -> bool:
        kinds = self._become(found, uses)
        return "index" in kinds and kinds <= _PICKS

    # -- what goes on right now

    def _is_live(self, found: Sites) -> bool:
        """Whether a number is raised on the loop, and lowered at the end of what it was raised for."""
        steps = [(frame, change, _step(frame.scope, change.event)) for frame, change in found]
        if not any(step == "+" for *_, step in steps):
            return False
        if not all(step or _is_let_go(frame.scope, change.event) for frame, change, step in steps):
            return False
        lowering = [(frame, change.event) for frame, change, step in steps if step == "-"]
        return (
            bool(lowering)
            and any(self._is_at_the_end(frame, event.region, 0) for frame, event in lowering)
            and all(self._is_on_the_loop(frame, 0) for frame, _ in found)
        )

    def _is_at_the_end(self, frame: Frame, region: int, hops: int) -> bool:
        """Whether a place is in a `finally`, in an `__aexit__`, or all that calls the function is."""
        if stands_in(frame.scope, region, "finally") or frame.scope.name in ("__aexit__", "__exit__"):
            return True
        calls = self._changes.requests.callers(frame) if hops < _MOST_HOPS else []
        return bool(calls) and all(
            edge.event >= 0 and self._is_at_the_end(caller, caller.scope.events[edge.event].region, hops + 1)
            for caller, edge in calls
        )

    def _is_on_the_loop(self, frame: Frame, hops: int) -> bool:
        """Whether only one at a time changes the number: threads lose counts."""
        if frame.scope.is_async:
            return True
        if hops > _MOST_HOPS or self._changes.requests.entry_of(frame):
            return False
        calls = self._changes.requests.callers(frame)
        return bool(calls) and all(
            edge.mode == "runs" and self._is_on_the_loop(caller, hops + 1) for caller, edge in calls
        )

    # -- what becomes of it

    def _become(self, found: Sites, uses: list[NameUse]) -> set[str]:
        """What all reads of a number do with it."""
        owners = {
            value.gid
            for frame, change in found
            if change.event.kind == EventKind.STORE_ATTR
            for value in self._inference.type(frame, change.event.expr)
            if isinstance(value, (ClassV, InstanceV))
        }
        bases = {self._index.module(gid).base for gid in (*owners, *(frame.gid for frame, _ in found))}
        own = {(frame.gid, change.event.place) for frame, change in found}
        is_set = any(
            _step(frame.scope, change.event) == "+" and not _value(frame.scope, change.event) for frame, change in found
        )
        kinds: set[str] = set()
        for use in uses:
            if not self._is_of_another(use, owners, bases):
                became = set(self._becomes(use, own))
                # whom tasks walk through, and send something, is reached in this process only
                kinds |= became if is_set or use.gid in self._answering else became - {"walked"}
        return {"other" if kind == "walked" else kind for kind in kinds}

    def _is_of_another(self, use: NameUse, owners: set[int], bases: set[int]) -> bool:
        """Whether a name is no attribute of the class that has the number; unknown objects of other modules are not."""
        node = self._index.scope(use.gid).exprs[use.expr]
        if not owners or not isinstance(node, Attr):
            return bool(owners)
        held = self._inference.type(self._inference.plain_frame(use.gid), node.base)
        known = {value.gid for value in held if isinstance(value, (ClassV, InstanceV))}
        if not held:
            return self._index.module(use.gid).base not in bases
        return len(known) == len(held) and not known & owners

    @cached_property
    def _answering(self) -> frozenset[int]:
        """The functions that requests wait for: what only tasks run that they start answers none."""
        requests = self._changes.requests
        todo = [frame for frame in requests.frames if requests.entry_of(frame)]
        found = set(todo)
        onward: dict[Frame, list[Frame]] = {}
        for frame in requests.frames:
            for caller, edge in requests.callers(frame):
                if edge.mode != "task":
                    onward.setdefault(caller, []).append(frame)
        while todo:
            new = [frame for frame in onward.get(todo.pop(), ()) if frame not in found]
            found.update(new)
            todo += new
        return frozenset(frame.gid for frame in found)

    def _becomes(self, use: NameUse, own: set[tuple[int, int]]) -> Iterator[str]:
        scope = self._index.scope(use.gid)
        awaited = {event.expr for event in scope.events if event.kind == EventKind.AWAIT}
        todo = list(ends(scope, looked_up(scope, use)))
        for end in todo:  # grows by what calls make of it: `return sorted(pending)`
            is_foreign = end.kind == "store" and (use.gid, scope.events[end.number].place) not in own
            is_sent = end.kind == "argument" and end.number in awaited  # `await websocket.send_json(online)`
            is_walked = end.kind == "other" and not isinstance(scope.exprs[end.number], Call)
            yield "other" if is_foreign or is_sent else "walked" if is_walked else end.kind
            if end.kind == "argument":
                todo += [more for more in ends(scope, end.number) if more not in todo]


def _step(scope: Scope, event: Event) -> str:
    """Which way a change moves the number that was there, or a set: `+`, `-`, or not at all."""
    call = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[call.func] if isinstance(call, Call) else None
    if isinstance(func, Attr):
        return {"add": "+", "discard": "-", "remove": "-"}.get(func.name, "")
    node = _value(scope, event)
    if not isinstance(node, Bin) or node.op.rstrip("=") not in ("+", "-") or not _is_number(scope, node.right):
        return ""
    return node.op[0] if event.flag or _reads(scope, node.left, event) else ""


def _refuses(scope: Scope, use: NameUse) -> bool:
    """Whether a function refuses what is in a set: with several processes another one does not."""
    node = scope.exprs[use.holder] if use.holder != NONE else None
    if not isinstance(node, Bin) or node.op not in ("among", "not among") or node.right != use.expr:
        return False
    for number, region in enumerate(scope.regions):
        if region.kind not in ("if", "else") or region.expr == NONE:
            continue
        if region.behind == "raise" and use.holder in parts(scope, region.expr):
            return True
        tests = dict(implied(scope, region.expr, region.kind == "if"))
        if tests.get(use.holder) is (node.op == "among"):
            inside = (event for event in scope.events if within(scope, event.region, (number,)))
            if any(event.kind == EventKind.RETURN and event.expr != NONE for event in inside):
                return True
    return False


def _moves_on(site: tuple[Frame, Change]) -> bool:
    """Whether a change makes a number the next one: `at += 1`, `at = (at + 1) % size`, and `at = 0` after the last."""
    scope, event = site[0].scope, site[1].event
    node = _value(scope, event)
    if event.kind not in _SETS or node is None:
        return False
    if not event.flag and isinstance(node, Lit):
        return type(node.value) is int
    if isinstance(node, Bin) and node.op == "%":
        node = scope.exprs[node.left]
    if not isinstance(node, Bin) or node.op not in ("+", "+=") or not _is_number(scope, node.right):
        return False
    return event.flag or any(_reads(scope, part, event) for part in parts(scope, node.left))


def _is_number(scope: Scope, expr: int) -> bool:
    node = scope.exprs[expr]
    return isinstance(node, Lit) and type(node.value) is int


def _value(scope: Scope, event: Event) -> object:
    """What a change stores, through a local name."""
    if event.kind not in (*_SETS, EventKind.STORE_ITEM) or event.value == NONE:
        return None
    node = scope.exprs[event.value]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return node


def _reads(scope: Scope, expr: int, event: Event) -> bool:
    """Whether an expression is what the change replaces."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        expr = scope.defs[node.defs[0]].value
    item = stored_item(scope, event)
    return looks_up(scope, expr, item) if item is not None else event.name in spelled(scope, expr)


def _is_let_go(scope: Scope, event: Event) -> bool:
    """Whether a change takes the number away, or makes it 0."""
    return removes(scope, event) or (event.kind in _SETS and scope.exprs[event.value] == Lit(0))
