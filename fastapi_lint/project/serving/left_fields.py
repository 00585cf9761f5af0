"""Is a branch of a function for a field that nobody has filled in the objects which requests hand to it?

`if server.token is not None` in `create` fails where all calls pass a `Server(name=name)`, or a `Server(**data)` whose
`data` has no `token`, and nothing stores the attribute later. The object may come through other functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import (
    NONE,
    Await,
    Call,
    Choice,
    Declared,
    EventKind,
    Expr,
    Lit,
    Narrow,
    Param,
    Phi,
    Scope,
    Use,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.handing_on import hands_all_on
from fastapi_lint.project.code.logic import simple_tests, truth
from fastapi_lint.project.code.questions import Question, answer, literal, question
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.flow.caller_tests import is_branch, path_of
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.types.values import ClassV, FunctionV, LiteralV, MethodV, Value

_DEEPEST = 12


class LeftFields:
    """Answers for the frames that requests reach, kept."""

    def __init__(self, graph: Graph, reach: Callable[[], Reach]) -> None:
        """`reach` is asked for only where a branch asks for a field."""
        self._index = graph.index
        self._inference = graph.inference
        self._reach = reach
        self._injection = Injection(graph.inference)
        self._excluded: dict[tuple[Frame, int], bool] = {}
        self._handed: dict[tuple[Frame, int, str], LiteralV | None] = {}

    def exclude(self, frame: Frame, region: int) -> bool:
        """Whether no request gets to a region of a frame, because of a field that is left at its default."""
        branches = (number for number in around(frame.scope, region) if is_branch(frame.scope, number))
        return any(self._fails(frame, number) for number in branches)

    def exclude_call(self, frame: Frame, region: int, caller: Frame, edge: Edge) -> bool:
        """The same for one call of a frame."""
        return any(
            _fails(frame.scope, number, lambda test: self._told_by(frame, test, caller, edge))
            for number in around(frame.scope, region)
            if is_branch(frame.scope, number) and self._asks(frame, number)
        )

    def _fails(self, frame: Frame, region: int) -> bool:
        key = (frame, region)
        if key not in self._excluded:
            is_asked = self._asks(frame, region)
            self._excluded[key] = is_asked and _fails(frame.scope, region, lambda test: self._told(frame, test))
        return self._excluded[key]

    def _asks(self, frame: Frame, region: int) -> bool:
        return any(True for _ in _fields_asked(frame.scope, frame.scope.regions[region].expr))

    def _told(self, frame: Frame, test: int) -> bool | None:
        """What a simple test is for a field that is left at its default."""
        found = _field_asked(frame.scope, test)
        if found is None or self._is_receiver(frame, found[1]):
            return None
        asked, number, name = found
        return _answered(asked, self._of_parameter(frame, number, name, 0))

    def _told_by(self, frame: Frame, test: int, caller: Frame, edge: Edge) -> bool | None:
        """What it is for what one call passes."""
        found = _field_asked(frame.scope, test)
        if found is None or self._is_receiver(frame, found[1]):
            return None
        asked, number, name = found
        passed = self._passed_by(frame, number, caller, edge)
        return None if passed == NONE else _answered(asked, self._of(caller, passed, name, 1))

    def _passed_by(self, frame: Frame, number: int, caller: Frame, edge: Edge) -> int:
        """What one call gives for a parameter of a frame; NONE if that is not known."""
        node = _call(caller.scope, edge)
        skip = self._receivers(caller, node, frame) if node is not None else None
        if node is None or skip is None or self._injection.of_parameter(frame, number) is not None:
            return NONE
        parameter = frame.scope.params[number]
        return argument_at(caller.scope, node, number - skip, parameter.name, parameter.kind)

    def _is_receiver(self, frame: Frame, number: int) -> bool:
        is_method = self._index.class_of(frame.gid) != NONE
        return number == 0 and is_method and self._inference.decorators.method_kind(frame.gid) != "static"

    def _of_parameter(self, frame: Frame, number: int, name: str, hops: int) -> LiteralV | None:
        """What the field holds in all objects that calls pass for a parameter; None if that is not known."""
        if hops > _DEEPEST:
            return None
        key = (frame, number, name)
        if key not in self._handed:
            self._handed[key] = None  # what is handed on in a circle is not known
            is_injected = self._injection.of_parameter(frame, number) is not None
            passed = [] if is_injected else self._passed(frame, frame, number, hops)
            self._handed[key] = _common(self._of(caller, given, name, hops + 1) for caller, given in passed)
        return self._handed[key]

    def _passed(self, frame: Frame, function: Frame, number: int, hops: int) -> list[tuple[Frame, int]]:
        """What calls of a frame give for a parameter of a function, which it is or hands all to; empty if not known."""
        reach = self._reach()
        callers = reach.callers(frame) if hops <= _DEEPEST and not reach.entry_of(frame) else []
        found: list[tuple[Frame, int]] = []
        for caller, edge in callers:
            node = _call(caller.scope, edge)
            skip = self._receivers(caller, node, frame) if node is not None else None
            if node is None or skip is None:
                return []
            if hands_all_on(caller.scope, node):
                one = self._passed(caller, function, number, hops + 1)
            else:
                parameter = function.scope.params[number]
                given = argument_at(caller.scope, node, number - skip, parameter.name, parameter.kind)
                one = [(caller, given)] if given != NONE else []
            if not one:
                return []
            found += one
        return found

    def _receivers(self, caller: Frame, node: Call, frame: Frame) -> int | None:
        """How many parameters the receiver fills where a call runs a frame; None where it runs that by another one."""
        for value in self._inference.type(caller, node.func):
            if isinstance(value, (FunctionV, MethodV)):
                function = value.function if isinstance(value, MethodV) else value
                if function.gid == frame.gid:
                    return self._inference.binding.receivers(value)
        return None

    def _of(self, frame: Frame, expr: int, name: str, hops: int) -> LiteralV | None:
        """What the field holds in the object that an expression gives."""
        node: Expr = frame.scope.exprs[expr]
        if hops > _DEEPEST:
            return None
        if isinstance(node, (Use, Phi)):
            made = [frame.scope.defs[number] for number in node.defs]
            if any((frame.gid, one.name) in self._index.rebinds for one in made):
                return None
            return _common(self._of(frame, one.value, name, hops + 1) for one in made)
        if isinstance(node, (Await, Narrow)) or (isinstance(node, Declared) and node.value != NONE):
            return self._of(frame, node.value, name, hops + 1)
        if isinstance(node, Choice):
            return _common(self._of(frame, item, name, hops + 1) for item in node.items)
        if isinstance(node, Param) and not self._is_receiver(frame, node.index):
            return self._of_parameter(frame, node.index, name, hops + 1)
        if isinstance(node, Call):
            called = self._inference.type(frame, node.func)
            return _common(self._given_by(frame, node, value, name, hops) for value in called)
        return None

    def _given_by(self, frame: Frame, node: Call, value: Value, name: str, hops: int) -> LiteralV | None:
        """What the field holds in what a class makes, or a function of the project returns."""
        if isinstance(value, ClassV):
            return self._inference.left_out.left(value.gid, name, frame, node)
        if not isinstance(value, (FunctionV, MethodV)):
            return None
        inner = self._inference.binding.frame_for(value, frame, node)
        if inner.scope.is_generator:
            return None
        ends = [event.expr for event in inner.scope.events if event.kind == EventKind.RETURN and event.expr != NONE]
        given = [one for one in ends if inner.scope.exprs[one] != Lit(None)]  # nobody gets to ask None for a field
        return _common(self._of(inner, one, name, hops + 1) for one in given)


def _fails(scope: Scope, region: int, told: Callable[[int], bool | None]) -> bool:
    """Whether the condition of a branch is known not to hold, or to hold if it must not."""
    branch = scope.regions[region]
    decided = truth(scope, branch.expr, told)
    return decided is not None and decided is not (branch.kind == "if")


def _answered(asked: Question, left: LiteralV | None) -> bool | None:
    return None if left is None else answer(Question(asked.of, frozenset([left]), True), True, asked)


def _call(scope: Scope, edge: Edge) -> Call | None:
    event = scope.events[edge.event] if edge.mode != "injected" and 0 <= edge.event < len(scope.events) else None
    node = scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
    return node if isinstance(node, Call) else None


def _common(known: Iterator[LiteralV | None]) -> LiteralV | None:
    """The one constant that all are; nothing is asked behind one that is not known."""
    first: LiteralV | None = None
    for one in known:
        if one is None or (first is not None and one != first):
            return None
        first = one
    return first


def _fields_asked(scope: Scope, test: int) -> Iterator[tuple[Question, int, str]]:
    found = (_field_asked(scope, part) for part in simple_tests(scope, test))
    return (one for one in found if one is not None)


def _field_asked(scope: Scope, test: int) -> tuple[Question, int, str] | None:
    """What a simple test asks of `parameter.name`, with the number of the parameter and the name."""
    asked = question(scope, test, lambda expr: literal(scope, expr))
    path = path_of(scope, asked.of) if asked is not None else None
    return (asked, path[0], path[1][0]) if asked is not None and path is not None and len(path[1]) == 1 else None
