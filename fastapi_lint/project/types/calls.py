"""Whom does this call reach, with what arguments, and what does it give?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.catalogue import CallSpec
from fastapi_lint.facts import NONE, Attr, Call, EventKind, Lit, Scope, Use
from fastapi_lint.project.code.call_arguments import argument_at, fits, written_items
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.guards import Guards
from fastapi_lint.project.types.binding import Function
from fastapi_lint.project.types.constants import Constant, Constants, common, text
from fastapi_lint.project.types.given import entry_for
from fastapi_lint.project.types.libraries import receiver_type
from fastapi_lint.project.types.special_forms import SpecialForms
from fastapi_lint.project.types.type_variables import TypeVariables
from fastapi_lint.project.types.values import (
    ClassV,
    ContextV,
    CoroutineV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    GeneratorV,
    InstanceV,
    LiteralV,
    MethodV,
    PartialV,
    PresentV,
    Type,
    Value,
    WrappedV,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


class Callee(msgspec.Struct, frozen=True, gc=False):
    """What one call may run: a first-party function (`frame`) or a library's API (`spec`, None if not catalogued).

    `mode` says when a first-party body runs: `runs` (there and then), `coroutine` (when awaited, on the loop), `lazy`
    (when iterated or entered), `offloaded` (in a thread). `certain` is False where several implementations of an
    abstract method come into question.
    """

    name: str
    frame: Frame | None = None
    mode: str = "runs"
    spec: CallSpec | None = None
    value: Value | None = None
    certain: bool = True


class Arguments(msgspec.Struct, frozen=True):
    """The types of a call's arguments that are known by position and by name."""

    positional: tuple[Type, ...] = ()
    keywords: tuple[tuple[str, Type], ...] = ()


