"""What type has this value? Demand-driven, by expression, with answers kept.

An expression that depends on itself (a variable reassigned in a loop, mutually recursive functions) is unknown where it
meets itself; answers that were computed while such a gap was open are not kept, so that they do not depend on who asked
first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from fastapi_lint.facts import (
    NONE,
    Expr,
    Use,
)
from fastapi_lint.project.code.asked import Asked
from fastapi_lint.project.code.decidable import Decidable
from fastapi_lint.project.code.empty_containers import EmptyContainers
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.flow.attempts import Attempts
from fastapi_lint.project.flow.chosen import Chosen
from fastapi_lint.project.flow.dead_branches import truth
from fastapi_lint.project.flow.dispatch import Dispatch
from fastapi_lint.project.flow.emptied import Emptied
from fastapi_lint.project.flow.exclusions import Exclusions
from fastapi_lint.project.flow.fills import Fills
from fastapi_lint.project.flow.given_coroutines import GivenCoroutines
from fastapi_lint.project.flow.kind_answers import KindAnswers
from fastapi_lint.project.flow.never_awaited import NeverAwaited
from fastapi_lint.project.flow.passed_kinds import PassedKinds
from fastapi_lint.project.flow.told import Tellings
from fastapi_lint.project.flow.verdicts import Verdicts
from fastapi_lint.project.serving.first_use import FirstUse
from fastapi_lint.project.serving.keyed_use import KeyedUse
from fastapi_lint.project.types.annotations import Annotations
from fastapi_lint.project.types.binding import Binding
from fastapi_lint.project.types.calls import Calls
from fastapi_lint.project.types.class_constants import ClassConstants
from fastapi_lint.project.types.classes import Classes
from fastapi_lint.project.types.constructions import Constructions
from fastapi_lint.project.types.contents import Contents
from fastapi_lint.project.types.decorators import Decorators
from fastapi_lint.project.types.expression_types import ExpressionTypes
from fastapi_lint.project.types.few_values import FewValues
from fastapi_lint.project.types.left_out import LeftOut
from fastapi_lint.project.types.libraries import Libraries
from fastapi_lint.project.types.loaded_rows import LoadedRows
from fastapi_lint.project.types.names import Names
from fastapi_lint.project.types.never_used import NeverUsed
from fastapi_lint.project.types.own_attributes import OwnAttributes
from fastapi_lint.project.types.process_constants import ProcessConstants
from fastapi_lint.project.types.protocols import Protocols
from fastapi_lint.project.types.unfinished import Unfinished
from fastapi_lint.project.types.values import (
    ClassV,
    CoroutineV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    InstanceV,
    MethodV,
    ModuleV,
    SuperV,
    Type,
    Value,
    WrappedV,
    union,
)

_DEEPEST = 400
_MOST_TRIES = 3
STATE = "starlette.datastructures.State"

Answer = TypeVar("Answer")


class ForNow(msgspec.Struct, Generic[Answer], frozen=True):
    """An answer, and the levels of what it met that was still being computed, as bits.

    `count` numbers the computation at the last of these levels.
    """

    answer: Answer
    gaps: int
    level: int
    count: int


class Inference:
    """Types of expressions; the rooms beside this one answer the questions that go beyond a single expression.

    `said_on_loop` belongs to `loop_probes`: what functions answer that ask whether a loop runs. `asking_for_nothing`
    belongs to `empty_loops`: the functions that are asked, right now, whether they give nothing to go over.
    """

    def __init__(self, index: Index, libraries: Libraries) -> None:
        self.index = index
        self.libraries = libraries
        self.asked = Asked(index)
        self.names = Names(index, self)
        self.classes = Classes(index, self)
        self.annotations = Annotations(index, self)
        self.decorators = Decorators(index, self)
        self.protocols = Protocols(index, self)
        self.binding = Binding(index, self)
        self.calls = Calls(index, self)
        self.constructions = Constructions(index, self)
        self.contents = Contents(index, self)
        self.first_use = FirstUse(
            index,
            lambda gid, expr: self.is_application(self.plain_frame(gid), expr),
            lambda frame, expr: truth(self, frame, expr),
        )
        self.keyed_use = KeyedUse(index, self.first_use)
        self.few_values = FewValues(self)
        self.process_constants = ProcessConstants(self)
        self.class_constants = ClassConstants(self)
        self.own_attributes = OwnAttributes(self)
        self.left_out = LeftOut(self)
        self.never_used = NeverUsed(self)
        self.unfinished = Unfinished(self)
        self.loaded_rows = LoadedRows(self)
        self.attempts = Attempts(self)
        self.exclusions = Exclusions(self)
        self.fills = Fills(self)
        self.tellings = Tellings(self)
        self.kind_answers = KindAnswers(self)
        self.verdicts = Verdicts(self)
        self.given_coroutines = GivenCoroutines(self)
        self.never_awaited = NeverAwaited(self)
        self.chosen = Chosen(self)
        self.passed_kinds = PassedKinds(self)
        self.emptied = Emptied(self)
        self.dispatch = Dispatch(index)
        self.empty_containers = EmptyContainers(index)
        self.decidable = Decidable(index, self.empty_containers)
        self.said_on_loop: dict[int, bool | None] = {}
        self._plain: dict[int, Frame] = {}
        self._depth = 0
        self._tries: dict[tuple[Frame, int], int] = {}
        self._gaps = 0
        self.asking_for_nothing: list[int] = []
        self._open: list[int] = []
        self._count = 0
        self._same: dict[Type, Type] = {}  # equal types are one object
        self._rules = ExpressionTypes(self).rules()

    def is_application(self, frame: Frame, expr: int) -> bool:
        """Whether an expression is the FastAPI or Starlette application."""
        return any(self.libraries.is_a(value, "starlette.applications.Starlette") for value in self.type(frame, expr))

    def plain_frame(self, gid: int) -> Frame:
        """A scope as it runs for nobody in particular: a method for its own class, a module for itself."""
        known = self._plain.get(gid)
        if known is None:
            known = self._plain[gid] = self.index.frame(gid, self._plain_receiver(gid))
        return known

    def _plain_receiver(self, gid: int) -> InstanceV | ClassV | None:
        method = self.index.method_around(gid) if gid != NONE else NONE
        if method == NONE:
            return None
        owner = self.index.class_of(method)
        return ClassV(owner) if self.decorators.method_kind(method) == "class" else InstanceV(owner)

    def type(self, frame: Frame, expr: int) -> Type:
        """What the expression may stand for."""
        known = frame.answers
        while True:
            found = known.get(expr)
            if found is not None:
                if not isinstance(found, int):
                    return found
                self._gaps |= 1 << found
                return ()
            node: Expr = frame.scope.exprs[expr]
            if node.__class__ is not Use or len(node.defs) != 1:
                break
            # most names have one definition: its answer is kept, not theirs
            expr = frame.scope.defs[node.defs[0]].value
        if frame.given and not frame.dependences[expr] & frame.given and frame.plain is not None:
            return self.type(frame.plain, expr)
        return self._computed(frame, expr, node, known)

    def _computed(self, frame: Frame, expr: int, node: Expr, known: dict[int, Type | int]) -> Type:
        rule = self._rules.get(node.__class__)
        level = self._depth
        if rule is None or level > _DEEPEST:
            return ()
        known[expr] = level
        self._depth = level + 1
        self._count += 1
        self._open.append(self._count)
        before, self._gaps = self._gaps, 0  # a gap in what was asked for before says nothing of this
        try:
            found = rule(frame, node)
        finally:
            self._depth = level
            self._open.pop()
            del known[expr]
        gaps = self._gaps & ~(1 << level)
        self._gaps = before | gaps
        if not gaps or self._is_exhausted((frame, expr)):
            found = known[expr] = self._same.setdefault(found, found)
        return found

    def apart(self, question: Callable[[], Answer]) -> tuple[Answer, bool]:
        """An answer, and whether it depends on nothing that is still being computed."""
        before, self._gaps = self._gaps, 0
        answer, gaps = question(), self._gaps
        self._gaps |= before
        return answer, not gaps

    @property
    def is_cut_short(self) -> bool:
        """Whether a look-up that goes on around us answers nothing where it meets itself: without a gap to tell it."""
        return self.annotations.is_reading or self.names.is_looking_up or self.classes.is_ordering

    def for_now(self, question: Callable[[], Answer], earlier: ForNow[Answer] | None) -> ForNow[Answer]:
        """An answer that holds as long as the last of what it met unfinished is; the `earlier` one if that still is."""
        if earlier is not None and self._open[earlier.level : earlier.level + 1] == [earlier.count]:
            self._gaps |= earlier.gaps
            return earlier
        before, self._gaps = self._gaps, 0
        answer, gaps = question(), self._gaps
        self._gaps |= before
        level = gaps.bit_length() - 1
        return ForNow(answer, gaps, level, self._open[level] if gaps else 0)

    def _is_exhausted(self, key: tuple[Frame, int]) -> bool:
        """Whether an answer with a gap was computed often enough: knots of mutual recursion would take for ever."""
        tries = self._tries.get(key, 0) + 1
        self._tries[key] = tries
        return tries >= _MOST_TRIES

    def attribute(self, value: Value, name: str) -> Type:
        """`value.name`."""
        if type(value) is ModuleV:
            return self.names.of_module(value.path, name)
        if type(value) is InstanceV:
            return self.classes.attribute(value, name)
        if type(value) is ClassV:
            return self.classes.bind(self.classes.member(value.gid, name)[0], value)
        if type(value) is SuperV:
            return self.classes.bind(self.classes.member(value.receiver.gid, name, value.gid)[0], value.receiver)
        if type(value) is ExternalV:
            return (self.libraries.external(f"{value.name}.{name}"),)
        if type(value) is ExtInstanceV:
            return self._state(name) if value.name == STATE else self.libraries.member(value, name)
        if type(value) is ExtMemberV:
            return (ExtMemberV(value.name, f"{value.path}.{name}", value.receiver, value.args),)
        if type(value) is WrappedV and name == "__wrapped__":
            return (value.function,)
        return ()

    def _state(self, name: str) -> Type:
        """`app.state.name` and `request.state.name`: what the project stores there, or a lifespan yields."""
        sites = [*self.index.state_stores(name), *self.index.yielded_items(name)]
        return union(self.type(self.plain_frame(site.gid), site.expr) for site in sites)

    # -- helpers for other rooms

    def functions(self, kind: Type) -> list[FunctionV | MethodV]:
        """The first-party functions among the values."""
        return [value for value in kind if type(value) is FunctionV or type(value) is MethodV]

    def coroutine_functions(self, kind: Type) -> list[FunctionV | MethodV]:
        return [v.function for v in kind if type(v) is CoroutineV and v.function is not None]
