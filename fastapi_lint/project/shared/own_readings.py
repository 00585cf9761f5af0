"""Which shared variables keep what each process reads for itself, the same for all requests?

`self._keys = set(json.loads(path.read_text()))`, read again by requests that miss something: nothing of a request gets
in, and the next reading replaces it as a whole. And what follows from the environment alone, however often it is set.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Await, Call, Choice, EventKind, Lit, Sub, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import defined, parts, spelled
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.bounded_caches import Name
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.values import LiteralV

_SETS = (EventKind.REBIND, EventKind.STORE_ATTR)
_READS = frozenset({"file", "http", "database", "sdk"})
_READING = frozenset({"dependency", "middleware"})
_ASKED = (Attr, Call, Sub, Var)
_MOST_HOPS = 2


class OwnReadings:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes, request_data: RequestData) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes
        self._request_data = request_data

    def find(self) -> frozenset[Name]:
        """What every change of request code replaces by such a value."""
        return frozenset(
            name
            for name, found in self._changes.by_name.items()
            if all(self._follows_from_settings(*one) for one in found) or all(self._is_read(*one) for one in found)
        )

    # -- what the environment says

    def _follows_from_settings(self, frame: Frame, change: Change) -> bool:
        """Whether a value is a setting, or a constant that settings alone have chosen."""
        event = change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        if not isinstance(frame.scope.exprs[defined(frame.scope, event.value)], Lit):
            return self._is_setting(frame, event.value, 0)
        tests = [branch.expr for branch in branches(frame.scope, event.region)]
        simple = [part for test in tests for part, _ in implied(frame.scope, test, True)]
        asked = {type(frame.scope.exprs[part]) for test in simple for part in parts(frame.scope, test)}
        return not asked.isdisjoint(_ASKED) and all(self._is_setting(frame, part, 0) for part in simple)

    def _is_setting(self, frame: Frame, expr: int, hops: int) -> bool:
        node = frame.scope.exprs[expr]
        if hops > _MOST_HOPS:
            return False
        if isinstance(node, Use) and len(node.defs) == 1:
            return self._is_setting(frame, frame.scope.defs[node.defs[0]].value, hops)
        if isinstance(node, Choice):
            return all(self._is_setting(frame, part, hops + 1) for part in node.items)
        known = Constants(self._inference, frame).of(expr)
        return isinstance(known, LiteralV) or self._inference.process_constants.is_one(frame.gid, expr)

    # -- what is read from a source of its own

    def _is_read(self, frame: Frame, change: Change) -> bool:
        event, scope = change.event, frame.scope
        if event.kind not in _SETS or event.flag or event.value == NONE or change.once:
            return False
        made_of = set(parts(scope, event.value))
        reading = {call.expr for call in self._graph.node(frame).calls if call.spec.blocks in _READS}
        is_read = bool(reading & made_of) or any(isinstance(scope.exprs[part], Await) for part in made_of)
        if not is_read or any(event.name in spelled(scope, part) for part in made_of):
            return False
        if self._request_data.is_of_many(frame.gid, event.value):
            return False
        return self._is_for_readers(frame) and self._is_used(frame, change, 0)

    def _is_for_readers(self, frame: Frame) -> bool:
        """Whether requests get here that only read: no call that asks for the change."""
        entries = self._changes.requests.entries(frame)
        return any(one.kind in _READING or one.label.startswith("GET ") for one in entries)

    def _is_used(self, frame: Frame, change: Change, hops: int) -> bool:
        """Whether the very request looks at what it has read: here, or in a function that calls this one."""
        if any(isinstance(node, (Attr, Var)) and node.name == change.event.name for node in frame.scope.exprs):
            return True
        callers = self._changes.requests.callers(frame) if hops < _MOST_HOPS else []
        return any(self._is_used(caller, change, hops + 1) for caller, _ in callers)
