"""What effects has a function? They flow up: from the sinks to every caller that runs them on its own thread."""

from __future__ import annotations

import heapq
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator

import msgspec

from fastapi_lint.facts import NONE
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.conditions import MOST_OF_A_CHAIN, doubt, exits_before
from fastapi_lint.project.flow.nodes import Edge, LibraryCall, Node
from fastapi_lint.project.serving.asked_before import AskedBefore, Missed
from fastapi_lint.project.serving.first_times import First, FirstTimes


class Witness(msgspec.Struct, frozen=True, gc=False):
    """The best way from an event to a sink: the sink itself (`call`) or the edge to take.

    `distance` counts hops; `certain` is False where the way goes over one of several implementations of a method or
    over a branch that is one of many, or where it is taken the first time only. Then `once` is the gid of the function
    that knows: a cached one without arguments, or one that fills what it finds empty; `is_over` says that no request
    takes the way, for the first time was before, `is_keyed` that there is one for each key. `conditions` counts what
    has to hold, behind the event itself, and is not known to hold.
    """

    distance: int
    place: int
    event: int
    call: LibraryCall | None
    edge: Edge | None
    certain: bool = True
    once: int = NONE
    conditions: int = 0
    is_over: bool = False
    is_keyed: bool = False

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """Of several ways the certain ones are better, then those with little doubt, then the short ones."""
        return (not self.certain, self.is_over, self.doubt, self.distance)

    @property
    def doubt(self) -> int:
        """On how much the way rests that nothing known decides."""
        return doubt(self.conditions, self.distance)

    def is_like(self, other: Witness) -> bool:
        """Whether as much may be said of the way as of another one."""
        more_doubt = self.doubt > MOST_OF_A_CHAIN >= other.doubt
        return not more_doubt and (self.certain, self.once, self.is_over) == (other.certain, other.once, other.is_over)


_Lateness = tuple[int, int, int]


class CallGraph:
    """Nodes by frame, and who runs them on his own thread: the same for all effects.

    `is_foreign` says which scopes belong to packages that are followed but not reported on. `sinks` are the calls that
    block, by kind and frame.
    """

    def __init__(self, nodes: Iterable[Node], is_foreign: Callable[[int], bool]) -> None:
        self._is_foreign = is_foreign
        self.nodes = {node.frame: node for node in nodes}
        self.sinks: dict[str, dict[Frame, list[LibraryCall]]] = {}
        self.callers: dict[Frame, list[tuple[Frame, Edge]]] = {}
        for node in self.nodes.values():
            for call in _plainest_first(node.calls) if node.calls else ():
                if call.spec.blocks is not None:
                    self.sinks.setdefault(call.spec.blocks, {}).setdefault(node.frame, []).append(call)
            for edge in node.edges:
                if self.carries(edge):
                    self.callers.setdefault(edge.callee, []).append((node.frame, edge))

    def carries(self, edge: Edge) -> bool:
        """Whether effects of the callee are effects of the caller's loop code.

        A coroutine is judged by itself, but for one that nobody would report: there its effects are the caller's.
        """
        if edge.off_loop:
            return False
        return edge.mode in ("runs", "once") or (
            edge.mode in ("coroutine", "task") and self._is_foreign(edge.callee.gid)
        )


