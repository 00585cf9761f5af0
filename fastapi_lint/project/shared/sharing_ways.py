"""On which way to a change do callers hand over what is shared, and not an object of their own?"""

from __future__ import annotations

import heapq
import itertools

from fastapi_lint.facts import NONE, Attr, Call, Expr, Lit, Param, Phi, Scope, Sub, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.flow.conditions import is_conditional, way_doubt
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.shared.state import SharedState

Way = tuple[Arrival, ...]


class SharingWays:
    """The way of those who were found first, or the one that rests on least if theirs is a possibility only."""

    def __init__(self, requests: Reach, state: SharedState) -> None:
        self._requests = requests
        self._state = state

    def to(self, frame: Frame) -> Way:
        """The way from an entry point to a frame."""
        first = self._first(frame)
        if not is_conditional(first):
            return first
        surest = self._surest(frame, first)
        shortest = self._requests.way(frame)
        return shortest if is_conditional(surest) and not self._has_own(frame, shortest) else surest

    def _has_own(self, frame: Frame, way: Way) -> bool:
        """Whether what comes by a way is what a caller has got by a call, for itself perhaps."""
        number = self._state.shared_parameter(frame)
        for step in reversed(way):
            if step.caller is None or step.edge is None or number == NONE:
                return False
            made = self._state.handed(frame, number, step.caller, step.edge)
            root = _root(step.caller.scope, made) if made != NONE else None
            if not isinstance(root, Param):
                is_made = root is not None and _is_made(step.caller.scope, root)
                return is_made and self._state.origin(step.caller, made) is None
            frame, number = step.caller, root.index
        return False

    def _first(self, frame: Frame) -> Way:
        steps: list[Arrival] = []
        current, seen = frame, {frame}
        while (sharers := self._state.sharers.get(current)) is not None:
            shortest = self._requests.way(current)[-1:]
            own = [one for one in shortest if one.caller is not None and (one.caller, one.edge) in sharers]
            step = own[0] if own else Arrival(*sharers[0], None)
            if step.caller is None or step.caller in seen or step.caller not in self._requests.frames:
                return self._requests.way(frame)
            seen.add(step.caller)
            steps.append(step)
            current = step.caller
        return (*self._requests.way(current), *reversed(steps))

    def _surest(self, frame: Frame, first: Way) -> Way:
        """Of all ways on which what is shared is handed over, the one with the least doubt."""
        count = itertools.count()  # of equal ways the first found
        todo: list[tuple[int, int, int, Frame, Way]] = [(0, 0, next(count), frame, ())]
        seen: set[Frame] = set()
        best = first
        while todo:
            least, _, _, current, steps = heapq.heappop(todo)
            if least >= way_doubt(best):
                break
            if current in seen:
                continue
            seen.add(current)
            if current not in self._state.sharers:
                best = min(best, (*self._requests.way(current), *steps), key=way_doubt)
                continue
            for caller, edge in self._state.all_sharers(current):
                way = (Arrival(caller, edge, None), *steps)
                heapq.heappush(todo, (way_doubt(way), len(way), next(count), caller, way))
        return best


def _root(scope: Scope, expr: int) -> Expr:
    """What an attribute's attribute is one of."""
    node = scope.exprs[expr]
    while isinstance(node, (Attr, Sub)):
        node = scope.exprs[behind_names(scope, node.base)]
    return node


def _is_made(scope: Scope, node: Expr) -> bool:
    """Whether a call gives something, whichever of its definitions a name has; None is nothing."""
    if not isinstance(node, (Use, Phi)):
        return isinstance(node, Call)
    values = (scope.exprs[behind_names(scope, scope.defs[number].value)] for number in node.defs)
    given = [value for value in values if value != Lit(None)]
    return bool(given) and all(isinstance(value, Call) for value in given)
