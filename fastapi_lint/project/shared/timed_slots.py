"""Which shared variables are caches of one value that their own code renews when it is too old?

`if now - _read_at > TTL: _value = read(); _read_at = now`: whatever a process keeps longer than another is no older
than the code allows, and what is lost is read again.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Bin, Call, Event, EventKind, Lit, Map, Param, Scope, Sub, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import parts, spelled
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.bounded_caches import CLOCKS, Name
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.binding import argument_at
from fastapi_lint.project.types.values import ExternalV, FunctionV

_ORDERS = frozenset({"<", "<=", ">", ">="})
_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})


class TimedSlots:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes, request_data: RequestData) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes
        self._request_data = request_data

    def find(self) -> frozenset[Name]:
        """What is only ever set to a new value beside the time, or with the time in it, and those times."""
        sites: dict[Name, list[tuple[Frame, Change]]] = {}
        for frame in self._changes.requests.frames:
            for change in self._changes.of(frame):
                sites.setdefault((change.state.name, change.state.where), []).append((frame, change))
        aged = self._aged({frame for found in sites.values() for frame, _ in found})
        times = {name for name, found in sites.items() if aged and all(self._keeps_time(*one, aged) for one in found)}
        slots = {
            name
            for name, found in sites.items()
            if aged and name not in times and all(self._is_renewed(*one, times, aged) for one in found)
        }
        return frozenset(slots | {time for time in times if self._stands_beside(sites[time], slots)})

    def _aged(self, frames: set[Frame]) -> frozenset[tuple[int, str]]:
        """The names, and the keys of dictionaries, whose age the code of a module that changes state asks for."""
        bases = {self._index.module(frame.gid).base for frame in frames}
        return frozenset(
            (base, name)
            for base in bases
            for number, scope in enumerate(self._index.module(base).facts.scopes)
            for node in scope.exprs
            if isinstance(node, Bin) and (node.op == "-" or node.op in _ORDERS)
            for name in self._compared(self._inference.plain_frame(base + number), scope, node)
        )

    def _compared(self, frame: Frame, scope: Scope, node: Bin) -> Iterator[str]:
        """`now - read_at`; `now > read_at + ttl`."""
        if node.op == "-" and self._is_clock(frame, node.left):
            yield from _named(scope, node.right)
        elif node.op in _ORDERS:
            for clock, limit in ((node.left, node.right), (node.right, node.left)):
                sum_ = scope.exprs[limit]
                if isinstance(sum_, Bin) and sum_.op == "+" and self._is_clock(frame, clock):
                    yield from _named(scope, sum_.left)

    def _is_clock(self, frame: Frame, expr: int) -> bool:
        """Whether an expression is the time now: of a clock, or of a function that gives that."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        return isinstance(node, Call) and any(
            (isinstance(value, ExternalV) and value.name in CLOCKS)
            or (isinstance(value, FunctionV) and self._gives_time(value.gid))
            for value in self._inference.type(frame, node.func)
        )

    def _gives_time(self, gid: int) -> bool:
        scope = self._index.scope(gid)
        given = [event.expr for event in scope.events if event.kind == EventKind.RETURN]
        calls = [scope.exprs[expr] for expr in given if expr != NONE]
        frame = self._inference.plain_frame(gid)
        return bool(calls) and all(
            isinstance(node, Call)
            and any(isinstance(v, ExternalV) and v.name in CLOCKS for v in self._inference.type(frame, node.func))
            for node in calls
        )

    def _keeps_time(self, frame: Frame, change: Change, aged: frozenset[tuple[int, str]]) -> bool:
        event = change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        return (self._index.module(frame.gid).base, event.name) in aged and self._is_clock(frame, event.value)

    def _is_renewed(self, frame: Frame, change: Change, times: set[Name], aged: frozenset[tuple[int, str]]) -> bool:
        """Whether a change sets a new value, which no request brings, together with the time."""
        scope, event = self._index.scope(frame.gid), change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        if self._request_data.is_of_many(frame.gid, event.value) or self._is_of_old(scope, event):
            return False
        if self._holds_time(frame, event.value, aged):
            return True
        return _is_computed(scope, event.value) and self._stands_beside([(frame, change)], times)

    def _is_of_old(self, scope: Scope, event: Event) -> bool:
        """Whether the new value is computed from the old one, as a count is."""
        return any(event.name in spelled(scope, part) for part in parts(scope, event.value, through_names=False))

    def _holds_time(self, frame: Frame, expr: int, aged: frozenset[tuple[int, str]]) -> bool:
        """Whether a value is a dictionary with the time in it, here or in all calls that hand it over."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        if isinstance(node, Map):
            base = self._index.module(frame.gid).base
            return any(
                key != NONE
                and isinstance(literal := scope.exprs[key], Lit)
                and (base, f"[{literal.value}]") in aged
                and self._is_clock(frame, value)
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
                yield caller, argument_at(self._index, caller.gid, node, number, parameter.name)
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


def _is_computed(scope: Scope, expr: int) -> bool:
    """Whether a value is what a call gives."""
    return any(isinstance(scope.exprs[part], Call) for part in parts(scope, expr))