class Effects:
    """Which frames reach a sink, and along which best way."""

    def __init__(
        self,
        calls: CallGraph,
        kind: str,
        is_sink: Callable[[Frame, LibraryCall], bool],
        first_times: FirstTimes,
        is_excluded: Callable[[Frame, int], bool],
        asked_before: AskedBefore,
    ) -> None:
        """`is_sink` says which of the calls of a `kind` count.

        `is_excluded` says which events of a frame no request gets to, though its code has them.
        """
        self._calls = calls
        self._nodes = calls.nodes
        self._callers = calls.callers
        self._first_times = first_times
        self._is_excluded = is_excluded
        self._asked_before = asked_before
        self._sinks = {
            frame: [one for one in found if is_sink(frame, one) and not is_excluded(frame, one.event)]
            for frame, found in calls.sinks.get(kind, {}).items()
        }
        self._ways: dict[Frame, list[tuple[_Lateness, Witness]]] = {}
        self.nearest = self._propagate()

    def _own(self, frame: Frame, is_first: bool = False) -> Iterator[Witness]:
        for call in self._sinks.get(frame, ()):
            first = self._first_times.of_event(frame, call.event, call.first_use)
            conditions = 0 if is_first else call.conditions
            own = Witness(0, call.place, call.event, call, None, first is None, conditions=conditions)
            yield own if first is None else _first_only(own, first)

    def _propagate(self) -> dict[Frame, Witness]:
        """The best way of each frame, in the order of their ranks: what is found first is not improved any more."""
        nearest: dict[Frame, Witness] = {}
        todo: list[tuple[tuple[bool, bool, int, int], int, Frame, Witness]] = []
        count = itertools.count()  # of equal ways the first found
        for frame in self._sinks:
            for own in self._own(frame):
                heapq.heappush(todo, (own.rank, next(count), frame, own))
        while todo:
            _, _, frame, witness = heapq.heappop(todo)
            if frame in nearest:
                continue
            nearest[frame] = witness
            for caller, edge in self._callers.get(frame, ()):
                if caller not in nearest and not self._is_excluded(caller, edge.event):
                    step = self._step(witness, caller, edge)
                    heapq.heappush(todo, (step.rank, next(count), caller, step))
        return nearest

    def _step(self, onward: Witness, caller: Frame, edge: Edge, is_first: bool = False) -> Witness:
        """The way over an edge; at its first hop, the reported place itself, no branch is in doubt."""
        first = self._first_times.of_edge(caller, edge)
        certain = onward.certain and edge.certain and first is None and not (edge.selected and not is_first)
        conditions = onward.conditions + (0 if is_first else edge.conditions)
        way = (onward.distance + 1, edge.place, edge.event, None, edge, certain, onward.once, conditions)
        is_over = onward.is_over or (onward.is_keyed and self._first_times.has_been(caller, edge))
        step = Witness(*way, is_over, onward.is_keyed)
        return step if first is None else _first_only(step, first)

    def at_events(self, frame: Frame) -> list[Witness]:
        """For each place of a frame that reaches a sink its nearest witness, in order of evaluation."""
        node = self._nodes.get(frame)
        if node is None or frame not in self.nearest:
            return []
        best: dict[int, Witness] = {}
        for own in self._own(frame, is_first=True):
            _keep(best, own)
        for edge in self._onward(node):
            _keep(best, self._step(self.nearest[edge.callee], frame, edge, is_first=True))
        return sorted(best.values(), key=lambda witness: witness.event)

    def _onward(self, node: Node) -> Iterator[Edge]:
        """The edges of a frame that lead to a sink."""
        for edge in node.edges:
            if not self._calls.carries(edge) or edge.callee not in self.nearest:
                continue
            missed = self._asked_before.missed(node.frame, edge)
            if not self._is_excluded(node.frame, edge.event) and (
                not missed or self._still_reaches(edge.callee, missed)
            ):
                yield edge

    def _still_reaches(self, frame: Frame, missed: Missed) -> bool:
        """Whether a frame reaches a sink without the events that it, or what it calls, does not come to."""
        if frame not in missed or frame not in self.nearest:
            return frame in self.nearest
        node, out = self._nodes[frame], missed[frame]
        rest = {one: events for one, events in missed.items() if one != frame}  # what calls itself is walked once
        return any(own.event not in out for own in self._own(frame)) or any(
            self._calls.carries(edge) and edge.event not in out and self._still_reaches(edge.callee, rest)
            for edge in node.edges
            if edge.callee != frame
        )

    def passed(self, trail: list[tuple[Frame, Witness]]) -> frozenset[int]:
        """All functions of a trail that know of a first time, and not of one for each key."""
        firsts = (self._first(frame, step) for frame, step in trail)
        return frozenset(first.gid for first in firsts if first is not None and not first.is_keyed)

    def _first(self, frame: Frame, step: Witness) -> First | None:
        if step.edge is not None:
            return self._first_times.of_edge(frame, step.edge)
        if step.call is None:
            raise AssertionError("a trail ends in a sink")
        return self._first_times.of_event(frame, step.call.event, step.call.first_use)

    def trail(self, frame: Frame, witness: Witness) -> list[tuple[Frame, Witness]]:
        """The hops from a witness to its sink, the sink last."""
        trail = [(frame, witness)]
        seen: set[Frame] = set()
        while witness.edge is not None:
            seen.add(frame)
            frame = witness.edge.callee
            witness = self._told(frame, seen)
            trail.append((frame, witness))
        return trail

    def _told(self, frame: Frame, seen: set[Frame]) -> Witness:
        """Of the ways of a frame that are as sure as the best one, the one that does not wait for others to fail."""
        best = self.nearest[frame]
        if best.once != NONE:
            return best  # on what it passes rests whether it is told
        if frame not in self._ways:
            self._ways[frame] = list(self._as_sure(frame, best))
        ways = ((late, way) for late, way in self._ways[frame] if way is best or not _leads_to(way, seen))
        return min(ways, key=lambda pair: pair[0])[1]

    def _as_sure(self, frame: Frame, best: Witness) -> Iterator[tuple[_Lateness, Witness]]:
        """The ways of a frame that are as sure as the best one, each with how late it comes."""
        node = self._nodes[frame]
        onward = (self._step(self.nearest[edge.callee], frame, edge) for edge in self._onward(node))
        for way in (best, *self._own(frame), *onward):
            if way.is_like(best):
                yield (way.doubt + exits_before(frame.scope, way.event), way.distance, way.event), way


def _leads_to(way: Witness, frames: set[Frame]) -> bool:
    return way.edge is not None and way.edge.callee in frames


def _first_only(way: Witness, first: First) -> Witness:
    is_over = way.is_over or first.is_over
    if first.is_keyed and way.once != NONE and not way.is_keyed:
        return msgspec.structs.replace(way, is_over=is_over)  # what runs once runs for one key only
    return msgspec.structs.replace(way, once=first.gid, is_over=is_over, is_keyed=first.is_keyed)


def _keep(best: dict[int, Witness], witness: Witness) -> None:
    known = best.get(witness.place)
    if known is None or witness.rank < known.rank:
        best[witness.place] = witness


def _plainest_first(calls: Iterable[LibraryCall]) -> Iterator[LibraryCall]:
    """The calls, those of one event and one method in the order of their classes' names.

    The special cases of an API are called after it (`OpenAI` and `AzureOpenAI`, `Redis` and `RedisCluster`): what may
    be either is told as what it most often is.
    """
    for _, found in itertools.groupby(calls, operator.attrgetter("event")):
        alternatives = list(found)
        if len(alternatives) > 1 and len({call.name.rpartition(".")[2] for call in alternatives}) == 1:
            alternatives.sort(key=lambda call: len(call.name))
        yield from alternatives