class Calls:
    """Calls and what they give."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._forms = SpecialForms(index, inference)
        self._guards = Guards(index)
        self._variables = TypeVariables(index, inference)
        self._giving: dict[int, PresentV | None] = {}
        self._literals: dict[int, LiteralV | None] = {}

    # -- results

    def result(self, frame: Frame, node: Call) -> Type:
        """What the call gives."""
        called = self._inference.type(frame, node.func)
        if len(called) == 1:
            return self.result_of(called[0], frame, node)
        return union([self.result_of(value, frame, node) for value in called]) if called else ()

    def result_of(self, value: Value, frame: Frame, node: Call) -> Type:
        """What calling `value` with the arguments of `node` gives."""
        said, _ = self._inference.libraries.call_spec(value)
        if said is not None and said.returns is not None and (type(value) is FunctionV or type(value) is MethodV):
            return self._inference.libraries.read(said.returns, receiver_type(value))
        if type(value) is FunctionV or type(value) is MethodV:
            found = self.returned(self._inference.binding.frame_for(value, frame, node)) or self._implemented(value)
            return self._variables.solved(value, frame, node, found)
        if type(value) is WrappedV:
            return self._wrapped(value, self._inference.binding.frame_for(value.function, frame, node))
        if type(value) is ClassV:
            return (self.made(value, frame, node),)
        if type(value) is PartialV:
            if type(value.function) is FunctionV or type(value.function) is MethodV:
                inner = self._inference.binding.frame_for(value.function, frame, node, value)
                return self.returned(inner) or self._implemented(value.function)
            return self.result_of(value.function, frame, msgspec.structs.replace(node, args=(), keywords=()))
        if type(value) is InstanceV:
            return self._inference.protocols.special(value, "__call__")
        return self._library_result(value, frame, node)

    def made(self, value: ClassV, frame: Frame, node: Call) -> InstanceV:
        """What a constructor call makes, with what is known of the arguments that the instance keeps."""
        plain = InstanceV(value.gid)
        init = self._inference.classes.find_method(value.gid, "__init__")
        if init is None:
            left = self._inference.left_out.given(value.gid, frame, node)
            return self._inference.binding.instance(InstanceV(value.gid, left)) if left else plain
        if not self._inference.constructions.keeps(init.gid):
            return plain
        given = self._inference.constructions.given(
            self._inference.binding.frame_for(MethodV(init, plain), frame, node)
        )
        if not given:
            return plain
        kept = self._inference.asked.kept_parameters
        changes = any(self._index.attribute_stores(kept(gid)[number]) for gid, number, _ in given)
        return self._inference.binding.instance(
            InstanceV(value.gid, given, (frame.gid, node.place) if changes else None)
        )

    def _implemented(self, value: Function) -> Type:
        """What the implementations of an abstract method give, where the method itself says nothing."""
        if not isinstance(value, MethodV):
            return ()
        return union(self.returned(self._inference.binding.frame_of(impl)) for impl in self.overrides(value))

    def _wrapped(self, value: WrappedV, frame: Frame) -> Type:
        if value.how == "offloads":
            return (CoroutineV(None, self._plain(frame)),)
        if value.how == "contextmanager":
            scope = self._index.scope(frame.gid)
            function = FunctionV(frame.gid, frame.bound, frame.receiver)
            return (ContextV(function, self._yielded(frame), scope.is_async),)
        return self.returned(frame)

    def _library_result(self, value: Value, frame: Frame, node: Call) -> Type:
        special = self._forms.result(value, frame, node)
        if special is not None:
            return special
        libraries = self._inference.libraries
        spec, _ = libraries.call_spec(value)
        spec = entry_for(self._inference, frame, node, spec) if spec is not None else None
        if spec is not None and spec.returns is not None:
            return libraries.read(spec.returns, receiver_type(value))
        if isinstance(value, ExternalV) and libraries.type(value.name) is not None:
            return (libraries.instance(value.name),)
        return ()

    def returned(self, frame: Frame) -> Type:
        """What calling the function gives: a coroutine, a generator, or the value itself."""
        if frame.returned is None:
            found, is_settled = self._inference.apart(lambda: self._returned(frame))
            if not is_settled or self._inference.is_cut_short:
                return found
            frame.returned = found
        return frame.returned

    def _returned(self, frame: Frame) -> Type:
        scope = self._index.scope(frame.gid)
        function = FunctionV(frame.gid, frame.bound, frame.receiver)
        if scope.is_generator:
            return (GeneratorV(function, self._yielded(frame), scope.is_async),)
        plain = self._plain(frame)
        return (CoroutineV(function, plain),) if scope.is_async else plain

    def _plain(self, frame: Frame) -> Type:
        scope = self._index.scope(frame.gid)
        outer = self._inference.binding.outer(frame)
        declared = self._inference.annotations.type(outer, scope.returns)
        if scope.is_stub:
            return declared
        taken = self.taken_returns(frame)
        types = [self._inference.type(frame, expr) for expr in taken]
        if all(types) and taken != self._inference.names.returns(frame.gid):
            return union(types)  # the declaration speaks of the returns in the other branches, too
        return self._inference.annotations.refine(declared, union(types))

    def taken_returns(self, frame: Frame) -> tuple[int, ...]:
        """The returned expressions, without those in branches that this frame never takes."""
        if not frame.bound and not frame.told:
            return self._inference.names.returns(frame.gid)
        scope = self._index.scope(frame.gid)
        dead = dead_regions(self._inference, frame)
        return tuple(
            part
            for event in scope.events
            if event.kind == EventKind.RETURN and event.expr != NONE and not within(scope, event.region, dead)
            for part in _still_possible(scope, event.expr, dead)
        )

    def constant(self, value: Value, is_awaited: bool = False) -> Constant | None:
        """The literal that a function always returns, or that it never returns None; no subclass may override it."""
        function = value.function if type(value) is MethodV else value
        if type(function) is not FunctionV:
            return None
        scope = self._index.scope(function.gid)
        if scope.is_async is not is_awaited or scope.is_generator or scope.is_stub:
            return None
        if not self._is_undecorated(function.gid):
            return None
        literal = self._literal(function.gid)
        literal = None if literal is None or self._is_overridden(value) else literal
        if literal is not None or scope.falls_through:
            return literal
        said = self._inference.verdicts.of(function.gid)
        if said is not None:
            return LiteralV(said)
        given = self._given(function.gid)
        return None if given is None or self._is_overridden(value) else given

    def _is_undecorated(self, gid: int) -> bool:
        """Whether nothing but `classmethod` or `staticmethod` stands above a function."""
        own = int(self._inference.decorators.method_kind(gid) != "instance")
        return len(self._index.scope(gid).decorators) <= own

    def _literal(self, gid: int) -> LiteralV | None:
        if gid not in self._literals:
            self._literals[gid] = _returned_literal(self._index.scope(gid))
        return self._literals[gid]

    def _given(self, gid: int) -> PresentV | None:
        """What is common to all that a function returns, if nothing of it is None; kept once all is known."""
        if gid in self._giving:
            return self._giving[gid]
        self._giving[gid] = None  # what depends on itself is not known
        known, is_settled = self._inference.apart(lambda: self._common(gid))
        del self._giving[gid]
        if is_settled:
            self._giving[gid] = known
        return known

    def _common(self, gid: int) -> PresentV | None:
        constants, scope = Constants(self._inference, self._inference.plain_frame(gid)), self._index.scope(gid)
        skipped = self._inference.decidable.fallbacks(gid)
        given = [
            constants.of(event.expr) if event.expr != NONE else None
            for event in scope.events
            if event.kind == EventKind.RETURN and not within(scope, event.region, skipped)
        ]
        is_present = bool(given) and all(one is not None and one != LiteralV(None) for one in given)
        return PresentV(text(common(given))) if is_present else None

    def _is_overridden(self, value: Value) -> bool:
        if not isinstance(value, MethodV):
            return False
        classes, gid = self._inference.classes, value.function.gid
        found = [classes.find_method(c, self._index.scope(gid).name) for c in classes.subclasses(value.receiver.gid)]
        return any(function is not None and function.gid != gid for function in found)

    def _yielded(self, frame: Frame) -> Type:
        scope = self._index.scope(frame.gid)
        types = []
        for event in scope.events:
            if event.kind == EventKind.YIELD and event.expr != NONE:
                kind = self._inference.type(frame, event.expr)
                types.append(self._inference.protocols.items(kind, False) if event.flag else kind)
        declared = self._inference.annotations.type(self._inference.binding.outer(frame), scope.returns)
        items = self._inference.protocols.items(declared, scope.is_async)
        return self._inference.annotations.refine(items, union(types))

    def provided(self, kind: Type) -> Type:
        """What FastAPI injects for `Depends(x)`: the result of x, awaited, or what it yields."""
        return union(self._provided(value) for value in kind)

    def _provided(self, value: Value) -> Type:
        if isinstance(value, (FunctionV, MethodV)):
            result = self.returned(self._inference.binding.frame_of(value))
        elif isinstance(value, WrappedV):
            result = self._wrapped(value, self._inference.binding.frame_of(value.function))
        elif isinstance(value, ClassV):
            return (InstanceV(value.gid),)
        elif isinstance(value, PartialV):
            return self._provided(value.function)
        elif isinstance(value, InstanceV):
            result = self._inference.protocols.special(value, "__call__")
        elif isinstance(value, (ExternalV, ExtMemberV, ExtInstanceV)):
            result = self._library_result(value, self._index.frame(NONE), Call(NONE, (), (), NONE))
        else:
            return ()
        return union(self._unwrapped(part) for part in result)

    def _unwrapped(self, value: Value) -> Type:
        if isinstance(value, CoroutineV):
            return value.result
        if isinstance(value, (GeneratorV, ContextV)):
            return value.item
        return (value,)

    # -- callees

    def callees(self, frame: Frame, node: Call) -> list[Callee]:
        """Everything that the call may run."""
        found: list[Callee] = []
        for value in self._inference.type(frame, node.func):
            found += self._callees(value, frame, node)
        return found

    def _callees(self, value: Value, frame: Frame, node: Call) -> list[Callee]:
        said, name = self._inference.libraries.call_spec(value)
        if said is not None:
            return [Callee(name, spec=entry_for(self._inference, frame, node, said), value=value)]
        if type(value) is FunctionV or type(value) is MethodV:
            return self._function_callees(value, frame, node)
        if type(value) is WrappedV:
            target = self._inference.binding.frame_for(value.function, frame, node)
            mode = {"offloads": "offloaded", "contextmanager": "lazy"}.get(value.how, self.mode(target.gid))
            return [Callee(self._index.name(target.gid), target, mode, value=value)]
        if type(value) is ClassV:
            return self._constructor(value, frame, node)
        if type(value) is PartialV:
            held = value.function
            if (type(held) is FunctionV or type(held) is MethodV) and self._inference.libraries.call_spec(held)[
                0
            ] is None:
                return self._function_callees(held, frame, node, value)
            return self._callees(held, frame, msgspec.structs.replace(node, args=(), keywords=()))
        if type(value) is InstanceV:
            return [
                callee
                for method in self._inference.classes.attribute(value, "__call__")
                for callee in self._callees(method, frame, node)
            ]
        if type(value) is ExternalV or type(value) is ExtMemberV or type(value) is ExtInstanceV:
            return [Callee(name, value=value)]
        return []

    def _function_callees(
        self, value: Function, frame: Frame, node: Call, partial: PartialV | None = None
    ) -> list[Callee]:
        own = [value] if self._may_run(value, frame, node, partial) else []
        others = [
            impl
            for impl in self.overrides(value, self._caller_of_own(frame, node))
            if partial is not None or self._may_take(impl, frame, node)
        ]
        certain = len(others) <= 1
        targets = [self._inference.binding.frame_for(one, frame, node, partial) for one in (*own, *others)]
        return [Callee(self._index.name(t.gid), t, self.mode(t.gid), value=value, certain=certain) for t in targets]

    def _may_run(self, value: Function, frame: Frame, node: Call, partial: PartialV | None) -> bool:
        """Whether a call of a function is none that it has no parameters for, or that the branches around exclude."""
        if self._is_other(value, frame, node):
            return False
        gid = value.function.gid if isinstance(value, MethodV) else value.gid
        scope = self._index.scope(gid)
        if partial is not None or scope.decorators or scope.name.startswith("__"):
            return True
        return fits(frame.scope, node, scope, self._inference.binding.receivers(value))

    def _may_take(self, method: MethodV, frame: Frame, node: Call) -> bool:
        """Whether an implementation has parameters for the arguments, and its class is not excluded around the call.

        Another may be for other callers. A decorator may give it what the call does not.
        """
        scope = self._index.scope(method.function.gid)
        if self._is_other(method, frame, node, self._index.class_of(method.function.gid)):
            return False
        return bool(scope.decorators) or fits(frame.scope, node, scope, 1)

    def _is_other(self, value: Function, frame: Frame, node: Call, owner: int = NONE) -> bool:
        """Whether the branches around a call are for objects of other classes than the receiver's.

        By what these write down, or by what else is asked; `owner` is a class that has the method for all below it.
        """
        if not isinstance(value, MethodV) or not isinstance(value.receiver, InstanceV):
            return False
        region, gid = self._guards.region(frame.gid, node), value.receiver.gid
        if self._inference.class_constants.excludes(frame.scope, region, node.func, gid):
            return True
        return self._inference.kind_answers.exclude(frame, region, node.func, gid if owner == NONE else owner)

    def mode(self, gid: int) -> str:
        """When the body of a plain function runs after it is called."""
        scope = self._index.scope(gid)
        if scope.is_generator:
            return "lazy"
        return "coroutine" if scope.is_async else "runs"

    def _caller_of_own(self, frame: Frame, node: Call) -> int:
        """The method that calls another method of its own object, or NONE."""
        func = self._index.scope(frame.gid).exprs[node.func]
        is_own = isinstance(func, Attr) and self._index.is_receiver(frame.gid, func.base)
        return self._index.method_around(frame.gid) if is_own else NONE

    def overrides(self, value: Value, caller: int = NONE) -> list[MethodV]:
        """The implementations behind an abstract method, bound to instances of the classes that have them.

        Where a method `caller` of the same object calls it, only of classes that have that method, too: another in its
        place that calls it through `super()` does so in a frame of its own.
        """
        if not isinstance(value, MethodV) or not self._inference.decorators.is_abstract(value.function.gid):
            return []
        if not isinstance(value.receiver, InstanceV):
            return []
        name = self._index.scope(value.function.gid).name
        found = self._inference.classes.implementations(value.receiver.gid, name, caller)
        return [MethodV(function, InstanceV(owner)) for function, owner in found]

    def _constructor(self, value: ClassV, frame: Frame, node: Call) -> list[Callee]:
        receiver = self.made(value, frame, node)
        found: list[Callee] = []
        has_init = False
        for name in ("__new__", "__init__", "__post_init__", "model_post_init"):
            method = self._inference.classes.find_method(value.gid, name)
            if method is None:
                continue
            has_init = has_init or name == "__init__"
            said, known_as = self._inference.libraries.call_spec(method)
            if said is not None:
                found.append(Callee(known_as, spec=said, value=value))
                continue
            target = self._inference.binding.frame_for(MethodV(method, receiver), frame, node)
            found.append(Callee(f"{self._index.name(value.gid)}()", target, self.mode(target.gid), value=value))
        if not has_init:
            for base in self._inference.classes.external_bases(value.gid):
                spec = self._inference.libraries.catalogue.method(base, "__init__")
                if spec is not None:
                    found.append(Callee(base, spec=spec, value=ExtMemberV(base, "__init__", receiver)))
                    break
        return found

    def argument(self, gid: int, node: Call, selector: str | int) -> int:
        """The argument that a catalogue selector names: an index or a keyword; NONE if it is not given."""
        if isinstance(selector, int):
            return argument_at(self._index.scope(gid), node, selector, "")
        given = next((value for key, value in node.keywords if key == selector), NONE)
        return given if given != NONE else self._spread(gid, node, selector)

    def _spread(self, gid: int, node: Call, name: str) -> int:
        """The item `name` of a dict that the caller makes and the call takes in with `**`."""
        scope = self._index.scope(gid)
        spread = (value for key, value in node.keywords if key == "**")
        return next((item for value in spread for key, item in written_items(scope, value) if key == name), NONE)


def _returned_literal(scope: Scope) -> LiteralV | None:
    """The `True` or `False` that a function always returns."""
    ends = [event for event in scope.events if event.kind == EventKind.RETURN]
    literals = {scope.exprs[event.expr] if event.expr != NONE else Lit(None) for event in ends}
    literal = literals.pop() if len(literals) == 1 and any(event.region == 0 for event in ends) else None
    return LiteralV(literal.value) if isinstance(literal, Lit) and isinstance(literal.value, bool) else None


def _still_possible(scope: Scope, expr: int, dead: frozenset[int]) -> list[int]:
    """What a returned name may stand for: the definitions in branches that may be taken; itself, if all may."""
    node = scope.exprs[expr]
    if not dead or not isinstance(node, Use) or len(node.defs) < 2:
        return [expr]
    alive = [made.value for number in node.defs if not within(scope, (made := scope.defs[number]).region, dead)]
    return alive if 0 < len(alive) < len(node.defs) else [expr]
