"""Which shared dictionaries note until when not to try again what has failed, and forget it then themselves?

`if await fetch(key) is None: _failed[key] = now + TTL`, beside `if deadline <= now: _failed.pop(key)`: each process may
try for itself. What is noted without an attempt (who may not come again, which message was seen) is something else.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Await, Bin, Call, Event, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import branches, stands_in
from fastapi_lint.project.code.spelling import parts, spelled, stored_item
from fastapi_lint.project.flow.clocks import is_clock, is_time
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.shared.bounded_caches import Name, removes
from fastapi_lint.project.shared.changes import Change, Changes


class NotedMisses:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes) -> None:
        self._inference = graph.inference
        self._changes = changes

    def find(self) -> frozenset[Name]:
        """The dictionaries of which every change is of such a kind."""
        return frozenset(
            name
            for name, found in self._changes.by_name.items()
            if any(self._forgets(*one) for one in found)
            and all(removes(frame.scope, change.event) or self._notes(frame, change) for frame, change in found)
            and not any(_raises_for(frame.scope, name[0].rpartition(".")[2]) for frame, _ in found)
        )

    def _forgets(self, frame: Frame, change: Change) -> bool:
        """Whether an entry is taken out because its time has come."""
        scope, event = frame.scope, change.event
        return removes(scope, event) and any(
            isinstance(node := scope.exprs[part], Bin)
            and node.op == "compares"
            and any(is_clock(self._inference, frame, side) for side in (node.left, node.right))
            for branch in branches(scope, event.region)
            for part in parts(scope, branch.expr)
        )

    def _notes(self, frame: Frame, change: Change) -> bool:
        """Whether a time ahead is put in where an attempt has just failed, or given nothing."""
        scope, event = frame.scope, change.event
        if event.flag or event.value == NONE or stored_item(scope, event) is None:
            return False
        is_ahead = is_time(self._inference, frame, event.value) and not is_clock(self._inference, frame, event.value)
        return is_ahead and (stands_in(scope, event.region, "except") or self._is_after_attempt(frame, event))

    def _is_after_attempt(self, frame: Frame, event: Event) -> bool:
        """Whether a branch depends on what a call has given that is no look-up in a dictionary, and no clock."""
        scope = frame.scope
        asked = {part for branch in branches(scope, event.region) for part in parts(scope, branch.expr)}
        return any(
            isinstance(node := scope.exprs[part], Await)
            or (
                isinstance(node, Call)
                and spelled(scope, node.func) != ["get"]
                and not is_clock(self._inference, frame, part)
            )
            for part in asked
        )


def _raises_for(scope: Scope, name: str) -> bool:
    """Whether a function refuses what a dictionary has."""
    asked = [region.expr for region in scope.regions if region.behind == "raise" and region.expr != NONE]
    return any(name in spelled(scope, part) for expr in asked for part in parts(scope, expr))
