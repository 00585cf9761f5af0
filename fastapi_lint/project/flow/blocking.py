"""What blocks the event loop?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import get_args

import msgspec

from fastapi_lint.catalogue import BlockKind
from fastapi_lint.diagnostic import EntryPointLabel, Hop
from fastapi_lint.facts import NONE, Call, EventKind, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.places import Places, Spot
from fastapi_lint.project.code.regions import around, stands_in
from fastapi_lint.project.flow.call_conditions import is_harmless
from fastapi_lint.project.flow.conditions import MOST_OF_A_CHAIN
from fastapi_lint.project.flow.effects import CallGraph, Effects, Witness
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.loop_bound import LoopBound
from fastapi_lint.project.flow.nodes import Edge, LibraryCall
from fastapi_lint.project.serving.asked_before import AskedBefore
from fastapi_lint.project.serving.awaited_calls import AwaitedCalls
from fastapi_lint.project.serving.contexts import STAGES, Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.first_times import FirstTimes
from fastapi_lint.project.serving.fitting_calls import FittingCalls

_CALLED_BY_FASTAPI = frozenset({"route", "dependency", "background-task", "exception-handler"})
_Rank = tuple[bool, bool, bool, bool, bool, bool, int]

_SHORT = 0.01
"""Seconds that a sleep of this length or less takes from the others: as much as a slow query, not a standstill."""


class BlockingUse(msgspec.Struct, frozen=True):
    """An expression of loop code that blocks: `call` is the sink, the chain leads to it; messages call it `sink`.

    `event` is the number of the event in `frame`, the coroutine, and `edge` the first hop of the chain: None where the
    event itself is the blocking call.
    `stage` is empty where requests are served, else where the code runs; see `Report`. `once` says that it blocks the
    first time only, `is_short` that it blocks for so short a time that only many at once would be noticed.
    `is_conditional` says that the chain rests on too much that is undecided; see `conditions`. `may_be_def` says that
    FastAPI itself calls the function, which awaits nothing: as a plain `def` it would run in a thread. `needs_loop`
    says that what is called asks for the running loop itself, so that no thread can run the whole of it.
    """

    spot: Spot
    callee: str
    call: LibraryCall
    sink: str
    chain: tuple[Hop, ...]
    entry_points: tuple[EntryPointLabel, ...]
    frame: Frame
    event: int
    edge: Edge | None
    stage: str = ""
    once: bool = False
    is_conditional: bool = False
    is_short: bool = False
    may_be_def: bool = False
    needs_loop: bool = False

    @property
    def is_iterated(self) -> bool:
        """Whether it blocks while the coroutine iterates something, and not where that is made."""
        events = self.frame.scope.events
        return 0 <= self.event < len(events) and events[self.event].kind == EventKind.ITER

    @property
    def is_awaited(self) -> bool:
        """Whether what is called there makes something that the coroutine awaits at once: in a thread nobody would."""
        events = self.frame.scope.events
        if self.edge is None or not 0 <= self.event < len(events):
            return False
        return events[self.event].kind == EventKind.CALL and events[self.event].flag


_Way = tuple[Frame, Witness, BlockingUse, frozenset[int], bool]


class Blocking:
    """The blocking effects of the frames that run on the loop.

    `stages` are what counts beside request handling; see `contexts.STAGES`.
    """

    def __init__(
        self,
        graph: Graph,
        calls: CallGraph,
        contexts: Contexts,
        first_times: FirstTimes,
        places: Places,
        frames: Iterable[Frame],
        stages: tuple[str, ...],
        apart: frozenset[Frame],
        asked_before: AskedBefore,
    ) -> None:
        """`apart` are those of the frames whose loops serve nobody: there only a loop within a loop fails."""
        self._graph = graph
        self._calls = calls
        self._contexts = contexts
        self._first_times = first_times
        self._places = places
        self._frames = tuple(frames)
        self._stages = stages
        self._calls_in = FittingCalls(graph, contexts)
        self._apart = apart
        self._asked_before = asked_before
        self._awaited_calls = AwaitedCalls(graph)
        self._loop_bound = LoopBound(graph)

    def of(self, kind: BlockKind) -> list[BlockingUse]:
        """Every expression on the event loop that reaches a blocking call of this kind, the nearest sink for each."""
        return self._found.get(kind, [])

    @cached_property
    def _found(self) -> dict[str, list[BlockingUse]]:
        """All kinds at once, for doubtful ways are told once only.

        Of what a place may reach over one or another implementation the nearest is told, and of all places that reach
        a sink through a cached function, which runs the first time only, the nearest one, or what comes before it.
        """
        certain: dict[str, list[BlockingUse]] = {}
        doubtful: dict[tuple[int, ...], tuple[_Rank, str, BlockingUse, frozenset[int]]] = {}
        firsts: dict[int, list[tuple[str, BlockingUse]]] = {}
        told: set[tuple[int, ...]] = set()
        shown: set[tuple[str, int, int]] = set()
        for kind in get_args(BlockKind):
            for frame, witness, use, passed, is_constructing in self._nearest(kind):
                here = (frame.gid, witness.place)
                if witness.certain:
                    if not use.is_conditional and kind != "metadata":
                        told.add(here)
                    certain.setdefault(kind, []).append(use)
                    continue
                if witness.is_over and not use.stage:
                    continue  # the first time was before the first request
                about = here if witness.once == NONE or witness.is_keyed else (witness.once,)
                said = (bool(use.stage), not is_constructing, use.is_conditional, witness.is_keyed)
                # a rule that is off by default hides no other, and a file that is read no model that is loaded
                rank = (kind == "metadata", *said, kind == "file", witness.distance)
                for once in passed:
                    firsts.setdefault(once, []).append((kind, use))
                if about not in doubtful or rank < doubtful[about][0]:
                    doubtful[about] = (rank, kind, use, passed)
        for key, (_, kind, nearest, passed) in doubtful.items():
            if key in told:
                continue
            before = [one for once in passed for one in firsts[once] if self._comes_first(one[1], nearest)]
            kind_of_first, use = min(before, key=lambda one: one[1].event, default=(kind, nearest))
            place = (kind_of_first, use.frame.gid, use.event)
            if place not in shown:
                shown.add(place)
                certain.setdefault(kind_of_first, []).append(use)
        return certain

    def _comes_first(self, first: BlockingUse, use: BlockingUse) -> bool:
        """Whether a function is sure to have come by a place, itself or in what it awaits, where it gets to another."""
        if first.stage != use.stage or (first.is_conditional and not use.is_conditional):
            return False
        if first.frame.gid == use.frame.gid:
            return _is_before(use.frame.scope, first.event, use.event)
        return any(
            edge.mode == "coroutine" and edge.callee.gid == first.frame.gid and edge.certain
            for edge in self._graph.node(use.frame).edges
            if _is_before(use.frame.scope, edge.event, use.event) and use.frame.scope.events[edge.event].flag
        )

    @cached_property
    def _fastapi_calls(self) -> frozenset[int]:
        entries = (entry for entry in self._contexts.entries if entry.kind in _CALLED_BY_FASTAPI)
        return frozenset(entry.frame.gid for entry in entries if entry.frame is not None)

    def _nearest(self, kind: str) -> list[_Way]:
        found = list(self._ways(kind, ends=True))
        ended = {_type_of(way[2]) for way in found if way[2].call.spec.ends}
        if ended:
            begun = list(self._ways(kind, ends=False))
            if not ended <= {_type_of(way[2]) for way in begun}:
                return begun  # there is nothing to end: only other threads ever begin any
        return found

    def _ways(self, kind: str, ends: bool) -> Iterator[_Way]:
        """What reaches a blocking call of the kind; with or without what ends only what its own thread has begun."""

        def is_sink(frame: Frame, call: LibraryCall) -> bool:
            if call.awaited or call.off_loop or (call.spec.ends and not ends):
                return False
            return not is_harmless(self._graph.inference, frame, call)

        effects = Effects(self._calls, kind, is_sink, self._first_times, self._is_excluded, self._asked_before)
        best: dict[tuple[int, int], tuple[Frame, Witness]] = {}
        able: dict[tuple[int, int], set[Frame]] = {}
        for frame in self._frames if kind == "reentry" else [one for one in self._frames if one not in self._apart]:
            for witness in effects.at_events(frame):
                key = (frame.gid, witness.place)
                able.setdefault(key, set()).add(frame)
                known = best.get(key)
                if known is None or witness.rank < known[1].rank:
                    best[key] = (frame, witness)
        for frame, witness in best.values():
            use = self._use(effects, frame, witness, able[frame.gid, witness.place])
            passed, is_constructing = frozenset[int](), False
            if witness.once != NONE:
                trail = effects.trail(frame, witness)
                passed = effects.passed(trail)
                if witness.edge is not None and passed - {frame.gid}:
                    if self._awaited_calls.have_made(frame, witness.edge):
                        continue  # so what is done the first time only has been done
                is_constructing = self._is_constructing(trail, witness.once)
            yield frame, witness, use, passed, is_constructing

    def _is_excluded(self, frame: Frame, event: int) -> bool:
        """Whether an event stands in a branch for a field that nothing which requests hand over has filled."""
        events = frame.scope.events
        region = events[event].region if 0 <= event < len(events) else 0
        if not region or not self._contexts.serves(frame.gid):
            return False
        return self._calls_in.left_fields.exclude(frame, region)

    def _is_constructing(self, trail: list[tuple[Frame, Witness]], once: int) -> bool:
        """Whether the first use of what an object fills is its constructor's: then nobody else's ever is."""
        owner = self._graph.index.class_of(once)
        return owner != NONE and any(
            self._graph.index.class_of(frame.gid) == owner and self._graph.index.scope(frame.gid).name == "__init__"
            for frame, _ in trail
        )

    def _is_short(self, trail: list[tuple[Frame, Witness]]) -> bool:
        """Whether a chain ends in a sleep of a few milliseconds, and nothing in it repeats that."""
        frame, last = trail[-1]
        scope = self._graph.index.scope(frame.gid)
        call = last.call
        node = scope.exprs[call.expr] if call is not None and call.expr != NONE else None
        if call is None or call.spec.blocks != "sleep" or not isinstance(node, Call) or len(node.args) != 1:
            return False
        given = scope.exprs[node.args[0]]
        if not isinstance(given, Lit) or not isinstance(given.value, (int, float)) or given.value > _SHORT:
            return False
        return not any(self._repeats(where, step) for where, step in trail)

    def _repeats(self, frame: Frame, step: Witness) -> bool:
        scope = self._graph.index.scope(frame.gid)
        return 0 <= step.event < len(scope.events) and stands_in(scope, scope.events[step.event].region, "loop")

    def _use(self, effects: Effects, frame: Frame, witness: Witness, able: set[Frame]) -> BlockingUse:
        """`able` are the frames of the function that reach a sink at this place, for what their callers pass."""
        trail = effects.trail(frame, witness)
        last = trail[-1][1].call
        if last is None:
            raise AssertionError("a trail ends in a sink")
        shown = self._graph.inference.libraries.shown
        hops = []
        for where, step in trail:
            target = shown(step.call.name) if step.call is not None else step.edge.name if step.edge is not None else ""
            hops.append(
                self._places.hop(where.gid, step.place, f"`{self._graph.index.name(where.gid)}` runs `{target}`")
            )
        first = trail[0][1]

        def fitting(one: Frame, category: str, nearest: EntryPoint | None) -> EntryPoint | None:
            events = one.scope.events
            known = 0 <= witness.event < len(events)
            return self._calls_in.entry(one, events[witness.event].region, category, nearest) if known else nearest

        stage = self._contexts.stage(frame.gid, self._stages) or ""
        return BlockingUse(
            spot=self._places.spot(frame.gid, witness.place),
            callee=first.edge.name if first.edge is not None else last.name,
            call=last,
            sink=shown(last.name),
            chain=tuple(hop for hop in hops if hop is not None) if len(trail) > 1 else (),
            entry_points=self._places.labels(frame.gid, STAGES.get(stage, "request"), able, fitting),
            stage=stage,
            once=witness.once != NONE,
            is_conditional=witness.doubt > MOST_OF_A_CHAIN,
            is_short=self._is_short(trail),
            may_be_def=frame.gid in self._fastapi_calls and not any(event.pauses for event in frame.scope.events),
            needs_loop=first.edge is not None and self._loop_bound.needs_loop(first.edge.callee),
            frame=frame,
            event=witness.event,
            edge=first.edge,
        )


def _is_before(scope: Scope, first: int, event: int) -> bool:
    """Whether control comes by one event before it gets to another."""
    if not 0 <= first < event < len(scope.events):
        return False
    return scope.events[first].region in around(scope, scope.events[event].region)


def _type_of(use: BlockingUse) -> str:
    """The library's type whose method blocks."""
    return use.sink.rpartition(".")[0]
