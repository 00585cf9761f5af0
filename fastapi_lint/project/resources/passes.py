"""Does each pass of a loop make one anew, and could that go before the loop?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Declared,
    Event,
    EventKind,
    Iter,
    Param,
    Phi,
    Scope,
    Seq,
    Star,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, stands_in, within
from fastapi_lint.project.code.spelling import is_receiver, parts, written
from fastapi_lint.project.flow.dead_branches import truth
from fastapi_lint.project.flow.frame_walk import ASYNC_STEP
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.resources.keeping import is_kept_by_receiver
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.types.values import ExternalV

_LEAVING = (EventKind.BREAK, EventKind.RETURN)
_GROWING = frozenset({"append", "extend", "insert", "add", "update"})
_MOST_HOPS = 6


class Passes:
    """Answers by creating call, for the way that leads to it."""

    def __init__(self, graph: Graph, reached: Iterable[Frame], way: Callable[[Frame], tuple[Arrival, ...]]) -> None:
        """`reached` are the frames that run per request, `way` leads to each of them."""
        self._graph = graph
        self._reached = tuple(reached)
        self._way = way

    def is_multiplied(self, frame: Frame, scope: Scope, call: LibraryCall, way: tuple[Arrival, ...]) -> bool:
        """Whether a loop makes one in each pass: of what an object keeps, only a loop that makes the objects."""
        if self._in_loop(frame, call.event, way):
            return True
        if stands_in(scope, scope.events[call.event].region, "except"):
            return False
        keeper = frame if call.first_use == "object" or is_kept_by_receiver(scope, call) else None
        for number, arrival in reversed(list(enumerate(way))):
            if self._is_handled(arrival):
                return False
            if self._is_looped(arrival, way[:number]):
                return keeper is None or self._is_constructed_in_loop(keeper)
            if keeper is None and arrival.edge is not None and arrival.edge.first_use == "object":
                keeper = arrival.caller
        return False

    def _is_constructed_in_loop(self, frame: Frame) -> bool:
        """Whether a request makes objects of the receiver's class in a loop, as far as constructors tell."""
        owner = frame.receiver
        init = self._graph.inference.classes.find_method(owner.gid, "__init__") if owner is not None else None
        return init is not None and any(
            self._is_looped(arrival, way[:number])
            for other in self._reached
            if other.gid == init.gid
            and owner is not None
            and other.receiver is not None
            and other.receiver.gid == owner.gid
            for way in (self._way(other),)
            for number, arrival in enumerate(way)
        )

    def is_of_object_of_pass(self, frame: Frame, scope: Scope, call: LibraryCall, way: tuple[Arrival, ...]) -> bool:
        """Whether a pass of a loop makes an object, and its methods a client of what the object keeps.

        `for one in connectors: build(one).verify()`: each has credentials of its own, nothing goes before the loop.
        """
        if call.expr == NONE or self._graph.index.class_of(frame.gid) == NONE:
            return False
        if not any(is_receiver(scope, part) for part in parts(scope, call.expr)):
            return False
        for number, arrival in reversed(list(enumerate(way))):
            caller, edge = arrival.caller, arrival.edge
            if caller is None or edge is None or not 0 <= edge.event < len(caller.scope.events):
                return False
            event = caller.scope.events[edge.event]
            node = caller.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = caller.scope.exprs[node.func] if isinstance(node, Call) else None
            if not isinstance(func, Attr):
                return False
            if not is_receiver(caller.scope, func.base):
                is_looped = self._is_looped(arrival, way[:number])
                return is_looped and _is_made_in_pass(caller.scope, func.base, event.region)
        return False

    def _is_handled(self, arrival: Arrival) -> bool:
        """Whether a way leads through the handler of an error: no pass of a loop around it has to."""
        if arrival.caller is None or arrival.edge is None:
            return False
        scope = arrival.caller.scope
        event = arrival.edge.event
        return 0 <= event < len(scope.events) and stands_in(scope, scope.events[event].region, "except")

    def _is_looped(self, arrival: Arrival, way: tuple[Arrival, ...]) -> bool:
        """Whether a loop of the caller, to which a way leads, takes this step in each pass."""
        if arrival.caller is None or arrival.edge is None or arrival.edge.mode == "injected":
            return False
        scope = self._graph.index.scope(arrival.caller.gid)
        return arrival.edge.event < len(scope.events) and self._in_loop(arrival.caller, arrival.edge.event, way)

    def _in_loop(self, frame: Frame, event: int, way: tuple[Arrival, ...]) -> bool:
        """Whether each pass of a loop gets here: not behind a test of what an earlier pass left."""
        scope = frame.scope
        found = scope.events[event]
        if self._is_step(frame, found):
            return False
        if any(found.expr in tested and found.region == region for region, tested in _loop_tests(scope)):
            return True
        for region in around(scope, found.region):
            kind = scope.regions[region].kind
            if kind in ("loop", "genexpr") and self._passes_once(frame, region, way):
                continue
            if kind in ("loop", "genexpr"):
                return not _leaves(scope, region)
            if kind == "except" or (kind in ("if", "else") and not _filters(scope, region)):
                return False
        return False

    def _is_step(self, frame: Frame, event: Event) -> bool:
        """Whether an event is the next step of a generator that has been made before the loop: `await anext(steps)`."""
        scope = frame.scope
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if not isinstance(node, Call) or not node.args or self._graph.index.spelled(frame.gid, node.func) != "anext":
            return False
        is_built_in = ExternalV(ASYNC_STEP) in self._graph.inference.type(frame, node.func)
        return is_built_in and not _is_made_in_pass(scope, node.args[0], event.region)

    def _passes_once(self, frame: Frame, loop: int, way: tuple[Arrival, ...]) -> bool:
        """Whether what a `for` goes over is known to be one item."""
        expr = frame.scope.regions[loop].expr
        is_iterated = any(event.kind == EventKind.ITER and event.expr == expr for event in frame.scope.events)
        return is_iterated and self._is_single(frame, expr, way)

    def _is_single(self, frame: Frame, expr: int, way: tuple[Arrival, ...], hops: int = 0) -> bool:
        """Whether a loop goes over a display of one item, written here or by the caller: `build((name,))`."""
        scope = frame.scope
        node = scope.exprs[expr] if expr != NONE else None
        if hops > _MOST_HOPS:
            return False
        if isinstance(node, Seq):
            return len(node.items) == 1 and not isinstance(scope.exprs[node.items[0]], Star)
        if isinstance(node, Use) and node.defs and not _may_grow(scope, node.defs):
            return all(self._is_single(frame, scope.defs[number].value, way, hops + 1) for number in node.defs)
        if isinstance(node, Declared):
            return self._is_single(frame, node.value, way, hops + 1)
        if isinstance(node, Choice) and node.test != NONE:
            holds = truth(self._graph.inference, frame, node.test)
            items = node.items if holds is None else node.items[:1] if holds else node.items[1:]
            return all(self._is_single(frame, item, way, hops + 1) for item in items)
        return isinstance(node, Param) and self._is_single_given(frame, node.index, way, hops)

    def _is_single_given(self, frame: Frame, number: int, way: tuple[Arrival, ...], hops: int) -> bool:
        """Whether the call by which a way comes to a function passes a display of one item for a parameter."""
        caller, edge = (way[-1].caller, way[-1].edge) if way else (None, None)
        if caller is None or edge is None or edge.callee != frame or not 0 <= edge.event < len(caller.scope.events):
            return False
        event = caller.scope.events[edge.event]
        node = caller.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if not isinstance(node, Call):
            return False
        parameter = frame.scope.params[number]
        skip = int(frame.receiver is not None)
        given = argument_at(caller.scope, node, number - skip, parameter.name, parameter.kind)
        return self._is_single(caller, given, way[:-1], hops + 1)


