"""Which ways are taken the first time only, and was that time before the first request?"""

from __future__ import annotations

import msgspec

from fastapi_lint.facts import NONE, Await, Call, EventKind, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.guards import present
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.constructed_calls import ConstructedCalls
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.first_use import Lifetime
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.serving.once_per_key import OncePerKey
from fastapi_lint.project.serving.start_up import StartUp
from fastapi_lint.project.types.process_constants import ProcessConstants
from fastapi_lint.project.types.values import InstanceV


class First(msgspec.Struct, frozen=True, gc=False):
    """A first time that function `gid` knows of: a cached one, or one that fills what it finds empty.

    `is_over` says that no request is the first, `is_keyed` that there is a first time for each key.
    """

    gid: int
    is_over: bool = False
    is_keyed: bool = False


class FirstTimes:
    """Answers by region, kept.

    In doubt an object that a request may have made lasts: a class without a constructor may be configured, too.
    """

    def __init__(
        self, graph: Graph, contexts: Contexts, start_up: StartUp, lifetimes: Lifetimes, once_per_key: OncePerKey
    ) -> None:
        self._graph = graph
        self._constants = ProcessConstants(graph.inference, contexts.may_share_a_process)
        self._for_one_key: dict[tuple[int, int], bool] = {}
        self._start_up = start_up
        self._lifetimes = lifetimes
        self._once_per_key = once_per_key
        self._constructed_calls = ConstructedCalls(graph)
        self._known: dict[tuple[Frame, int], First | None] = {}

    def of_edge(self, caller: Frame, edge: Edge) -> First | None:
        """The first time to which an edge belongs, or None: it is taken each time."""
        if edge.mode == "once" or self._lifetimes.is_kept(edge.callee) or self._is_one_call(caller, edge):
            return First(edge.callee.gid, self._has_run(edge.callee, self._is_for_one_key(caller, edge)))
        if self._is_for_known_keys(caller, edge):
            return First(edge.callee.gid, is_keyed=True)
        return self.of_event(caller, edge.event, edge.first_use)

    def has_been(self, caller: Frame, edge: Edge) -> bool:
        """Whether the first time for a key that lies behind an edge was before, for whatever object the caller has."""
        return self._constructed_calls.has_made(caller, edge)

    def of_event(self, frame: Frame, event: int, lifetime: Lifetime) -> First | None:
        """The first time to which an event belongs, for what its tests say of it."""
        region = frame.scope.events[event].region if 0 <= event < len(frame.scope.events) else NONE
        if self._lifetimes.may_last(frame, lifetime):
            is_over = self._start_up.runs_early(frame) or self._start_up.has_filled(frame, region)
            return First(frame.gid, is_over)
        key = (frame, region)
        if key not in self._known:
            self._known[key] = None  # a function that asks for its own result
            self._known[key] = self._of_region(frame, region)
        return self._known[key]

    def _is_one_call(self, caller: Frame, edge: Edge) -> bool:
        """Whether an edge is a call of a cached function that always asks it for the same."""
        if edge.mode != "runs" or not edge.callee.scope.decorators:
            return False
        is_kept = self._graph.inference.decorators.is_kept_for_good(edge.callee.gid)
        return is_kept and self._is_for_one_key(caller, edge)

    def _is_for_known_keys(self, caller: Frame, edge: Edge) -> bool:
        """Whether a call of a cached function passes only what no request brings, and on no object of a request's."""
        events, callee = caller.scope.events, edge.callee
        if edge.mode != "runs" or not callee.scope.decorators or not 0 <= edge.event < len(events):
            return False
        if not self._graph.inference.decorators.is_kept_for_good(callee.gid) or self._lifetimes.is_made_anew(callee):
            return False
        return self._once_per_key.is_for_known(caller.gid, events[edge.event].expr)

    def _is_for_one_key(self, caller: Frame, edge: Edge) -> bool:
        """Whether a call of a cached function passes what is the same in each call."""
        key = (caller.gid, edge.event)
        if key not in self._for_one_key:
            events = caller.scope.events
            node = caller.scope.exprs[events[edge.event].expr] if 0 <= edge.event < len(events) else None
            self._for_one_key[key] = isinstance(node, Call) and self._constants.are_given(caller.gid, node)
        return self._for_one_key[key]

    def _has_run(self, cached: Frame, is_for_one_key: bool) -> bool:
        """Whether a cached function, or property, has run before the first request, for all that it may be asked."""
        if not is_for_one_key and len(cached.scope.params) > (1 if isinstance(cached.receiver, InstanceV) else 0):
            return False
        return self._start_up.runs_early(cached) or self._start_up.runs_early(cached, always=True)

    def _of_region(self, frame: Frame, region: int) -> First | None:
        if self._once_per_key.is_first(frame, region):
            return First(frame.gid, is_keyed=True)
        for branch in branches(frame.scope, region):
            for definitions in present(frame.scope, branch.expr, branch.kind == "if"):
                first = self._of_results(frame, definitions)
                if first is not None:
                    return first
        return None

    def _of_results(self, frame: Frame, definitions: frozenset[int]) -> First | None:
        """The first time whose result a name is, if at all other times it is None: `if thread is not None`."""
        scope = frame.scope
        found: First | None = None
        for value in (scope.defs[number].value for number in definitions):
            node = scope.exprs[value]
            if node == Lit(None):
                continue
            called = node.value if isinstance(node, Await) else value
            found = self._of_call(frame, called) if isinstance(scope.exprs[called], Call) else None
            if found is None:
                return None
        return found

    def _of_call(self, frame: Frame, call: int) -> First | None:
        """The first time at which alone a call gives anything, whatever it runs."""
        events = frame.scope.events
        found: First | None = None
        for edge in self._graph.node(frame).edges:
            if 0 <= edge.event < len(events) and events[edge.event].kind == EventKind.CALL:
                if events[edge.event].expr == call:
                    found = self._of_returned(edge.callee)
                    if found is None:
                        return None
        return found

    def _of_returned(self, frame: Frame) -> First | None:
        scope = frame.scope
        found: First | None = None
        for number, event in enumerate(scope.events):
            if event.kind == EventKind.RETURN and event.expr != NONE and scope.exprs[event.expr] != Lit(None):
                lifetime = self._graph.inference.first_use.of(frame, event.region)
                found = self.of_event(frame, number, lifetime)
                if found is None:
                    return None
        return found
