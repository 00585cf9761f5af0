"""Do two calls in a function pass the same, themselves or through the functions that they call?

`load(path_of(self.model))`, and `encode(self.model)`, which calls `load(path_of(model))`: what a function makes of its
arguments alone is the same for the same.
"""

from __future__ import annotations

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Free, Import, Lit, Var
from fastapi_lint.project.code.call_arguments import Arguments, has_star
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names, parameter_of, same, written
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.types.values import FunctionV, InstanceV

_DEEPEST = 3
_MOST_FRAMES = 200
_THERE = frozenset({"coroutine", "once", "runs"})
_STORES = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_OF_ARGUMENTS = frozenset(
    {"bool", "enumerate", "float", "frozenset", "int", "isinstance", "len", "list", "max", "min", "range", "reversed"}
    | {"set", "sorted", "str", "tuple", "zip"}
)

_OF_TEXTS = frozenset(
    {
        "capitalize",
        "casefold",
        "endswith",
        "format",
        "join",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
    }
    | {"replace", "rpartition", "rsplit", "rstrip", "split", "startswith", "strip", "title", "upper"}
)
"""Methods that change nothing and give the same each time."""


class Made(msgspec.Struct, frozen=True):
    """What a function of arguments alone makes of some."""

    gid: int
    parts: tuple[int | Lit | Made, ...]


Part = int | Lit | Made
"""An expression of the function that asks (NONE for a default), a constant, or what a function makes of such."""

Given = tuple[Part, ...]
"""What a call passes for each parameter."""


