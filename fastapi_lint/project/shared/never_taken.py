"""Which branches does no request take, whatever it brings?

Those for "no context", where every way from a request has set the context variable before, those in which the event
loop that some state belongs to is closed while another runs: a serving process has one loop, those for a variable that
is not of the class that it is declared and made with, those for a program that is not the server, as an environment
variable tells which each server is started with, those that a boolean of a module closes, which nothing changes, and
those that renew what the constructor has derived from settings that stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Bin, Call, EventKind, Expr, Lit, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, branches, within
from fastapi_lint.project.code.spelling import parts, same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.launches import Launches
from fastapi_lint.project.shared.declared_kinds import DeclaredKinds
from fastapi_lint.project.shared.refreshed import Refreshed
from fastapi_lint.project.shared.switches import Switches
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.values import ExtInstanceV, InstanceV, LiteralV, ModuleV

_CONTEXT_VARIABLE = "contextvars.ContextVar"
_LOOP = "asyncio.AbstractEventLoop"
_PASSED_BY = frozenset({"if", "else", "except", "loop", "genexpr"})
_IN_CONTEXT = frozenset({"runs", "once", "coroutine", "task"})
_MOST_HOPS = 4
_NOWHERE: frozenset[int] = frozenset()

ContextVariable = tuple[str, str]
"""The module that has a context variable, and its name there."""

_Said = tuple[int, bool]
"""A simple test, and whether it holds."""


class NeverTaken:
    """Answers by frame, kept."""

    def __init__(self, graph: Graph, contexts: Contexts, launches: Launches) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._launches = launches
        self._kinds = DeclaredKinds(graph.inference)
        self._switches = Switches(graph.inference)
        self._refreshed = Refreshed(graph, contexts)
        self._known: dict[Frame, frozenset[int]] = {}
        self._without: dict[ContextVariable, frozenset[Frame]] = {}
        self._setting: dict[Frame, dict[ContextVariable, int]] = {}

    def regions(self, frame: Frame) -> frozenset[int]:
        """Their numbers, without the regions nested in them."""
        known = self._known.get(frame)
        if known is None:
            scope = frame.scope
            known = _NOWHERE
            if any(region.kind in ("if", "else") for region in scope.regions):
                known = frozenset(n for n in range(len(scope.regions)) if self._is_never_taken(frame, n))
            self._known[frame] = known
        return known

    def stops(self, caller: Frame, edge: Edge) -> bool:
        """Whether a call stands in such a branch."""
        events = caller.scope.events
        if not 0 <= edge.event < len(events) or not events[edge.event].region:
            return False
        regions = self.regions(caller)
        return bool(regions) and within(caller.scope, events[edge.event].region, regions)

    def _is_never_taken(self, frame: Frame, number: int) -> bool:
        region = frame.scope.regions[number]
        if region.kind not in ("if", "else") or region.expr == NONE:
            return False
        tests = implied(frame.scope, region.expr, region.kind == "if")
        for test, is_true in tests:
            if self._switches.value(frame, test) is (not is_true):
                return True
            says_set = self._launches.says_set(frame, test)
            if says_set is not None and says_set is not is_true:
                return True
            if not is_true and (self._kinds.holds(frame, test) or self._kinds.has(frame, test)):
                return True
        if self._refreshed.is_never_taken(frame, number):
            return True
        return self._is_loop_closed(frame, number, tests) or any(
            frame not in self._reached_without(variable) for variable in self._missing(frame, tests)
        )

    # -- the loop of a process

    def _is_loop_closed(self, frame: Frame, number: int, said: list[_Said]) -> bool:
        """Whether a condition says that a loop is closed of which this one or one around it says that it is another."""
        scope = frame.scope
        for loop in self._closed(frame, said):
            tests = [part for branch in branches(scope, number) for part in parts(scope, branch.expr)]
            for node in (scope.exprs[part] for part in tests):
                if isinstance(node, Bin) and node.op == "is not" and scope.exprs[node.right] != Lit(None):
                    if same(scope, node.left, loop) or same(scope, node.right, loop):
                        return True
        return False

    def _closed(self, frame: Frame, said: list[_Said]) -> Iterator[int]:
        """The loops of which a condition that holds, or does not, says that they are closed."""
        for part, is_true in said:
            node = frame.scope.exprs[part]
            func = frame.scope.exprs[node.func] if type(node) is Call and is_true else None
            if type(func) is Attr and func.name == "is_closed" and self._is_a(frame, func.base, _LOOP):
                yield func.base

    # -- context variables

    def _missing(self, frame: Frame, said: list[_Said]) -> Iterator[ContextVariable]:
        """The context variables that hold None where a condition holds, or where it does not."""
        for part, is_true in said:
            node = frame.scope.exprs[part]
            if isinstance(node, Bin) and node.op in ("is", "is not"):
                if frame.scope.exprs[node.right] == Lit(None) and (node.op == "is") is is_true:
                    yield from self._read(frame, node.left, 0)

    def _read(self, frame: Frame, expr: int, hops: int) -> Iterator[ContextVariable]:
        """The context variable that an expression reads, here or in a function that does nothing else."""
        scope = frame.scope
        node: Expr = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(node, Call) or node.keywords:
            return
        if isinstance(func, Attr) and func.name == "get" and not node.args:
            yield from self._variable(frame, func.base)
        for function in self._inference.functions(self._inference.type(frame, node.func)) if hops < 2 else ():
            inner = self._inference.binding.frame_of(function)
            returned = self._inference.names.returns(inner.gid)
            if len(returned) == 1 and not inner.scope.is_async:
                yield from self._read(inner, returned[0], hops + 1)

    def _variable(self, frame: Frame, expr: int) -> Iterator[ContextVariable]:
        if not self._is_a(frame, expr, _CONTEXT_VARIABLE):
            return
        node = frame.scope.exprs[expr]
        if isinstance(node, Var):
            owner = self._index.local(frame.gid, node.scope)
            if self._index.scope(owner).kind == "module":
                yield self._index.module(owner).key, node.name
        elif isinstance(node, Attr):
            for value in self._inference.type(frame, node.base):
                if isinstance(value, ModuleV):
                    yield value.path, node.name

    def _is_a(self, frame: Frame, expr: int, name: str) -> bool:
        return any(isinstance(one, ExtInstanceV) and one.name == name for one in self._inference.type(frame, expr))

    def _reached_without(self, variable: ContextVariable) -> frozenset[Frame]:
        """What requests reach by a way on which nobody has set a context variable."""
        known = self._without.get(variable)
        if known is None:

            def is_set(caller: Frame, edge: Edge) -> bool:
                return edge.mode in _IN_CONTEXT and self._is_set_before(caller, edge, variable)

            known = self._without[variable] = frozenset(self._contexts.flow(self._contexts.roots("request"), is_set))
        return known

    def _is_set_before(self, caller: Frame, edge: Edge, variable: ContextVariable) -> bool:
        event = self._sets(caller, 0).get(variable, NONE)
        return event != NONE and event < edge.event

    def _sets(self, frame: Frame, hops: int) -> dict[ContextVariable, int]:
        """The context variables that a function is sure to set for what it runs afterwards, and at which event."""
        known = self._setting.get(frame)
        if known is None:
            known = self._setting[frame] = {}  # who sets it by calling itself does not
            known.update(self._find_sets(frame, hops))
        return known

    def _find_sets(self, frame: Frame, hops: int) -> dict[ContextVariable, int]:
        scope = frame.scope
        found: dict[ContextVariable, int] = {}
        for number, event in enumerate(scope.events):
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if isinstance(node, Call) and len(node.args) == 1 and self._is_sure(frame, number):
                func = scope.exprs[node.func]
                if isinstance(func, Attr) and func.name == "set" and self._is_something(frame, node.args[0]):
                    found.update((one, number) for one in self._variable(frame, func.base) if one not in found)
        for edge in self._graph.node(frame).edges if hops < _MOST_HOPS else ():
            is_run = edge.mode == "runs" or (edge.mode == "coroutine" and scope.events[edge.event].flag)
            if is_run and edge.certain and self._is_sure(frame, edge.event) and not _takes_back(edge.callee):
                for variable in self._sets(edge.callee, hops + 1):
                    found[variable] = min(edge.event, found.get(variable, edge.event))
        return found

    def _is_sure(self, frame: Frame, number: int) -> bool:
        """Whether a function cannot come by an event without it, unless it ends there."""
        scope = frame.scope
        if not 0 <= number < len(scope.events):
            return False
        regions = [scope.regions[one] for one in around(scope, scope.events[number].region)]
        return all(region.kind not in _PASSED_BY or region.behind == "raise" for region in regions)

    def _is_something(self, frame: Frame, expr: int) -> bool:
        known = Constants(self._inference, frame).of(expr)
        if known is not None:
            return known != LiteralV(None)
        kinds = self._inference.type(frame, expr)
        return bool(kinds) and all(isinstance(one, InstanceV) for one in kinds)


def _takes_back(frame: Frame) -> bool:
    """Whether a function may have put back what was there before by the time it returns, or only begins then."""
    return frame.scope.is_generator or any(type(node) is Attr and node.name == "reset" for node in frame.scope.exprs)
