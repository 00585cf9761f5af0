"""Calls that are not written as calls: properties, context managers, iteration, operators, truth, subscripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from fastapi_lint.catalogue import CallSpec
from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, Sub
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.function_kinds import FunctionKinds
from fastapi_lint.project.flow.held import Held
from fastapi_lint.project.flow.nodes import Edge, LibraryCall
from fastapi_lint.project.flow.told import Told
from fastapi_lint.project.serving.first_use import Lifetime
from fastapi_lint.project.types.calls import Callee
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import (
    ClassV,
    ContextV,
    CoroutineV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    GeneratorV,
    InstanceV,
    MethodV,
    PropertyV,
    Type,
    Value,
    WrappedV,
)

SPECIAL_FUNCTIONS = {
    "builtins.len": "__len__",
    "builtins.str": "__str__",
    "builtins.repr": "__repr__",
    "builtins.bool": "__bool__",
    "builtins.int": "__int__",
    "builtins.float": "__float__",
    "builtins.hash": "__hash__",
    "builtins.abs": "__abs__",
    "builtins.iter": "__iter__",
}
_LOADER = ("sqlalchemy.orm.InstrumentedAttribute", "__get__")
STACK_ENTERERS = frozenset(
    {
        "contextlib.ExitStack.enter_context",
        "contextlib.AsyncExitStack.enter_context",
        "contextlib.AsyncExitStack.enter_async_context",
    }
)


class FrameRecord:
    """The edges and library calls of one frame, while they are found event by event."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self.index = inference.index
        self.inference = inference
        self.frame = frame
        self.scope = inference.index.scope(frame.gid)
        self.edges: list[Edge] = []
        self.calls: list[LibraryCall] = []
        self.number = 0
        self.off_loop = False
        self.first_use: Lifetime = ""
        self.is_selected = False
        self.conditions = 0
        self.held = Held(inference, frame)
        self._callees: dict[int, list[Callee]] = {}

    def callees(self, expr: int) -> list[Callee]:
        """Everything that the call `expr` may run, found once: for all frames together if nothing bound decides."""
        plain = self.frame.plain
        where, table = self.frame, self._callees
        if plain is not None and not self.frame.holds and not self.frame.told and not self.frame.depends(expr):
            where, table = plain, plain.callees
        known = table.get(expr)
        if known is None:
            node = self.scope.exprs[expr]
            found = self.inference.calls.callees(where, node) if isinstance(node, Call) else []
            known = table[expr] = found
        return known

    def type(self, expr: int) -> Type:
        return self.inference.type(self.frame, expr)

    def edge(self, place: int, callee: Frame, mode: str, name: str = "", certain: bool = True) -> None:
        shown = name or self.index.name(callee.gid)
        ways = (certain, self.off_loop, self.first_use, self.is_selected, self.conditions)
        self.edges.append(Edge(self.number, place, callee, mode, shown, *ways))

    def library(self, event: Event, expr: int, name: str, spec: CallSpec, value: Value | None, awaited: bool) -> None:
        ways = (self.off_loop, self.first_use, self.conditions)
        made_by, made_up, method = name.partition(".results.")  # the catalogue's name for what has none of its own
        if made_up:
            name = made_by if method.startswith("__") else f"{made_by}().{method}"
        self.calls.append(LibraryCall(self.number, event.place, expr, name, spec, awaited, value, *ways))

    def callable_frames(self, value: Value, node: Call | None) -> list[Frame]:
        calls = self.inference.calls
        if isinstance(value, WrappedV):
            value = value.function
        if isinstance(value, (FunctionV, MethodV)):
            own = (
                self.inference.binding.frame_for(value, self.frame, node)
                if node is not None
                else self.inference.binding.frame_of(value)
            )
            return [own, *(self.inference.binding.frame_of(impl) for impl in calls.overrides(value))]
        if isinstance(value, ClassV):
            init = self.inference.classes.find_method(value.gid, "__init__")
            return [self.inference.binding.frame_of(MethodV(init, InstanceV(value.gid)))] if init is not None else []
        if isinstance(value, InstanceV):
            return self.special_frames(value, "__call__")
        return []

    def special_frames(self, value: InstanceV, name: str) -> list[Frame]:
        frames = []
        for method in self.inference.classes.attribute(value, name):
            if isinstance(method, WrappedV):
                frames.append(self.inference.binding.frame_of(method.function))
            elif isinstance(method, (FunctionV, MethodV)):
                frames.append(self.inference.binding.frame_of(method))
                frames += [self.inference.binding.frame_of(impl) for impl in self.inference.calls.overrides(method)]
        return frames


