"""Which shared variables are caches of one value that their own code renews when it is too old?

`if now - _read_at > TTL: _value = read(); _read_at = now`: whatever a process keeps longer than another is no older
than the code allows, and what is lost is read again. Test, value and time may stand in functions of their own.
`if signature != _signature: _value = read(); _signature = signature` is the same with what the store says of its
contents, and so is `if _memo[0] == signature: return _memo[1]`, then `_memo = (signature, read())`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Comp,
    Declared,
    Event,
    EventKind,
    Free,
    Lit,
    Map,
    Param,
    Scope,
    Seq,
    Sub,
    Use,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.regions import branches, within
from fastapi_lint.project.code.spelling import defined, is_empty, parts, same, signature, spelled
from fastapi_lint.project.flow.clocks import is_clock
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.expiry import Expiry
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.bounded_caches import Name, removes
from fastapi_lint.project.shared.caches import Caches
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.values import ExternalV

_ORDERS = frozenset({"<", "<=", ">", ">="})
_COMPARISONS = frozenset({"compares", "differs", "equals", "is", "is not"})
_STAMPS = frozenset({"st_mtime", "st_mtime_ns"})
_FILE_TIME = "os.path.getmtime"
_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_NONE: frozenset[tuple[int, str]] = frozenset()
_NEVER: frozenset[str] = frozenset()
_MOST_HOPS = 4


class TimedSlots:
    """Looked for among all changes of request code."""

    def __init__(
        self, graph: Graph, changes: Changes, caches: Caches, request_data: RequestData, lifetimes: Lifetimes
    ) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes
        self._caches = caches
        self._request_data = request_data
        self._expiry = Expiry(graph, lifetimes)
        self._behind: dict[tuple[Frame, int], frozenset[str]] = {}

    def find(self) -> frozenset[Name]:
        """What is only ever set to a new value beside the time, or with the time in it, and those times."""
        sites = self._changes.by_name
        aged = self._aged({frame for found in sites.values() for frame, _ in found})
        kept = {name: [one for one in found if aged and self._keeps_time(*one, aged)] for name, found in sites.items()}
        times = {
            name
            for name, found in sites.items()
            if kept[name] and all(one in kept[name] or self._is_set_back(*one) for one in found)
        }
        slots = {
            name for name, found in sites.items() if aged and name not in times and self._is_slot(found, times, aged)
        }
        clocks = {
            time
            for time in times
            if self._stands_beside(kept[time], slots)
            or all(self._is_of_upkeep(*one) for one in sites[time])
            or all(self._tells_age(*one, slots) for one in kept[time])
        }
        return frozenset(slots | clocks | self._signed(sites) | self._stamps(sites))

    def _is_slot(self, found: list[tuple[Frame, Change]], times: set[Name], aged: frozenset[tuple[int, str]]) -> bool:
        """Whether every change renews it, or empties it, or puts in what a look-up has missed in what is emptied."""
        renewed = [one for one in found if self._is_renewed(*one, times, aged)]
        return bool(renewed) and all(
            one in renewed
            or self._caches.is_fill(one[0], one[1].event, one[1].state)
            or self._is_emptied(*one, renewed)
            or self._is_emptied_beside(*one, times)
            for one in found
        )

    def _is_emptied(self, frame: Frame, change: Change, renewed: list[tuple[Frame, Change]]) -> bool:
        """Whether a change leaves None, and all that renews the value asks for that."""
        event, first_use = change.event, self._inference.first_use
        if (
            event.kind not in _SETS
            or event.value == NONE
            or self._index.scope(frame.gid).exprs[event.value] != Lit(None)
        ):
            return False
        return all(first_use.may_fill(at.gid, other.event.region, event.name) for at, other in renewed)

    def _is_emptied_beside(self, frame: Frame, change: Change, times: set[Name]) -> bool:
        """Whether a change empties the value where its time is set back: the next read renews it."""
        scope, event = self._index.scope(frame.gid), change.event
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        is_cleared = isinstance(func, Attr) and func.name == "clear"
        if not is_cleared and not (event.kind in _SETS and is_empty(scope, event.value)):
            return False
        return any(
            (other.state.name, other.state.where) in times
            and other.event.region == event.region
            and self._is_set_back(frame, other)
            for other in self._changes.of(frame)
        )

    def _is_set_back(self, frame: Frame, change: Change) -> bool:
        """Whether a change makes a time one that has passed long ago: 0, `float("-inf")`."""
        scope, event = self._index.scope(frame.gid), change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        node = scope.exprs[event.value]
        is_call = isinstance(node, Call) and scope.exprs[node.func] == Free("float") and len(node.args) == 1
        literal = scope.exprs[node.args[0]] if isinstance(node, Call) and is_call else node
        return isinstance(literal, Lit) and (not literal.value or literal == Lit("-inf")) and literal.value is not False

    def _tells_age(self, frame: Frame, change: Change, slots: set[Name]) -> bool:
        """Whether a time is set behind a test of its own, for what is renewed behind that."""
        return change.event.name in self._passed(frame, change.event.region, 0) and any(
            change.event.name in self._passed(at, other.event.region, 0)
            for name in slots
            for at, other in self._changes.by_name[name]
        )

    def _passed(self, frame: Frame, region: int, hops: int) -> frozenset[str]:
        """The times that have passed wherever requests get to a region, and that are set anew behind that test."""
        known = self._behind.get((frame, region))
        if known is None and hops < _MOST_HOPS:
            self._behind[frame, region] = _NEVER  # what calls itself only is not behind a test
            known = self._expiry.times(frame, region) or self._passed_by_callers(frame, hops + 1)
            self._behind[frame, region] = known
        return known or _NEVER

    def _passed_by_callers(self, frame: Frame, hops: int) -> frozenset[str]:
        calls = [] if self._changes.requests.entry_of(frame) else self._changes.requests.callers(frame)
        found = [
            self._passed(caller, caller.scope.events[edge.event].region, hops) if edge.event >= 0 else _NEVER
            for caller, edge in calls
        ]
        return frozenset.intersection(*found) if found else _NEVER

    def _is_of_upkeep(self, frame: Frame, change: Change) -> bool:
        """Whether all that is done to shared state when such a time has passed is to take out what is too old."""
        scope, region = self._index.scope(frame.gid), change.event.region
        if not region or not any(True for _ in branches(scope, region)):
            return False
        done = [other for other in self._changes.of(frame) if within(scope, other.event.region, (region,))]
        removing = [removes(scope, other.event) for other in done if other != change]
        for edge in self._graph.node(frame).edges:
            if 0 <= edge.event < len(scope.events) and within(scope, scope.events[edge.event].region, (region,)):
                inner = self._index.scope(edge.callee.gid)
                removing += [removes(inner, other.event) for other in self._changes.of(edge.callee)]
        return bool(removing) and all(removing)

    def _signed(self, sites: dict[Name, list[tuple[Frame, Change]]]) -> set[Name]:
        """What is set anew where the signature of its source has changed, and that, if nobody else reads it."""
        signatures = {name for name, found in sites.items() if self._only_keeps(found, self._keeps_signature)}
        uses = name_uses(self._index, frozenset(name.rpartition(".")[2] for name, _ in signatures))
        signatures = {name for name in signatures if all(map(self._is_compared, uses[name[0].rpartition(".")[2]]))}
        slots = {
            name
            for name, found in sites.items()
            if signatures and name not in signatures and all(self._is_renewed(*one, signatures, _NONE) for one in found)
        }
        kept = {name: [one for one in sites[name] if self._keeps_signature(*one)] for name in signatures}
        with_it = {name for name, found in sites.items() if self._only_keeps(found, self._keeps_with_signature)}
        return slots | with_it | {name for name in signatures if self._stands_beside(kept[name], slots)}

    def _keeps_with_signature(self, frame: Frame, change: Change) -> bool:
        """Whether a store keeps a value together with its signature, behind a test that it has another one."""
        scope, event = self._index.scope(frame.gid), change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        made = scope.exprs[defined(scope, event.value)]
        if not isinstance(made, (Call, Map, Seq)) or self._request_data.is_of_many(frame.gid, event.value):
            return False
        held = signature(made)[1] if not isinstance(made, Map) else made.values
        signatures = [part for part in held if isinstance(scope.exprs[defined(scope, part)], (Await, Call))]
        return any(
            isinstance(test := scope.exprs[part], Bin)
            and test.op == ("differs" if branch.kind == "if" else "equals")
            and any(
                any(same(scope, new, one) for one in signatures)
                and any(event.name in spelled(scope, inner) for inner in parts(scope, old))
                for new, old in ((test.left, test.right), (test.right, test.left))
            )
            for branch in branches(scope, event.region)
            for part in parts(scope, branch.expr)
        )

    def _stamps(self, sites: dict[Name, list[tuple[Frame, Change]]]) -> set[Name]:
        """What keeps the time of the file of which this process has a copy, if it is compared with and nothing else."""
        stamps = {name for name, found in sites.items() if self._only_keeps(found, self._keeps_stamp)}
        uses = name_uses(self._index, frozenset(name.rpartition(".")[2] for name, _ in stamps))
        return {name for name in stamps if all(map(self._is_compared, uses[name[0].rpartition(".")[2]]))}

    def _keeps_stamp(self, frame: Frame, change: Change) -> bool:
        """Whether a store keeps when a file was changed: `path.stat().st_mtime`, `os.path.getmtime(path)`."""
        scope, event = self._index.scope(frame.gid), change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        for node in (scope.exprs[part] for part in parts(scope, event.value)):
            if isinstance(node, Attr) and node.name in _STAMPS:
                return any(isinstance(scope.exprs[part], Call) for part in parts(scope, node.base))
            called = self._inference.type(frame, node.func) if isinstance(node, Call) else ()
            if any(isinstance(value, ExternalV) and value.name == _FILE_TIME for value in called):
                return True
        return False

    def _only_keeps(self, found: list[tuple[Frame, Change]], keeps: Callable[[Frame, Change], bool]) -> bool:
        """Whether a variable keeps such a thing, or nothing, so that the next read is a new one."""
        rest = [(self._index.scope(f.gid), c.event) for f, c in found if not keeps(f, c)]
        return len(rest) < len(found) and all(
            event.kind in _SETS and event.value != NONE and is_empty(scope, event.value) for scope, event in rest
        )

    def _keeps_signature(self, frame: Frame, change: Change) -> bool:
        """Whether a store keeps what somebody has just given, behind a test that it is another one than before."""
        scope, event = self._index.scope(frame.gid), change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        made = scope.exprs[event.value]
        if isinstance(made, Use) and len(made.defs) == 1:
            made = scope.exprs[scope.defs[made.defs[0]].value]
        if isinstance(made, Attr):  # `path.stat().st_mtime`
            made = scope.exprs[made.base]
        if not isinstance(made, (Await, Call, Seq)) or self._request_data.is_of_many(frame.gid, event.value):
            return False
        return any(
            isinstance(test := scope.exprs[part], Bin)
            and test.op == "differs"
            and any(
                same(scope, new, event.value) and event.name in spelled(scope, old)
                for new, old in ((test.left, test.right), (test.right, test.left))
            )
            for branch in branches(scope, event.region)
            for part in parts(scope, branch.expr)
        )

    def _is_compared(self, use: NameUse) -> bool:
        node = self._index.scope(use.gid).exprs[use.holder] if use.holder != NONE else None
        return isinstance(node, Bin) and node.op in _COMPARISONS

    def _aged(self, frames: set[Frame]) -> frozenset[tuple[int, str]]:
        """The names, and the keys of dictionaries, whose age the code of a module that changes state asks for."""
        bases = {self._index.module(frame.gid).base for frame in frames}
        return frozenset(
            (base, name)
            for base in bases
            for number, scope in enumerate(self._index.module(base).facts.scopes)
            for node in scope.exprs
            if type(node) is Bin and (node.op == "-" or node.op in _ORDERS)
            for name in self._compared(self._inference.plain_frame(base + number), scope, node)
        )

    def _compared(self, frame: Frame, scope: Scope, node: Bin) -> Iterator[str]:
        """`now - read_at`; `now > read_at + ttl`."""
        if node.op == "-" and is_clock(self._inference, frame, node.left):
            yield from _named(scope, node.right)
        elif node.op in _ORDERS:
            for clock, limit in ((node.left, node.right), (node.right, node.left)):
                sum_ = scope.exprs[limit]
                if isinstance(sum_, Bin) and sum_.op == "+" and is_clock(self._inference, frame, clock):
                    yield from _named(scope, sum_.left)

    def _keeps_time(self, frame: Frame, change: Change, aged: frozenset[tuple[int, str]]) -> bool:
        event = change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        return (self._index.module(frame.gid).base, event.name) in aged and is_clock(
            self._inference, frame, event.value
        )

    def _is_renewed(self, frame: Frame, change: Change, times: set[Name], aged: frozenset[tuple[int, str]]) -> bool:
        """Whether a change sets a new value, which no request brings, together with the time."""
        scope, event = self._index.scope(frame.gid), change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        if self._request_data.is_of_many(frame.gid, event.value) or self._is_of_old(scope, event):
            return False
        if self._holds_time(frame, event.value, aged):
            return True
        if not _is_computed(scope, event.value) and not _is_display(scope, event.value):
            return False
        is_behind = bool(aged) and bool(self._passed(frame, event.region, 0))
        return is_behind or self._stands_beside([(frame, change)], times)

    def _is_of_old(self, scope: Scope, event: Event) -> bool:
        """Whether the new value is computed from the old one, as a count is."""
        return any(event.name in spelled(scope, part) for part in parts(scope, event.value, through_names=False))

    def _holds_time(self, frame: Frame, expr: int, aged: frozenset[tuple[int, str]]) -> bool:
        """Whether a value is a dictionary or a tuple with the time in it, here or in all calls that hand it over."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        base = self._index.module(frame.gid).base
        if isinstance(node, Seq):
            times = [n for n, item in enumerate(node.items) if (base, f"[{n}]") in aged]
            return any(is_clock(self._inference, frame, node.items[n]) for n in times)
        if isinstance(node, Map):
            return any(
                key != NONE
                and isinstance(literal := scope.exprs[key], Lit)
                and (base, f"[{literal.value}]") in aged
                and is_clock(self._inference, frame, value)
                for key, value in zip(node.keys, node.values, strict=True)
            )
        if not isinstance(node, Param):
            return False
        given = list(self._given(frame, node.index))
        return bool(given) and all(
            expr != NONE
            and not isinstance(self._index.scope(caller.gid).exprs[expr], Param)
            and self._holds_time(caller, expr, aged)
            for caller, expr in given
        )

    def _given(self, frame: Frame, number: int) -> Iterator[tuple[Frame, int]]:
        """What the calls on requests' ways hand over for a parameter."""
        parameter = self._index.scope(frame.gid).params[number]
        for caller, edge in self._changes.requests.callers(frame):
            scope = self._index.scope(caller.gid)
            event = scope.events[edge.event] if 0 <= edge.event < len(scope.events) else None
            node = scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
            if isinstance(node, Call):
                yield caller, argument_at(caller.scope, node, number, parameter.name)
            else:
                yield caller, NONE

    def _stands_beside(self, sites: list[tuple[Frame, Change]], wanted: set[Name]) -> bool:
        """Whether each of these changes has one of the wanted states changed in the same branch of its function."""
        return all(
            any(
                (other.state.name, other.state.where) in wanted and other.event.region == change.event.region
                for other in self._changes.of(frame)
            )
            for frame, change in sites
        )


def _named(scope: Scope, expr: int) -> Iterator[str]:
    """The names of an expression, and the key of a dictionary that it asks for, through a local name."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        expr = scope.defs[node.defs[0]].value
        node = scope.exprs[expr]
    if isinstance(node, Sub) and isinstance(key := scope.exprs[node.index], Lit):
        yield f"[{key.value}]"
    elif isinstance(node, Call) and node.args and spelled(scope, node.func) == ["get"]:
        key = scope.exprs[node.args[0]]
        if isinstance(key, Lit):
            yield f"[{key.value}]"
    elif not isinstance(node, Sub):
        yield from spelled(scope, expr)


def _is_display(scope: Scope, expr: int) -> bool:
    """Whether a value is a new dictionary, list or set: filled before it is stored, or by look-ups that miss."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    if isinstance(node, Declared) and node.value != NONE:
        node = scope.exprs[node.value]
    return isinstance(node, (Comp, Map, Seq))


def _is_computed(scope: Scope, expr: int) -> bool:
    """Whether a value is what a call gives."""
    return any(isinstance(scope.exprs[part], Call) for part in parts(scope, expr))
