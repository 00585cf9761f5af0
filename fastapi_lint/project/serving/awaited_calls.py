"""Has a coroutine that a function has awaited made the very call that the function makes then?

`await self.wait()`, which calls `get_client()`, and then `get_client()`: what that does the first time only was done
there. The coroutine may end before its call where a test says so, if the function asks for the opposite just before
or then: `if self.state: return` in it, and `if not self.state` around what awaits it, or around the later call.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, comes_by, exclude_each_other, may_be_passed, stands_in, within
from fastapi_lint.project.code.spelling import is_receiver, same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.same_given import SameGiven

_CHANGES = frozenset({EventKind.CALL, EventKind.STORE_ATTR})

Said = tuple[str, bool]
"""An attribute of an object, and whether it is filled."""


class AwaitedCalls:
    """Answers by edge."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._same = SameGiven(graph)

    def have_made(self, frame: Frame, edge: Edge) -> bool:
        """Whether a function comes to a call only after a coroutine that it has awaited has made the same."""
        events = frame.scope.events
        if edge.mode not in ("once", "runs") or not 0 <= edge.event < len(events):
            return False
        return any(
            other.mode == "coroutine"
            and other.certain
            and events[other.event].flag
            and comes_by(frame.scope, other.event, edge.event)
            and any(self._is_same(frame, edge, other, inner) for inner in self._to(edge.callee, other.callee))
            for other in self._graph.node(frame).edges
            if 0 <= other.event < edge.event
        )

    def _to(self, callee: Frame, coroutine: Frame) -> Iterator[Edge]:
        events = coroutine.scope.events
        for edge in self._graph.node(coroutine).edges:
            is_run = edge.mode in ("once", "runs") and not edge.off_loop
            if edge.callee.gid == callee.gid and edge.certain and is_run and 0 <= edge.event < len(events):
                yield edge

    def _is_same(self, frame: Frame, edge: Edge, awaited: Edge, inner: Edge) -> bool:
        """Whether the call of a coroutine is made for sure, and for what the function passes later."""
        asked, made = self._same.passed(frame, edge), self._same.passed(awaited.callee, inner)
        given = self._same.passed(frame, awaited)
        if asked is None or made is None or given is None:
            return False
        through = self._same.through(awaited.callee, made, given)
        return (
            self._same.are_same(frame, asked, through)
            and self._same.lasts(frame, asked, awaited.event, edge.event)
            and self._is_sure(frame, edge, awaited, inner.event)
        )

    def _is_sure(self, frame: Frame, edge: Edge, awaited: Edge, made: int) -> bool:
        """Whether a coroutine never ends without an event, where the function goes on to its own call."""
        scope = awaited.callee.scope
        region = scope.events[made].region
        if stands_in(scope, region, "try") or not all(
            exclude_each_other(scope, event.region, region)
            for event in scope.events[:made]
            if event.kind == EventKind.RETURN
        ):
            return False
        known = set(_known(frame.scope, awaited.event, edge.event))
        return all(_is_excluded(scope, number, known) for number in may_be_passed(scope, region))


def _is_excluded(scope: Scope, number: int, known: set[Said]) -> bool:
    """Whether a method only passes a branch by where its object is not what it is known to be."""
    region = scope.regions[number]
    if region.kind not in ("if", "else") or region.expr == NONE:
        return False
    passed = implied(scope, region.expr, region.kind == "else")
    said = ((scope.exprs[part], holds) for part, holds in passed)
    return any(
        isinstance(node, Attr) and is_receiver(scope, node.base) and (node.name, not holds) in known
        for node, holds in said
    )


def _known(scope: Scope, awaited: int, call: int) -> Iterator[Said]:
    """What a function has asked of an object just before it awaits its method, or asks between that and a call."""
    node = scope.exprs[scope.events[awaited].expr]
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(func, Attr):
        return
    for number in around(scope, scope.events[call].region):
        region = scope.regions[number]
        if region.kind not in ("if", "else") or region.expr == NONE:
            continue
        first = next(n for n, event in enumerate(scope.events) if within(scope, event.region, (number,)))
        if any(event.kind in _CHANGES or event.pauses for event in scope.events[first:awaited]):
            continue
        for part, holds in implied(scope, region.expr, region.kind == "if"):
            asked = scope.exprs[part]
            if isinstance(asked, Attr) and same(scope, asked.base, func.base):
                yield asked.name, holds
