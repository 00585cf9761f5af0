"""Does a call find in a cache what the same function has asked for just before, so that nothing has to be made?

`config = get_config(name)`, and then `provider = create_provider(name)`, which calls `get_config(name)` again: where
`get_config` keeps what it has found, the second call blocks nobody. Nothing is awaited in between, so that nobody else
empties the cache, but for the thread in which the first call may run; unless nobody ever does. Calls are the same that
pass the same, themselves or in the function that they call, or what the same function makes of the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import comes_by, exclude_each_other, may_be_passed, within
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.lasting_caches import LastingCaches
from fastapi_lint.project.serving.misses import Misses
from fastapi_lint.project.serving.same_given import Given, SameGiven

Missed = dict[Frame, frozenset[int]]
"""Of functions that a call runs, the events that it does not come to."""


class Question(msgspec.Struct, frozen=True):
    """A call, at `event`, of function `memo`, which keeps its answers; `is_sure` where nothing lets control pass it.

    What it is `given` is None where that is not known.
    """

    event: int
    memo: Frame
    given: Given | None
    is_sure: bool


class AskedBefore:
    """Answers by edge, kept."""

    def __init__(self, graph: Graph, misses: Misses) -> None:
        self._graph = graph
        self._misses = misses
        self._lasting = LastingCaches(graph.inference, misses)
        self._same = SameGiven(graph)
        self._memos: dict[Frame, frozenset[int]] = {}
        self._questions: dict[Frame, list[Question]] = {}
        self._known: dict[tuple[Frame, int, Frame], Missed] = {}

    def missed(self, frame: Frame, edge: Edge) -> Missed:
        """What the callee of an edge, and what that calls, leaves out because a cache is filled; empty if nothing."""
        key = (frame, edge.event, edge.callee)
        if key not in self._known:
            self._known[key] = self._find(frame, edge)
        return self._known[key]

    def _find(self, frame: Frame, edge: Edge) -> Missed:
        own = list(self._asked(frame, edge)) if 0 <= edge.event < len(frame.scope.events) else []
        if not own:
            return {}
        earlier = [one for one in self._all(frame) if one.is_sure and comes_by(frame.scope, one.event, edge.event)]
        known = [one for one in own if any(self._is_answered(frame, one, other) for other in earlier)]
        memos = {one.memo for one in known if all(two in known for two in own if two.memo == one.memo)}
        return {edge.callee: frozenset(), **{memo: self._behind(memo) for memo in memos}} if memos else {}

    def _is_answered(self, frame: Frame, one: Question, earlier: Question) -> bool:
        """Whether an earlier call has asked the same, and nobody has emptied the cache since."""
        if one.memo.gid != earlier.memo.gid or not self._same.are_same(frame, one.given, earlier.given):
            return False
        if not _waits(frame.scope, earlier.event, one.event):
            return True
        return self._lasting.keeps(one.memo) and self._same.lasts(frame, one.given, earlier.event, one.event)

    def _all(self, frame: Frame) -> list[Question]:
        if frame not in self._questions:
            edges = self._graph.node(frame).edges
            events = frame.scope.events
            self._questions[frame] = [
                question for edge in edges if 0 <= edge.event < len(events) for question in self._asked(frame, edge)
            ]
        return self._questions[frame]

    def _asked(self, frame: Frame, edge: Edge) -> Iterator[Question]:
        """What a call asks functions that keep their answers: the one that it calls, or those that this one calls."""
        given = self._same.passed(frame, edge)
        if given is None:
            return
        is_certain = edge.certain and (edge.mode != "offloaded" or _is_awaited(frame.scope, edge.event))
        if self._behind(edge.callee):
            yield Question(edge.event, edge.callee, given, is_certain)
            return
        scope = edge.callee.scope
        for inner in self._graph.node(edge.callee).edges:
            if 0 <= inner.event < len(scope.events) and self._behind(inner.callee):
                asked = self._same.passed(edge.callee, inner)
                through = None if asked is None else self._same.through(edge.callee, asked, given)
                is_sure = is_certain and inner.certain and not may_be_passed(scope, scope.events[inner.event].region)
                yield Question(edge.event, inner.callee, through, is_sure and not _may_have_left(scope, inner))

    def _behind(self, memo: Frame) -> frozenset[int]:
        """The events of a function that it comes to only where a cache lacks what they surely put in."""
        known = self._memos.get(memo)
        if known is None:
            self._memos[memo] = frozenset()  # a function that asks for its own result
            known = self._memos[memo] = self._missing(memo)
        return known

    def _missing(self, memo: Frame) -> frozenset[int]:
        scope = memo.scope
        if scope.kind != "function" or scope.is_async:
            return frozenset()
        if scope.decorators and self._graph.inference.decorators.is_cached(memo.gid):
            return frozenset(range(len(scope.events)))
        for number, region in enumerate(scope.regions):
            if region.kind in ("if", "else") and self._misses.is_always_filled(memo, number):
                return frozenset(n for n, event in enumerate(scope.events) if within(scope, event.region, (number,)))
        return frozenset()


def _waits(scope: Scope, first: int, last: int) -> bool:
    """Whether others may get their turn between two events, but for what the first one waits for itself."""
    return any(
        event.pauses and event.expr != scope.events[first].expr
        for event in scope.events[first:last]
        if not exclude_each_other(scope, event.region, scope.events[last].region)
    )


def _is_awaited(scope: Scope, number: int) -> bool:
    expr = scope.events[number].expr
    return any(event.kind == EventKind.AWAIT and event.expr == expr for event in scope.events[number:])


def _may_have_left(scope: Scope, edge: Edge) -> bool:
    """Whether a function may have given its answer before it comes to a call."""
    return any(event.kind == EventKind.RETURN for event in scope.events[: edge.event])
