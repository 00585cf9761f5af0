"""Which generators that lend something are driven by hand, so that nobody runs the code behind their `yield`?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.resources.closings import is_closed_in_any_case
from fastapi_lint.project.shared.own_locks import aliases
from fastapi_lint.project.types.libraries import CONNECTIONS, SESSIONS
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, FunctionV, GeneratorV

_LENT = (*SESSIONS, *CONNECTIONS)
_STEPS = frozenset({"builtins.next", "builtins.anext"})
_METHODS = frozenset({"__next__", "__anext__", "send", "asend"})
_OF_ASYNC = frozenset({"anext", "__anext__", "asend"})
_ENDS = frozenset({"close", "aclose", "throw", "athrow"})


class LeakedGenerator(msgspec.Struct, frozen=True):
    """Scope `gid` takes a value out of the dependency `generator` by `how` (`async for` or the call that steps).

    `fails` says that it cannot: `next()` of an async generator, `anext()` of a plain one.
    """

    gid: int
    place: int
    generator: int
    name: str
    how: str
    fails: bool = False


class LeakedGenerators:
    """Looks for loops over, and single steps of, generators that are dependencies."""

    def __init__(self, graph: Graph, dependencies: frozenset[int]) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._dependencies = dependencies
        self._leaking: dict[int, bool] = {}

    def _leaks(self, gid: int) -> bool:
        """Whether somebody else was to run what stands behind the `yield`: a dependency, or what is made like one."""
        known = self._leaking.get(gid)
        if known is None:
            lends = gid in self._dependencies or self._lends(gid)
            known = self._leaking[gid] = lends and self._cleans_up(gid)
        return known

    def _lends(self, gid: int) -> bool:
        """Whether the one thing that a generator yields is a session, a connection or a client of a library."""
        scope = self._index.scope(gid)
        frame = self._inference.plain_frame(gid)
        libraries = self._inference.libraries
        for event in scope.events:
            if (
                event.kind != EventKind.YIELD
                or event.expr == NONE
                or event.flag
                or stands_in(scope, event.region, "loop")
            ):
                continue
            for value in self._inference.type(frame, event.expr):
                if isinstance(value, ExtInstanceV) and any(libraries.is_a(value, name) for name in _LENT):
                    return True
                if isinstance(value, ExtInstanceV) and any(k.closed_by for k in libraries.catalogue.mro(value.name)):
                    return True
        return False

    def _cleans_up(self, gid: int) -> bool:
        """Whether there is something to do behind the `yield`: a `finally`, a `with`, or plain code."""
        scope = self._index.scope(gid)
        yields = [number for number, event in enumerate(scope.events) if event.kind == EventKind.YIELD]
        if not scope.is_generator or len(yields) != 1:
            return False
        later = scope.events[yields[0] + 1 :]
        return any(event.kind in (EventKind.CALL, EventKind.EXIT) for event in later)

    def find(self, gid: int) -> Iterator[LeakedGenerator]:
        """What the function leaves suspended."""
        scope = self._index.scope(gid)
        frame = self._inference.plain_frame(gid)
        for event in scope.events:
            if event.place == NONE:
                continue
            if event.kind == EventKind.ITER and event.flag:
                function = self._dependency(frame, event.expr)
                if function != NONE and self._is_left_open(scope, event.expr):
                    yield self._leaked(gid, event.place, function, "async for")
            elif event.kind == EventKind.CALL and isinstance(node := scope.exprs[event.expr], Call):
                stepped = self._stepped(frame, scope, node)
                function = self._dependency(frame, stepped) if stepped != NONE else NONE
                if (
                    function != NONE
                    and self._is_left_open(scope, stepped)
                    and not self._is_closed_by_hand(frame, event.expr, stepped)
                ):
                    yield self._leaked(gid, event.place, function, self._spelled(scope, node))

    def _leaked(self, gid: int, place: int, function: int, how: str) -> LeakedGenerator:
        fails = how != "async for" and self._index.scope(function).is_async is not (how in _OF_ASYNC)
        return LeakedGenerator(gid, place, function, self._index.name(function), how, fails)

    def _dependency(self, frame: Frame, expr: int) -> int:
        for value in self._inference.type(frame, expr):
            if isinstance(value, GeneratorV):
                function = value.function if isinstance(value.function, FunctionV) else value.function.function
                if self._leaks(function.gid):
                    return function.gid
        return NONE

    def _stepped(self, frame: Frame, scope: Scope, node: Call) -> int:
        """The generator that a call advances by one."""
        func = scope.exprs[node.func]
        if type(func) is Attr and func.name in _METHODS:
            return func.base
        if not node.args or type(scope.exprs[_made(scope, node.args[0])]) is not Call:
            return NONE
        called = self._inference.type(frame, node.func)
        is_step = any(type(value) is ExternalV and value.name in _STEPS for value in called)
        return node.args[0] if is_step else NONE

    def _is_left_open(self, scope: Scope, expr: int) -> bool:
        """Whether nothing else in the function touches the generator: closes it, steps on, or hands it over."""
        made = _made(scope, expr)
        same = aliases(scope, made) if isinstance(scope.exprs[made], Call) else set()
        ended = any(isinstance(node, Attr) and node.name in _ENDS and node.base in same for node in scope.exprs)
        if not same or ended:
            return False
        steps = 0
        for event in scope.events:
            if event.value in same:
                return False
            if event.expr in same and event.kind in (EventKind.RETURN, EventKind.YIELD, EventKind.ENTER):
                return False
            steps += event.kind == EventKind.ITER and event.expr in same
            call = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if isinstance(call, Call):
                func = scope.exprs[call.func]
                steps += isinstance(func, Attr) and func.base in same
                steps += sum(argument in same for argument in call.args)
                steps += 2 * sum(value in same for _, value in call.keywords)
        return steps == 1

    def _is_closed_by_hand(self, frame: Frame, step: int, stepped: int) -> bool:
        """Whether the function itself closes what it took, on every way out: in a `finally`, or by `with`.

        No help is that to an async generator that nothing holds: the event loop closes it at once, in a task of its own
        (`loop._asyncgen_finalizer_hook`), so what it lent is closed while in use.
        """
        if isinstance(frame.scope.exprs[stepped], Call):
            if self._index.scope(self._dependency(frame, stepped)).is_async:
                return False
        return is_closed_in_any_case(self._inference, frame, step)

    def _spelled(self, scope: Scope, node: Call) -> str:
        return str(getattr(scope.exprs[node.func], "name", "next"))


def _made(scope: Scope, expr: int) -> int:
    """What a local name with one definition stands for, else the expression itself."""
    node = scope.exprs[expr]
    return scope.defs[node.defs[0]].value if type(node) is Use and len(node.defs) == 1 else expr
