"""Which shared variables are the business of one task, one connection or one process alone?

Entries that only their maker finds again (under the running task, `id(websocket)` or a `uuid4()`), counters that only
say that something has changed, flags for the task that a request starts or finds running, and what an application hands
over to the command that serves it: no other worker could miss it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Free, Lit, Scope, Sub, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.onward import ends, is_computed
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.code.spelling import parts, same, stored_item
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.new_keys import NewKeys
from fastapi_lint.project.shared.bounded_caches import Name, removes
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.values import ExternalV

_RUNNING_TASK = "asyncio.current_task"
_BY_KEY = frozenset({"add", "discard", "get", "pop", "remove", "setdefault"})
_NOTES = frozenset({"add", "clear", "discard"})
_COUNTED = frozenset({"+=", "-="})
_EQUALITIES = frozenset({"equals", "differs"})
_SERVERS = ("Config", "run", "serve")
_LOGGERS = frozenset({"logging.getLogger", "structlog.get_logger", "structlog.getLogger"})
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
_LEAVING = (EventKind.AWAIT, EventKind.BREAK, EventKind.RETURN, EventKind.STORE_ITEM, EventKind.YIELD)
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
        signals = {name for name, found in sites.items() if all(self._is_signal(*one) for one in found)}
        handed = {name for name, found in sites.items() if all(self._is_handed_over(one) for _, one in found)}
        flags = {name for name, found in sites.items() if all(self._is_flag(*one) for one in found)}
        self._uses = name_uses(self._index, frozenset(map(_last, keyed | signals | handed | flags)))
        return frozenset(
            {name for name in keyed if all(map(self._is_found_by_id, self._uses[_last(name)]))}
            | {name for name in signals if self._only_tells_of_changes(self._uses[_last(name)])}
            | {name for name in handed if self._is_read_by_command(name)}
            | {name for name in flags if self._tells_own_task(name, sites[name])}
        )

    # -- entries under the identity of an object, or under a key that is made anew

    def _is_keyed(self, frame: Frame, change: Change) -> bool:
        scope = self._index.scope(frame.gid)
        return any(self._is_own_key(frame.gid, key) for key in _keys(scope, change.event))

    def _is_own_key(self, gid: int, key: int) -> bool:
        return _is_identity(self._index.scope(gid), key) or self._new_keys.is_new(gid, key)

    def _takes_out(self, frame: Frame, change: Change) -> bool:
        """Whether a change removes the entry: a later object may have the identity of one that is gone."""
        return removes(self._index.scope(frame.gid), change.event)

    def _is_found_by_id(self, use: NameUse) -> bool:
        """Whether a container is asked for one object's entry: whoever walks it looks at those of others."""
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        if isinstance(node, Sub):
            return node.base == use.expr and self._is_own_key(use.gid, node.index)
        if isinstance(node, Bin) and node.op in ("among", "not among"):
            return node.right == use.expr and self._is_own_key(use.gid, node.left)
        if not isinstance(node, Attr) or node.name not in _BY_KEY:
            return False
        return any(
            isinstance(call, Call) and call.func == use.holder and call.args and self._is_own_key(use.gid, call.args[0])
            for call in scope.exprs
        )

    # -- counters that say that something has changed

    def _is_signal(self, frame: Frame, change: Change) -> bool:
        scope, event = self._index.scope(frame.gid), change.event
        value = scope.exprs[event.value] if event.kind in _CHANGING and event.flag and event.value != NONE else None
        return isinstance(value, Bin) and value.op in _COUNTED and isinstance(scope.exprs[value.right], Lit)

    def _only_tells_of_changes(self, uses: list[NameUse]) -> bool:
        raised = [use for use in uses if self._is_raised(use)]
        return len(raised) < len(uses) and all(use in raised or self._is_compared_only(use) for use in uses)

    def _is_raised(self, use: NameUse) -> bool:
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        return isinstance(node, Bin) and node.op in _COUNTED and node.left == use.expr

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
        reading = {use.gid for use in self._uses[_last(name)]}
        started = {
            edge.callee.gid
            for frame in setting
            for edge in self._graph.node(frame).edges
            if edge.mode == "task" and edge.callee in setting
        }
        return bool(reading) and reading <= started

    # -- counts that a log is throttled by

    def log_counts(self) -> frozenset[Name]:
        """What no request is told: numbers that are counted up, set back, logged, and asked only whether to log, and
        sets of what was logged already.
        """
        sites = self._changes.by_name
        counts = {
            name
            for name, found in sites.items()
            if any(self._is_signal(*one) for one in found)
            and all(self._is_signal(*one) or self._is_set_back(*one) for one in found)
        }
        noted = {name for name, found in sites.items() if all(self._is_noted(*one) for one in found)}
        uses = name_uses(self._index, frozenset(map(_last, counts | noted)))
        return frozenset(
            {name for name in counts if self._only_logs(uses[_last(name)])}
            | {name for name in noted if self._only_asks_what_was_logged(uses[_last(name)])}
        )

    def _is_noted(self, frame: Frame, change: Change) -> bool:
        node = _call(self._index.scope(frame.gid), change.event)
        func = frame.scope.exprs[node.func] if node is not None else None
        return isinstance(func, Attr) and func.name in _NOTES

    def _only_asks_what_was_logged(self, uses: list[NameUse]) -> bool:
        rest = [use for use in uses if not self._is_noting_or_measured(use)]
        return bool(rest) and all(self._is_asked_before_log(use) for use in rest)

    def _is_noting_or_measured(self, use: NameUse) -> bool:
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        if isinstance(node, Call):
            return scope.exprs[node.func] == Free("len")
        return isinstance(node, Attr) and node.name in _NOTES

    def _is_asked_before_log(self, use: NameUse) -> bool:
        """Whether a function logs what a set has not held, puts it in, gives nothing back and does nothing else."""
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        if not isinstance(node, Bin) or node.op not in ("among", "not among") or node.right != use.expr:
            return False
        inside = [event for event in scope.events if within(scope, event.region, _decided(scope, use.expr))]
        left = [event for event in inside if event.kind in _LEAVING]
        if any(event.kind != EventKind.RETURN or event.expr != NONE for event in left):
            return False
        calls = [call for event in inside if (call := _call(scope, event)) is not None]
        logging = [call for call in calls if self._logs(use.gid, call)]
        return bool(logging) and all(call in logging or _is_of_notes(scope, call, use.expr) for call in calls)

    # -- counts that say when to do something again

    def round_counts(self) -> frozenset[Name]:
        """The numbers that are counted up and asked only whether it is time to go round again; nothing else."""
        counts = {
            name
            for name, found in self._changes.by_name.items()
            if any(self._is_counted_up(*one) for one in found)
            and all(self._is_counted_up(*one) or self._is_set_back(*one) for one in found)
        }
        uses = name_uses(self._index, frozenset(map(_last, counts)))
        return frozenset(name for name in counts if self._only_begins_rounds(uses[_last(name)]))

    def _is_counted_up(self, frame: Frame, change: Change) -> bool:
        scope, event = self._index.scope(frame.gid), change.event
        value = scope.exprs[event.value] if event.kind in _CHANGING and event.flag and event.value != NONE else None
        return isinstance(value, Bin) and value.op in _COUNTED

    def _only_begins_rounds(self, uses: list[NameUse]) -> bool:
        rest = [use for use in uses if not self._is_raised(use)]
        return bool(rest) and all(map(self._begins_round, rest))

    def _begins_round(self, use: NameUse) -> bool:
        """Whether a number decides on a branch that sets it back, or on each hundredth time, and on no answer."""
        scope = self._index.scope(use.gid)
        node = scope.exprs[use.holder] if use.holder != NONE else None
        decided = _decided(scope, use.expr)
        regions = [scope.regions[number] for number in decided]
        if not isinstance(node, Bin) or not regions:
            return False
        if any(one.kind not in ("if", "else") or one.behind == "raise" for one in regions):
            return False
        inside = [event for event in scope.events if within(scope, event.region, decided)]
        if any(_answers(scope, event) for event in inside):
            return False
        name = getattr(scope.exprs[use.expr], "name", "")
        is_set_back = any(event.kind in _CHANGING and event.name == name and not event.flag for event in inside)
        return is_set_back or node.op == "%"

    def _is_set_back(self, frame: Frame, change: Change) -> bool:
        scope, event = self._index.scope(frame.gid), change.event
        value = scope.exprs[event.value] if event.kind in _CHANGING and event.value != NONE else None
        return not event.flag and isinstance(value, Lit) and type(value.value) is int

    def _only_logs(self, uses: list[NameUse]) -> bool:
        rest = [use for use in uses if not self._is_raised(use) and use.gid in self._asking]
        return all(map(self._is_for_log, rest))

    @cached_property
    def _asking(self) -> frozenset[int]:
        """The functions that requests run."""
        return frozenset(frame.gid for frame in self._contexts.reached("request"))

    def _is_for_log(self, use: NameUse) -> bool:
        """Whether all that becomes of a number is told to a logger, or decides on branches that do nothing but log."""
        scope = self._index.scope(use.gid)
        decided = _decided(scope, use.expr, through_names=True)
        asked = {part for number in decided for part in parts(scope, scope.regions[number].expr)}
        for end in ends(scope, use.expr):
            node = scope.exprs[end.number] if end.kind == "argument" else None
            is_logged = isinstance(node, Call) and self._logs(use.gid, node)
            if not is_logged and not (end.kind == "test" and end.number in asked):
                return False
        return not decided or self._only_log(use.gid, decided)

    def _only_log(self, gid: int, regions: list[int]) -> bool:
        """Whether branches do nothing but log."""
        scope = self._index.scope(gid)
        inside = [event for event in scope.events if within(scope, event.region, regions)]
        calls = [node for event in inside if isinstance(node := _call(scope, event), Call)]
        return (
            all(scope.regions[number].kind in ("if", "else") for number in regions)
            and not any(event.kind in _LEAVING for event in inside)
            and all(self._logs(gid, node) or is_computed(scope, node) for node in calls)
        )

    def _logs(self, gid: int, node: Call) -> bool:
        """Whether a call is one of a logger that the module has made."""
        func = self._index.scope(gid).exprs[node.func]
        logger = self._index.scope(gid).exprs[func.base] if isinstance(func, Attr) else None
        if not isinstance(func, Attr) or func.name not in _LEVELS or not isinstance(logger, Var):
            return False
        owner = self._index.local(gid, logger.scope)
        scope, outer = self._index.scope(owner), self._inference.plain_frame(owner)
        made = [scope.exprs[scope.defs[number].value] for number in scope.names.get(logger.name, ())]
        return bool(made) and all(
            isinstance(one, Call)
            and any(isinstance(v, ExternalV) and v.name in _LOGGERS for v in self._inference.type(outer, one.func))
            for one in made
        )

    # -- what an application hands over to the command that serves it

    def _is_handed_over(self, change: Change) -> bool:
        return change.event.kind == EventKind.STORE_ATTR and change.state.where == "app.state" and not change.event.flag

    def _is_read_by_command(self, name: Name) -> bool:
        """Whether a function that serves no request reads it, in a module that serves an application object."""
        return any(
            self._serves_application(self._index.module(gid).base)
            for gid in self._readers(_last(name))
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


def _call(scope: Scope, event: Event) -> Call | None:
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    return node if isinstance(node, Call) else None


def _decided(scope: Scope, expr: int, *, through_names: bool = False) -> list[int]:
    """The regions in whose condition an expression stands."""
    return [
        number
        for number, region in enumerate(scope.regions)
        if region.expr != NONE and expr in parts(scope, region.expr, through_names=through_names)
    ]


def _is_of_notes(scope: Scope, call: Call, notes: int) -> bool:
    """Whether a call puts something into a set, or measures it."""
    func = scope.exprs[call.func]
    if func == Free("len"):
        return len(call.args) == 1 and same(scope, call.args[0], notes)
    return isinstance(func, Attr) and func.name in _NOTES and same(scope, func.base, notes)


def _answers(scope: Scope, event: Event) -> bool:
    """Whether an event hands something to the caller: a value, an item, an error."""
    if event.kind == EventKind.RETURN:
        return event.expr != NONE and scope.exprs[event.expr] != Lit(None)
    return event.kind in (EventKind.RERAISE, EventKind.YIELD)


def _last(name: Name) -> str:
    return name[0].rpartition(".")[2]


def _is_identity(scope: Scope, expr: int) -> bool:
    """Whether an expression is `id(x)`, or a local name for it."""
    node = scope.exprs[_defined(scope, expr)]
    return isinstance(node, Call) and scope.exprs[node.func] == Free("id")


def _defined(scope: Scope, expr: int) -> int:
    node = scope.exprs[expr]
    return scope.defs[node.defs[0]].value if isinstance(node, Use) and len(node.defs) == 1 else expr


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
        node = scope.exprs[_defined(scope, expr)]
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