class ImplicitCalls(FrameRecord):
    """What events other than calls run."""

    def __init__(self, inference: Inference, frame: Frame, is_property: Callable[[str], bool]) -> None:
        super().__init__(inference, frame)
        self.is_property = is_property
        self.kinds = FunctionKinds(inference, frame)

    def special(self, event: Event, expr: int, kind: Type, name: str, awaited: bool = False) -> None:
        """Runs the special method `name` of whatever `expr` may be."""
        for value in kind:
            if type(value) is InstanceV:
                frames = self.special_frames(value, name)
                for frame in frames:
                    mode = self.inference.calls.mode(frame.gid)
                    if mode != "lazy":
                        self.edge(event.place, frame, mode)
                if not frames:
                    self.inherited_special(event, expr, value, name, awaited)
            elif type(value) is ExtInstanceV:
                spec = self.inference.libraries.catalogue.method(value.name, name)
                if spec is not None:
                    self.library(event, expr, f"{value.name}.{name}", spec, value, awaited)

    def inherited_special(self, event: Event, expr: int, value: InstanceV, name: str, awaited: bool) -> None:
        for base in self.inference.classes.external_bases(value.gid):
            spec = self.inference.libraries.catalogue.method(base, name)
            if spec is not None:
                self.library(event, expr, f"{base}.{name}", spec, ExtMemberV(base, name, value), awaited)
                return

    def attribute(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        if not isinstance(node, Attr):
            return
        if node.name in self.inference.loaded_rows.relationships.names:
            self.relationship(event)
        if not self.is_property(node.name):
            return
        for value in self.type(node.base):
            if isinstance(value, InstanceV):
                for member in self.inference.classes.member(value.gid, node.name)[0]:
                    if isinstance(member, PropertyV):
                        self.property(event, node, value, member)

    def relationship(self, event: Event) -> None:
        name = self.inference.loaded_rows.read(self.frame, self.number)
        spec = self.inference.libraries.catalogue.method(*_LOADER) if name else None
        if spec is not None:
            self.library(event, event.expr, name, spec, None, False)

    def property(self, event: Event, node: Attr, owner: InstanceV, member: PropertyV) -> None:
        holds = self.held.filled(node.base, self.number, owner)
        if node.name not in holds:  # else it is a cached property that has its value
            gid, bound = member.function.gid, member.function.bound
            known = tuple(sorted({*holds, *self.held.tested(node.base, self.number, gid)}))
            self.edge(event.place, self.index.frame(gid, owner, bound, False, known), "runs")

    def store(self, event: Event) -> None:
        if not self.is_property(event.name):
            return
        for value in self.type(event.expr):
            if isinstance(value, InstanceV):
                for gid in self.setters(value, event.name):
                    self.edge(event.place, self.index.frame(gid, value), "runs")

    def setters(self, value: InstanceV, name: str) -> Iterator[int]:
        for entry in self.inference.classes.mro(value.gid):
            if not isinstance(entry, int):
                continue
            module = self.index.module(entry)
            for number, scope in enumerate(module.facts.scopes):
                gid = module.base + number
                if scope.kind == "function" and scope.name == name and self.index.parent(gid) == entry:
                    parent = self.index.scope(entry)
                    if any(getattr(parent.exprs[d], "name", "") == "setter" for d in scope.decorators):
                        yield gid

    def enter(self, event: Event) -> None:
        kind = self.type(event.expr)
        for value in kind:
            if isinstance(value, ContextV):
                function = value.function
                self.edge(
                    event.place,
                    self.inference.binding.frame_of(function),
                    "coroutine" if value.is_async else "runs",
                )
        self.special(event, event.expr, kind, "__aenter__" if event.flag else "__enter__", event.flag)

    def exit(self, event: Event) -> None:
        self.special(event, event.expr, self.type(event.expr), "__aexit__" if event.flag else "__exit__", event.flag)

    def iterate(self, event: Event) -> None:
        self.iterate_type(event, event.expr, self.type(event.expr), event.flag)

    def iterate_type(self, event: Event, expr: int, kind: Type, is_async: bool) -> None:
        for value in kind:
            if type(value) is GeneratorV:
                if value.is_async == is_async:  # else it is a TypeError
                    self.generator(event, expr, value)
                self.implementations(event, value.function, is_async)
            elif type(value) is CoroutineV:
                self.implementations(event, value.function, is_async)  # an abstract method without a `yield`
            elif type(value) is InstanceV:
                iterator = self.inference.protocols.special(value, "__aiter__" if is_async else "__iter__")
                self.iterate_type(event, expr, tuple(v for v in iterator if type(v) is GeneratorV), is_async)
                if value in iterator:
                    self.special(event, expr, (value,), "__anext__" if is_async else "__next__", is_async)
        self.special(event, expr, kind, "__aiter__" if is_async else "__iter__", is_async)

    def implementations(self, event: Event, function: FunctionV | MethodV | None, is_async: bool) -> None:
        """Iterates the generators that subclasses put in the place of an abstract method."""
        if not isinstance(function, FunctionV) or not isinstance(function.receiver, InstanceV):
            return
        others = self.inference.calls.overrides(MethodV(FunctionV(function.gid), function.receiver))
        for one in others:
            scope = self.index.scope(one.function.gid)
            if scope.is_generator and scope.is_async == is_async:
                frame = self.inference.binding.frame_of(one)
                self.edge(event.place, frame, "coroutine" if is_async else "runs", certain=len(others) <= 1)

    def generator(self, event: Event, expr: int, value: GeneratorV) -> None:
        frame = self.inference.binding.frame_of(value.function)
        if self.kinds.exclude_iterated(expr, event.region, value, frame.scope):
            return
        if self.inference.chosen.exclude(self.frame, self.number, expr, frame):
            return
        told = self.told_at(expr, frame, is_run=not value.is_async)
        if told:
            frame = self.index.frame(frame.gid, frame.receiver, frame.bound, frame.awaited, frame.holds, told)
        self.edge(event.place, frame, "coroutine" if value.is_async else "runs")

    def told_at(self, expr: int, callee: Frame, is_run: bool) -> tuple[Told, ...]:
        """What is known at the call `expr` of what it hands over, and of the object.

        If it does not run there and then, that is what kinds these are of.
        """
        told = self.inference.passed_kinds.at_call(self.frame, expr, callee)
        if not is_run:
            known = self.inference.tellings.at_call(self.frame, self.number, callee)
            return (*(one for one in known if one.is_of_kind), *told)
        chosen = self.inference.chosen.at_call(self.frame, self.number, callee)
        dead = partial(dead_regions, self.inference, self.frame)
        emptied = self.inference.emptied.at_call(self.frame, self.number, callee, dead)
        return (*self.inference.tellings.at_call(self.frame, self.number, callee), *chosen, *told, *emptied)

    def yields(self, event: Event) -> None:
        if event.flag and event.expr != NONE:
            self.iterate(msgspec.structs.replace(event, flag=False))

    def operator(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        name = self.inference.protocols.operator_method(node.op) if isinstance(node, Bin) else None
        if isinstance(node, Bin) and name is not None:
            self.special(event, event.expr, self.type(node.left), name)

    def truth(self, event: Event) -> None:
        for value in self.type(event.expr):
            if isinstance(value, InstanceV):
                name = "__bool__" if self.inference.classes.find_method(value.gid, "__bool__") else "__len__"
                self.special(event, event.expr, (value,), name)

    def store_item(self, event: Event) -> None:
        name = "__delitem__" if event.value == NONE else "__setitem__"
        self.special(event, event.expr, self.type(event.expr), name)

    def item(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        if isinstance(node, Sub):
            self.special(event, event.expr, self.type(node.base), "__getitem__")