def _may_grow(scope: Scope, defs: tuple[int, ...]) -> bool:
    """Whether something is put into what a local name stands for."""
    held = {number for number, node in enumerate(scope.exprs) if isinstance(node, Use) and set(node.defs) & set(defs)}
    return any(isinstance(node, Attr) and node.base in held and node.name in _GROWING for node in scope.exprs)


def _is_made_in_pass(scope: Scope, expr: int, region: int) -> bool:
    """Whether an object is made by a call in the innermost loop around a region."""
    node = scope.exprs[expr]
    if isinstance(node, Call):
        return True
    loop = next((n for n in around(scope, region) if scope.regions[n].kind in ("loop", "genexpr")), NONE)
    definitions = [scope.defs[number] for number in node.defs] if isinstance(node, Use) else []
    return bool(definitions) and all(
        isinstance(scope.exprs[one.value], (Await, Call)) and within(scope, one.region, (loop,)) for one in definitions
    )


def _loop_tests(scope: Scope) -> Iterator[tuple[int, set[int]]]:
    """For each `while` the region around it and what its condition evaluates in each pass."""
    iterated = {event.expr for event in scope.events if event.kind == EventKind.ITER}
    for region in scope.regions:
        if region.kind == "loop" and region.expr != NONE and region.expr not in iterated:
            yield region.parent, set(written(scope, region.expr))


def _filters(scope: Scope, region: int) -> bool:
    """Whether a branch is what is left of a pass behind `if not item: continue`, and the test is of the item itself.

    Or the test ends the loop, and no pass has a say in it: `if cancelled.is_set(): break`.
    """
    if scope.regions[region].kind != "else":
        return False
    test = scope.regions[region].expr
    return _ends_loop(scope, region) or any(
        isinstance(node := scope.exprs[part], Use)
        and any(isinstance(scope.exprs[scope.defs[number].value], (Iter, Unpack)) for number in node.defs)
        for part in (written(scope, test) if test != NONE else ())
    )


def _ends_loop(scope: Scope, region: int) -> bool:
    """Whether the branch that is not taken leaves the loop, for what was there before the loop."""
    here = scope.regions[region]
    twins = {
        number
        for number, one in enumerate(scope.regions)
        if one.kind == "if" and (one.parent, one.expr) == (here.parent, here.expr)
    }
    if not any(event.kind in _LEAVING and event.region in twins for event in scope.events):
        return False
    loop = next((n for n in around(scope, region) if scope.regions[n].kind == "loop"), NONE)
    asked = [scope.exprs[part] for part in parts(scope, here.expr)]
    called = {node.func for node in asked if isinstance(node, Call)}
    used = {number for node in asked if isinstance(node, (Use, Phi)) for number in node.defs}
    return not any(within(scope, scope.defs[number].region, (loop,)) for number in used) and not any(
        isinstance(scope.exprs[part], (Attr, Var)) and part not in called for part in parts(scope, here.expr)
    )


def _leaves(scope: Scope, loop: int) -> bool:
    """Whether a pass of the loop leaves it on its main way: a loop of attempts, done with the first that succeeds."""
    inside = {loop}
    for number, region in enumerate(scope.regions):
        if region.parent in inside and region.kind in ("try", "with", "async-with"):
            inside.add(number)
    return any(event.kind in _LEAVING and event.region in inside for event in scope.events)
