"""Does each pass of a loop make one anew, and could that go before the loop?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fastapi_lint.facts import NONE, Attr, Await, Call, EventKind, Iter, Param, Phi, Scope, Seq, Star, Unpack, Use, Var
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, stands_in, within
from fastapi_lint.project.code.spelling import is_receiver, parts, written
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge, LibraryCall
from fastapi_lint.project.resources.keeping import is_kept_by_receiver
from fastapi_lint.project.serving.contexts import Arrival

_LEAVING = (EventKind.BREAK, EventKind.RETURN)


class Passes:
    """Answers by creating call, for the way that leads to it."""

    def __init__(self, graph: Graph, reached: Iterable[Frame], way: Callable[[Frame], tuple[Arrival, ...]]) -> None:
        """`reached` are the frames that run per request, `way` leads to each of them."""
        self._graph = graph
        self._reached = tuple(reached)
        self._way = way

    def is_multiplied(self, frame: Frame, scope: Scope, call: LibraryCall, way: tuple[Arrival, ...]) -> bool:
        """Whether a loop makes one in each pass: of what an object keeps, only a loop that makes the objects."""
        if self._in_loop(frame, call.event, way[-1:]):
            return True
        if stands_in(scope, scope.events[call.event].region, "except"):
            return False
        keeper = frame if call.first_use == "object" or is_kept_by_receiver(scope, call) else None
        for number, arrival in reversed([*enumerate(way)]):
            if self._is_handled(arrival):
                return False
            if self._is_looped(arrival, way[max(number - 1, 0) : number]):
                return keeper is None or self._is_constructed_in_loop(keeper)
            if keeper is None and arrival.edge is not None and arrival.edge.first_use == "object":
                keeper = arrival.caller
        return False

    def _is_constructed_in_loop(self, frame: Frame) -> bool:
        """Whether a request makes objects of the receiver's class in a loop, as far as constructors tell."""
        owner = frame.receiver
        init = self._graph.inference.classes.find_method(owner.gid, "__init__") if owner is not None else None
        return init is not None and any(
            self._is_looped(arrival)
            for other in self._reached
            if other.gid == init.gid
            and owner is not None
            and other.receiver is not None
            and other.receiver.gid == owner.gid
            for arrival in self._way(other)
        )

    def is_of_object_of_pass(self, frame: Frame, scope: Scope, call: LibraryCall, way: tuple[Arrival, ...]) -> bool:
        """Whether a pass of a loop makes an object, and its methods a client of what the object keeps.

        `for one in connectors: build(one).verify()`: each has credentials of its own, nothing goes before the loop.
        """
        if call.expr == NONE or self._graph.index.class_of(frame.gid) == NONE:
            return False
        if not any(is_receiver(scope, part) for part in parts(scope, call.expr)):
            return False
        for arrival in reversed(way):
            caller, edge = arrival.caller, arrival.edge
            if caller is None or edge is None or not 0 <= edge.event < len(caller.scope.events):
                return False
            event = caller.scope.events[edge.event]
            node = caller.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = caller.scope.exprs[node.func] if isinstance(node, Call) else None
            if not isinstance(func, Attr):
                return False
            if not is_receiver(caller.scope, func.base):
                return self._is_looped(arrival) and _is_made_in_pass(caller.scope, func.base, event.region)
        return False

    def _is_handled(self, arrival: Arrival) -> bool:
        """Whether a way leads through the handler of an error: no pass of a loop around it has to."""
        if arrival.caller is None or arrival.edge is None:
            return False
        scope = arrival.caller.scope
        event = arrival.edge.event
        return 0 <= event < len(scope.events) and stands_in(scope, scope.events[event].region, "except")

    def _is_looped(self, arrival: Arrival, before: tuple[Arrival, ...] = ()) -> bool:
        """Whether a loop makes a call; `before` is the call of the function that the loop stands in, if it counts."""
        if arrival.caller is None or arrival.edge is None or arrival.edge.mode == "injected":
            return False
        scope = self._graph.index.scope(arrival.caller.gid)
        return arrival.edge.event < len(scope.events) and self._in_loop(arrival.caller, arrival.edge.event, before)

    def _in_loop(self, frame: Frame, event: int, before: tuple[Arrival, ...]) -> bool:
        """Whether each pass of a loop gets here: not behind a test of what an earlier pass left."""
        scope = frame.scope
        found = scope.events[event]
        if any(found.expr in tested and found.region == region for region, tested in _loop_tests(scope)):
            return True
        for region in around(scope, found.region):
            kind = scope.regions[region].kind
            if kind in ("loop", "genexpr"):
                if self._has_one_pass(frame, scope.regions[region].expr, before):
                    continue
                return not _leaves(scope, region)
            if kind == "except" or (kind in ("if", "else") and not _filters(scope, region)):
                return False
        return False

    def _has_one_pass(self, frame: Frame, iterated: int, before: tuple[Arrival, ...]) -> bool:
        """Whether a loop runs over a single item: `for name in (exchange,)`, or over a parameter that is given that."""
        expr = self._graph.inference.taken(frame, iterated) if iterated != NONE else NONE
        node = frame.scope.exprs[expr] if expr != NONE else None
        if isinstance(node, Seq):
            return _is_single(frame.scope, node)
        made = frame.scope.exprs[frame.scope.defs[node.defs[0]].value] if isinstance(node, Use) and node.defs else None
        edge = before[0].edge if before else None
        caller = before[0].caller if before else None
        if not isinstance(node, Use) or len(node.defs) != 1 or not isinstance(made, Param) or edge is None:
            return False
        if caller is None or not 0 <= edge.event < len(caller.scope.events):
            return False
        given = self._given(caller, edge, frame, made.index)
        passed = caller.scope.exprs[given] if given != NONE else None
        return isinstance(passed, Seq) and _is_single(caller.scope, passed)

    def _given(self, caller: Frame, edge: Edge, frame: Frame, number: int) -> int:
        """The argument that a call gives for a parameter of the function that it runs."""
        event = caller.scope.events[edge.event]
        node = caller.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        parameter = frame.scope.params[number]
        is_method = self._graph.index.class_of(frame.gid) != NONE
        if is_method and self._graph.inference.decorators.method_kind(frame.gid) == "static":
            is_method = False
        if not isinstance(node, Call):
            return NONE
        return argument_at(caller.scope, node, number - is_method, parameter.name, parameter.kind)


def _is_single(scope: Scope, node: Seq) -> bool:
    return len(node.items) < 2 and not any(isinstance(scope.exprs[item], Star) for item in node.items)


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