class SameGiven:
    """Answers for calls of one frame; what functions make of their arguments is kept."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._index = graph.index
        self._of_arguments: dict[int, bool] = {}

    def passed(self, frame: Frame, edge: Edge) -> Given | None:
        """What the call of an edge passes for each parameter of its callee, a receiver first; None if that is open."""
        event, params = frame.scope.events[edge.event], edge.callee.scope.params
        node = frame.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if edge.mode == "offloaded" and isinstance(node, Call):
            node = self._handed(frame, node, edge.callee)
        elif edge.mode not in _THERE:
            return None
        if not isinstance(node, Call) or has_star(frame.scope, node):
            return None
        if any(name == "**" for name, _ in node.keywords) or any(one.kind in ("args", "kwargs") for one in params):
            return None
        arguments, func = Arguments(frame.scope, node), frame.scope.exprs[node.func]
        receivers = (func.base,) if isinstance(edge.callee.receiver, InstanceV) and isinstance(func, Attr) else ()
        rest = params[len(receivers) :]
        given = [arguments.at(number, one.name, one.kind) for number, one in enumerate(rest)]
        return tuple(_constant(frame, expr) for expr in (*receivers, *given))

    def _handed(self, frame: Frame, node: Call, callee: Frame) -> Call | None:
        """The call that a thread makes: `to_thread(config, name)` makes `config(name)`."""
        inference = self._graph.inference
        for number, argument in enumerate(node.args):
            functions = inference.functions(inference.type(frame, argument))
            if any(inference.binding.frame_of(one).gid == callee.gid for one in functions):
                return Call(argument, node.args[number + 1 :], node.keywords, node.place)
        return None

    def through(self, callee: Frame, asked: Given, given: Given) -> Given | None:
        """What a function passes on of what it was given, as its caller has it; None where that is something else."""
        found = []
        for part in asked:
            known = self._passed_on(callee, part, given, 0) if isinstance(part, int) and part != NONE else part
            if known is None:
                return None
            found.append(known)
        return tuple(found)

    def are_same(self, frame: Frame, first: Given | None, second: Given | None) -> bool:
        """Whether two calls of a frame, or what they run, pass the same."""
        if first is None or second is None or len(first) != len(second):
            return False
        return all(self._is_alike(frame, one, other) for one, other in zip(first, second, strict=True))

    def lasts(self, frame: Frame, given: Given | None, first: int, last: int) -> bool:
        """Whether what is passed at two events is the same, though others may run in between."""
        scope = frame.scope
        read = [scope.exprs[one] for part in given or () for expr in _exprs(part) for one in written(scope, expr)]
        if any(isinstance(node, Call) and self._function(frame, node) == NONE for node in read):
            return False
        names = {node.name for node in read if isinstance(node, (Attr, Var))}
        stores = [event for event in scope.events[first:last] if event.kind in _STORES]
        return not names or not (
            any(event.name in names for event in stores) or self._may_store(frame, names, first, last)
        )

    def _gives_the_same(self, frame: Frame, expr: int) -> bool:
        """Whether an expression calls nothing but functions of arguments: written twice, it is the same twice."""
        nodes = written(frame.scope, expr) if expr != NONE else ()
        return all(self._function(frame, node) != NONE for node in nodes if isinstance(node, Call))

    def _passed_on(self, callee: Frame, expr: int, given: Given, hops: int) -> Part | None:
        number = parameter_of(callee.scope, expr)
        if number != NONE:
            part = given[number] if number < len(given) else NONE
            return None if part == NONE else part  # the default of another function
        node = callee.scope.exprs[behind_names(callee.scope, expr)]
        if isinstance(node, Lit):
            return node
        gid = self._function(callee, node)
        if not isinstance(node, Call) or gid == NONE or hops > _DEEPEST:
            return None
        inner = [self._passed_on(callee, one, given, hops + 1) for one in node.args]
        known = tuple(one for one in inner if one is not None)
        return Made(gid, known) if len(known) == len(inner) else None

    def _is_alike(self, frame: Frame, one: Part, other: Part) -> bool:
        if isinstance(one, int) and isinstance(other, int):
            return one == other or (same(frame.scope, one, other) and self._gives_the_same(frame, one))
        first, second = (self._made(frame, part) for part in (one, other))
        if first is None or second is None:
            return one == other
        return first.gid == second.gid and self.are_same(frame, first.parts, second.parts)

    def _made(self, frame: Frame, part: Part) -> Made | None:
        """What a part is made of, if by a function of arguments alone."""
        if not isinstance(part, int):
            return part if isinstance(part, Made) else None
        node = frame.scope.exprs[behind_names(frame.scope, part)] if part != NONE else None
        gid = self._function(frame, node) if isinstance(node, Call) else NONE
        if gid == NONE or not isinstance(node, Call):
            return None
        return Made(gid, tuple(_constant(frame, one) for one in node.args))

    def _function(self, frame: Frame, node: object) -> int:
        """The function of arguments alone that a call with positional arguments runs; NONE for others."""
        if not isinstance(node, Call) or not node.args or node.keywords or has_star(frame.scope, node):
            return NONE
        called = self._graph.inference.type(frame, node.func)
        if len(called) != 1 or not isinstance(called[0], FunctionV):
            return NONE
        gid = called[0].gid
        if gid not in self._of_arguments:
            self._of_arguments[gid] = self._is_of_arguments(gid)
        return gid if self._of_arguments[gid] else NONE

    def _is_of_arguments(self, gid: int) -> bool:
        """Whether a function gives the same for the same: it reads no variables and calls methods of what it has."""
        scope = self._index.scope(gid)
        if scope.is_async or scope.is_generator or scope.decorators:
            return False
        if self._index.class_of(gid) != NONE or any(isinstance(node, (Import, Var)) for node in scope.exprs):
            return False
        functions = (scope.exprs[node.func] for node in scope.exprs if isinstance(node, Call))
        return all(
            func.name in _OF_ARGUMENTS if isinstance(func, Free) else isinstance(func, Attr) and func.name in _OF_TEXTS
            for func in functions
        )

    def _may_store(self, frame: Frame, names: set[str], first: int, last: int) -> bool:
        """Whether what runs between two events stores in one of these names; in doubt it does."""
        todo = [edge.callee for edge in self._graph.node(frame).edges if first <= edge.event < last]
        seen = set(todo)
        while todo:
            callee = todo.pop()
            stores = (event for event in callee.scope.events if event.kind in _STORES)
            if len(seen) > _MOST_FRAMES or any(event.name in names for event in stores):
                return True
            onward = {edge.callee for edge in self._graph.node(callee).edges} - seen
            seen |= onward
            todo += onward
        return False


def _constant(frame: Frame, expr: int) -> int | Lit:
    node = frame.scope.exprs[expr]
    return node if isinstance(node, Lit) else expr


def _exprs(part: Part) -> list[int]:
    """The expressions that a part goes back to."""
    if isinstance(part, Made):
        return [expr for one in part.parts for expr in _exprs(one)]
    return [part] if isinstance(part, int) and part != NONE else []
