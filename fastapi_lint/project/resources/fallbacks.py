"""Is a fallback for a missing argument ever needed, where start-up has filled what all callers pass?

`if client is None: client = Client()` runs for no request, if each passes `request.app.state.client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Call, EventKind, Param, Scope, Use
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.decidable import named_test
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied, nothing
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.start_up import StartUp


class Fallbacks:
    """Answers for the frames that requests reach; `callers` run them."""

    def __init__(self, graph: Graph, start_up: StartUp, callers: Callable[[Frame], list[tuple[Frame, Edge]]]) -> None:
        self._graph = graph
        self._start_up = start_up
        self._callers = callers

    def is_needless(self, frame: Frame, region: int) -> bool:
        """Whether code stands where a parameter is missing, which no caller of the frame leaves missing."""
        scope = self._graph.index.scope(frame.gid)
        missing = {
            number for here in branches(scope, region) for number in _missing(scope, here.expr, here.kind == "if")
        }
        return any(self._is_always_given(frame, number) for number in missing)

    def _is_always_given(self, frame: Frame, number: int) -> bool:
        callers = self._callers(frame)
        return bool(callers) and all(self._gives(caller, edge, frame, number) for caller, edge in callers)

    def _gives(self, caller: Frame, edge: Edge, frame: Frame, number: int) -> bool:
        """Whether a call passes what start-up has filled for good."""
        index, scope = self._graph.index, self._graph.index.scope(caller.gid)
        if edge.mode == "injected" or not 0 <= edge.event < len(scope.events):
            return False
        event = scope.events[edge.event]
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if not isinstance(node, Call):
            return False
        parameter = index.scope(frame.gid).params[number]
        is_method = index.class_of(frame.gid) != NONE
        skip = int(is_method and self._graph.inference.decorators.method_kind(frame.gid) != "static")
        given = argument_at(caller.scope, node, number - skip, parameter.name, parameter.kind)
        return given != NONE and self._start_up.has_set(caller.gid, given)


def _missing(scope: Scope, test: int, holds: bool) -> Iterator[int]:
    """The parameters that are None or empty where a condition holds, or where it does not."""
    for simple, is_true in implied(scope, test, holds):
        for part in nothing(scope, named_test(scope, simple), is_true):
            yield from _parameter(scope, part)


def _parameter(scope: Scope, expr: int) -> Iterator[int]:
    """The number of the parameter that a name stands for, if nothing else has been put there."""
    node = scope.exprs[expr]
    made = scope.exprs[scope.defs[node.defs[0]].value] if isinstance(node, Use) and len(node.defs) == 1 else None
    if isinstance(made, Param):
        yield made.index
