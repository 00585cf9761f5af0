"""At which events of a function may others run?

Not where a coroutine of the project is awaited that has no such event itself: it comes to its end without giving way.
Nor where all its waits are behind tests for what start-up has filled.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import EventKind
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph


class Pauses:
    """Answers by frame, kept."""

    def __init__(self, graph: Graph, is_past: Callable[[Frame, int], bool]) -> None:
        """`is_past` says whether the code of a region has run and will not again."""
        self._graph = graph
        self._is_past = is_past
        self._known: dict[Frame, tuple[int, ...]] = {}

    def of(self, frame: Frame) -> tuple[int, ...]:
        """The numbers of the events."""
        known = self._known.get(frame)
        if known is None:
            all_ = tuple(
                number
                for number, event in enumerate(frame.scope.events)
                if event.pauses and not self._is_past(frame, event.region)
            )
            self._known[frame] = all_  # what awaits itself
            known = self._known[frame] = tuple(number for number in all_ if not self._runs_through(frame, number))
        return known

    def _runs_through(self, frame: Frame, number: int) -> bool:
        events = frame.scope.events
        if events[number].kind != EventKind.AWAIT:
            return False
        calls = {
            n for n, event in enumerate(events) if (event.kind, event.expr) == (EventKind.CALL, events[number].expr)
        }
        edges = [edge for edge in self._graph.node(frame).edges if edge.event in calls]
        return bool(edges) and all(
            edge.mode == "coroutine" and edge.certain and self._never_waits(edge.callee) for edge in edges
        )

    def _never_waits(self, frame: Frame) -> bool:
        scope = frame.scope
        is_plain = scope.is_async and not (scope.is_generator or scope.is_stub or scope.decorators)
        return is_plain and not self.of(frame)
