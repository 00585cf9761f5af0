"""Is a fallback for what is missing ever needed, where all callers pass it, or start-up has stored it?

`if client is None: client = Client()` runs for no request, if each passes `request.app.state.client`, or one that it
has made itself. So does `client or Client()`. Nor does it where `client` is what `app.state` holds from the start.
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
        """Whether code stands where something is missing that all callers of the frame pass, or start-up has stored."""
        scope = self._graph.index.scope(frame.gid)
        missing = {part for here in branches(scope, region) for part in _missing(scope, here.expr, here.kind == "if")}
        given = {number for part in missing for number in _parameter(scope, part)}
        return any(self._is_always_given(frame, number) for number in given) or any(
            self._presence.is_there(fill.frame, fill.value)
            for part in missing
            for fill in self._start_up.fills(frame.gid, part)
        )

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
    """What is None or empty where a condition holds, or where it does not."""
    for simple, is_true in implied(scope, test, holds):
        yield from nothing(scope, named_test(scope, simple), is_true)


def _parameter(scope: Scope, expr: int) -> Iterator[int]:
    """The number of the parameter that a name stands for, if nothing else has been put there."""
    node = scope.exprs[expr]
    made = scope.exprs[scope.defs[node.defs[0]].value] if isinstance(node, Use) and len(node.defs) == 1 else None
    if isinstance(made, Param):
        yield made.index
