"""Which shared numbers only count: for no request to be told, of all requests, or up to the next round of something?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Free, Import, Lit, Scope, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.name_uses import NameUse, looked_up, name_uses
from fastapi_lint.project.code.onward import ends, is_computed
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.code.spelling import is_receiver, looks_up, parts, same, stored_item
from fastapi_lint.project.flow.clocks import is_time
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.shared.bounded_caches import Name, last_part, removes
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, Value

_NOTES = frozenset({"add", "append", "clear", "discard"})
_LOGGERS = frozenset({"logging.getLogger", "structlog.get_logger", "structlog.getLogger"})
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
_KINDS = frozenset({"logging.Logger", "logging.LoggerAdapter"})
_LOGURU = frozenset({"loguru.logger"})
_TELLING = frozenset(f"logging.{level}" for level in _LEVELS) | {"builtins.print", "warnings.warn"}
_LEAVING = (EventKind.AWAIT, EventKind.BREAK, EventKind.RETURN, EventKind.STORE_ITEM, EventKind.YIELD)
_CHANGING = (EventKind.REBIND, EventKind.STORE_ATTR)
_ACTING = (EventKind.AWAIT, EventKind.YIELD, EventKind.STORE_ITEM, *_CHANGING)
_LOOKING = frozenset({"get", "setdefault"})
_AROUND = frozenset({"middleware", "exception-handler"})
_COUNTED = frozenset({"+=", "-="})
_MOST_IMPORTS = 3


class Counts:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes

    # -- what no request is told

    def logged(self) -> frozenset[Name]:
        """What no request is told: numbers that are counted up, set back, logged, and asked only whether to log, and
        sets of what was logged already.
        """
        sites = self._changes.by_name
        counts = {
            name
            for name, found in sites.items()
            if any(map(_counts, found)) and all(_counts(one) or self._is_set_back(*one) for one in found)
        }
        noted = {name for name, found in sites.items() if all(self._is_noted(*one) for one in found)}
        uses = name_uses(self._index, frozenset(map(last_part, counts | noted)))
        return frozenset(
            {name for name in counts if self.only_logs(sites[name], uses[last_part(name)])}
            | {name for name in noted if self._only_asks_what_was_logged(uses[last_part(name)])}
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
        decided = _decided(scope, use.expr)
        inside = [event for event in scope.events if within(scope, event.region, decided)]
        left = [event for event in inside if event.kind in _LEAVING]
        if any(event.kind != EventKind.RETURN or event.expr != NONE for event in left):
            return False
        calls = [(event.expr, call) for event in inside if (call := _call(scope, event)) is not None]
        told = {part for expr, call in calls if self._logs(use.gid, call) for part in parts(scope, expr)}
        return bool(told) and all(expr in told or _is_of_notes(scope, call, use.expr) for expr, call in calls)

    # -- what is measured of all requests

    def measured(self) -> frozenset[Name]:
        """What middleware adds up, and neither answers with nor acts on."""
        sites = self._changes.by_name
        sums = {name for name, found in sites.items() if all(self._is_measuring(*one) for one in found)}
        uses = name_uses(self._index, frozenset(map(last_part, sums)))
        return frozenset(name for name in sums if self._is_only_added(sites[name], uses[last_part(name)]))

    def _is_measuring(self, frame: Frame, change: Change) -> bool:
        entries = self._changes.requests.entries(frame)
        return _adds(frame.scope, change.event) and bool(entries) and all(one.kind in _AROUND for one in entries)

    def _is_only_added(self, found: list[tuple[Frame, Change]], uses: list[NameUse]) -> bool:
        own = {(frame.gid, change.event.place) for frame, change in found}
        reads: dict[int, set[int]] = {frame.gid: set() for frame, _ in found}
        for use in uses:
            reads.setdefault(use.gid, set()).add(use.expr)
        return all(self._only_adds(gid, reads[gid], own) for gid in {frame.gid for frame, _ in found})

    def _only_adds(self, gid: int, reads: set[int], own: set[tuple[int, int]]) -> bool:
        """Whether a function does nothing with what it reads but add to it, and look whether there is room."""
        scope = self._index.scope(gid)
        others = [
            event
            for event in scope.events
            if (gid, event.place) not in own
            and not (_adds(scope, event) and not reads.isdisjoint(parts(scope, event.expr)))  # to a list inside
        ]
        told = (expr for event in others for expr in self._told(gid, event))
        if not all(reads.isdisjoint(parts(scope, expr)) for expr in told):
            return False
        asked = [
            number
            for number, region in enumerate(scope.regions)
            if not region.behind and region.expr != NONE and not reads.isdisjoint(parts(scope, region.expr))
        ]
        inside = [event for event in others if within(scope, event.region, asked)]
        return all(scope.regions[number].kind in ("if", "else") for number in asked) and not any(
            True for event in inside if event.kind in _ACTING or self._hands_on(gid, event) or _answers(scope, event)
        )

    def _told(self, gid: int, event: Event) -> tuple[int, ...]:
        """What an event hands on: an answer, what is stored, what a call is given."""
        if event.kind in (*_CHANGING, EventKind.STORE_ITEM):
            return (event.value,)
        if event.kind in (EventKind.RETURN, EventKind.YIELD):
            return (event.expr,)
        node = self._hands_on(gid, event)
        return (*node.args, *(value for _, value in node.keywords)) if node is not None else ()

    def _hands_on(self, gid: int, event: Event) -> Call | None:
        """The call that an event is, unless it logs or only computes something."""
        node = _call(self._index.scope(gid), event)
        if node is None or is_computed(self._index.scope(gid), node) or self._logs(gid, node):
            return None
        func = self._index.scope(gid).exprs[node.func]
        return None if isinstance(func, Attr) and func.name in _LOOKING else node

    # -- counts that say when to do something again

    def rounds(self) -> frozenset[Name]:
        """The numbers that are counted up and asked only whether it is time to go round again; nothing else."""
        counts = {
            name
            for name, found in self._changes.by_name.items()
            if any(self._is_counted_up(*one) for one in found)
            and all(self._is_counted_up(*one) or self._is_set_back(*one) for one in found)
        }
        uses = name_uses(self._index, frozenset(map(last_part, counts)))
        return frozenset(name for name in counts if self._only_begins_rounds(uses[last_part(name)]))

    def _is_counted_up(self, frame: Frame, change: Change) -> bool:
        scope, event = self._index.scope(frame.gid), change.event
        value = scope.exprs[event.value] if event.kind in _CHANGING and event.flag and event.value != NONE else None
        return isinstance(value, Bin) and value.op in _COUNTED

    def _only_begins_rounds(self, uses: list[NameUse]) -> bool:
        rest = [use for use in uses if not is_raised(self._index, use)]
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
        is_item = stored_item(scope, event) is not None
        if is_item or event.kind == EventKind.CALL:
            return removes(scope, event)
        value = scope.exprs[event.value] if event.kind in _CHANGING and event.value != NONE else None
        return not event.flag and isinstance(value, Lit) and type(value.value) is int

    def only_logs(self, found: list[tuple[Frame, Change]], uses: list[NameUse]) -> bool:
        """Whether requests do nothing with what is changed but count on and log it."""
        own = {(frame.gid, change.event.place) for frame, change in found}
        asked = [use for use in self._of_same(found, uses) if use.gid in self._asking]
        return all(self._is_for_log(use) for use in asked if not self._is_counted_on(use, own))

    def _of_same(self, found: list[tuple[Frame, Change]], uses: list[NameUse]) -> Iterator[NameUse]:
        """The reads that may be of what is changed: the `self.hits` of another class is another number."""
        owners = {self._owner(frame.gid, change.event.expr) for frame, change in found}
        family = {one for owner in owners if owner != NONE for one in self._family(owner)}
        for use in uses:
            node = self._index.scope(use.gid).exprs[use.expr]
            owner = self._owner(use.gid, node.base) if isinstance(node, Attr) and NONE not in owners else NONE
            if owner == NONE or not family.isdisjoint(self._family(owner)):
                yield use

    def _owner(self, gid: int, base: int) -> int:
        """The class whose method reads or stores an attribute of its own object, as far as it is one."""
        is_own = base != NONE and is_receiver(self._index.scope(gid), base)
        return self._index.class_of(gid) if is_own else NONE

    def _family(self, gid: int) -> tuple[int, ...]:
        return (gid, *self._inference.classes.subclasses(gid))

    def _is_counted_on(self, use: NameUse, own: set[tuple[int, int]]) -> bool:
        """Whether a number, or the one that is looked up, is read to be counted on, and for nothing else."""
        if is_raised(self._index, use):
            return True
        scope = self._index.scope(use.gid)
        number = looked_up(scope, use)
        if number == use.expr:
            return False
        kept = list(ends(scope, number))
        return bool(kept) and all(
            one.kind == "store" and (use.gid, scope.events[one.number].place) in own for one in kept
        )

    @cached_property
    def _asking(self) -> frozenset[int]:
        """The functions that requests run."""
        return frozenset(frame.gid for frame in self._changes.requests.frames)

    def _is_for_log(self, use: NameUse) -> bool:
        """Whether all that becomes of a number is told to a logger, or decides on branches that do nothing but log."""
        scope = self._index.scope(use.gid)
        counted = looked_up(scope, use)
        decided = _decided(scope, counted, through_names=True)
        asked = {part for number in decided for part in parts(scope, scope.regions[number].expr)}
        for end in ends(scope, counted):
            node = scope.exprs[end.number] if end.kind == "argument" else None
            is_logged = isinstance(node, Call) and self._logs(use.gid, node)
            if not is_logged and not (end.kind == "test" and end.number in asked):
                return False
        return not decided or self._only_log(use.gid, decided, getattr(scope.exprs[use.expr], "name", ""))

    def _only_log(self, gid: int, regions: list[int], name: str) -> bool:
        """Whether branches do nothing but log, note when, and set the number `name` back."""
        scope = self._index.scope(gid)
        inside = [event for event in scope.events if within(scope, event.region, regions)]
        calls = [node for event in inside if isinstance(node := _call(scope, event), Call)]
        return (
            all(scope.regions[n].kind in ("if", "else") and scope.regions[n].behind != "raise" for n in regions)
            and not any(e.kind in _LEAVING for e in inside)
            and all(self._is_beside(gid, e, name) for e in inside if e.kind in _CHANGING)
            and all(self._logs(gid, node) or is_computed(scope, node) for node in calls)
        )

    def _is_beside(self, gid: int, event: Event, name: str) -> bool:
        """Whether a branch that logs sets the number back, or keeps the time: `dropped = 0`, `last_warning = now`."""
        return event.name == name or (
            event.value != NONE and is_time(self._inference, self._inference.plain_frame(gid), event.value)
        )

    def _logs(self, gid: int, node: Call) -> bool:
        """Whether a call is one of `logging` itself, of a logger, or of one that the module or the class has made."""
        frame = self._inference.plain_frame(gid)
        if any(_is_named(value, _TELLING) for value in self._inference.type(frame, node.func)):
            return True
        func = self._index.scope(gid).exprs[node.func]
        if not isinstance(func, Attr) or func.name not in _LEVELS:
            return False
        held = self._inference.type(frame, func.base)
        if held and all(isinstance(value, ExtInstanceV) and value.name in _KINDS for value in held):
            return True
        if any(_is_named(value, _LOGURU) for value in held):
            return True
        made = list(self._made(gid, func.base))
        return bool(made) and all(self._makes_logger(owner, expr) for owner, expr in made)

    def _made(self, gid: int, logger: int) -> Iterator[tuple[int, int]]:
        """What a module stores in a variable, or a class in an attribute of its objects, and in which scope."""
        node = self._index.scope(gid).exprs[logger]
        if isinstance(node, Var):
            yield from self._bound(self._index.local(gid, node.scope), node.name, 0)
        elif isinstance(node, Attr) and self._index.is_receiver(gid, node.base):
            module = self._index.module(gid)
            for method in range(module.base, module.base + len(module.facts.scopes)):
                if self._index.class_of(method) == self._index.class_of(gid):
                    stores = self._index.stores(method)
                    yield from ((method, event.value) for event in stores if event.name == node.name)

    def _bound(self, owner: int, name: str, hops: int) -> Iterator[tuple[int, int]]:
        """What a name of a scope is bound to, in the module that it is imported from."""
        scope, names = self._index.scope(owner), self._inference.names
        for value in (scope.defs[number].value for number in scope.names.get(name, ())):
            node = scope.exprs[value]
            if not isinstance(node, Import):
                yield owner, value
            elif node.name is not None and hops < _MOST_IMPORTS:
                key = names.module_key(self._index.module(owner), node.module, node.level)
                source = self._index.table.by_key.get(key) if key is not None else None
                yield from self._bound(source.base, node.name, hops + 1) if source is not None else [(owner, value)]

    def _makes_logger(self, gid: int, expr: int) -> bool:
        made = self._index.scope(gid).exprs[expr] if expr != NONE else None
        return isinstance(made, Call) and any(
            _is_named(value, _LOGGERS) for value in self._inference.type(self._inference.plain_frame(gid), made.func)
        )


def _is_named(value: Value, names: frozenset[str]) -> bool:
    return isinstance(value, ExternalV) and value.name in names


def is_counted(frame: Frame, change: Change) -> bool:
    """Whether a change counts a number up or down by a constant."""
    scope, event = frame.scope, change.event
    value = scope.exprs[event.value] if event.kind in _CHANGING and event.flag and event.value != NONE else None
    return isinstance(value, Bin) and value.op in _COUNTED and isinstance(scope.exprs[value.right], Lit)


def _counts(site: tuple[Frame, Change]) -> bool:
    """Whether a change counts a number up or down, or one that stands under a key: `dropped[reason] += 1`."""
    scope, event = site[0].scope, site[1].event
    node = scope.exprs[event.value] if stored_item(scope, event) is not None and event.value != NONE else None
    if not isinstance(node, Bin):
        return is_counted(*site)
    return _adds(scope, event) and isinstance(scope.exprs[node.right], Lit)


def _adds(scope: Scope, event: Event) -> bool:
    """Whether a change adds to what is there: `sums[key] += 1`, `sums[key] = sums.get(key, 0) + 1`."""
    if event.flag:
        return event.kind in (*_CHANGING, EventKind.STORE_ITEM)
    item = stored_item(scope, event)
    node = scope.exprs[event.value] if item is not None and event.value != NONE else None
    return isinstance(node, Bin) and item is not None and node.op == "+" and looks_up(scope, node.left, item)


def is_raised(index: Index, use: NameUse) -> bool:
    """Whether a number is read to be counted on, and for nothing else."""
    scope = index.scope(use.gid)
    node = scope.exprs[use.holder] if use.holder != NONE else None
    return isinstance(node, Bin) and node.op in _COUNTED and node.left == use.expr


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
