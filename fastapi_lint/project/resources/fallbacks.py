"""Is a fallback for a missing argument ever needed, where all callers pass what is there?

`if client is None: client = Client()` runs for no request, if each passes `request.app.state.client`, or one that it
has made itself. So does `client or Client()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import Param, Scope, Use
from fastapi_lint.project.code.decidable import named_test
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied, nothing
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.resources.presence import Presence
from fastapi_lint.project.serving.start_up import StartUp


class Fallbacks:
    """Answers for the frames that requests reach; `callers` run them."""

    def __init__(self, graph: Graph, start_up: StartUp, callers: Callable[[Frame], list[tuple[Frame, Edge]]]) -> None:
        self._graph = graph
        self._start_up = start_up
        self._callers = callers
        self._presence = Presence(graph, callers)

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
        """Whether a call passes what start-up has filled for good, or what is made in any case."""
        given = self._presence.given(caller, edge, frame, number)
        if given is None:
            return False
        return self._start_up.has_set(caller.gid, given[0]) or self._presence.is_there(caller, *given)


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
