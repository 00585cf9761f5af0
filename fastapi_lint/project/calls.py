"""Whom does this call reach, with what arguments, and what does it give?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.catalogue import CallSpec
from fastapi_lint.facts import NONE, Call, EventKind, Lit, Map, Param, Star, Use
from fastapi_lint.project.dead_branches import DeadBranches, within
from fastapi_lint.project.index import Frame, Index
from fastapi_lint.project.libraries import receiver_type
from fastapi_lint.project.special_forms import SpecialForms
from fastapi_lint.project.values import (
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
    Type,
    Value,
    WrappedV,
    depth,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.inference import Inference

_DEEPEST_BINDING = 6
_MOST_FRAMES = 32
_CALLABLES = (FunctionV, MethodV, ClassV, PartialV, WrappedV)

Function = FunctionV | MethodV


class Callee(msgspec.Struct, frozen=True):
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
        self._declared: dict[tuple[int, int], Type] = {}
        self._frames: dict[int, set[Frame]] = {}
        self._deep: dict[Type, bool] = {}

    # -- results

    def result(self, frame: Frame, node: Call) -> Type:
        """What the call gives."""
        return union(self.result_of(value, frame, node) for value in self._inference.type(frame, node.func))

    def result_of(self, value: Value, frame: Frame, node: Call) -> Type:
        """What calling `value` with the arguments of `node` gives."""
        if isinstance(value, (FunctionV, MethodV)):
            found = self.returned(self.frame_for(value, frame, node))
            return found or self._implemented(value)
        if isinstance(value, WrappedV):
            return self._wrapped(value, self.frame_for(value.function, frame, node))
        if isinstance(value, ClassV):
            return (InstanceV(value.gid),)
        if isinstance(value, PartialV):
            return self.result_of(value.function, frame, msgspec.structs.replace(node, args=(), keywords=()))
        if isinstance(value, InstanceV):
            return self._inference.protocols.special(value, "__call__")
        return self._library_result(value, frame, node)

    def _implemented(self, value: Function) -> Type:
        """What the implementations of an abstract method give, where the method itself says nothing."""
        if not isinstance(value, MethodV):
            return ()
        return union(self.returned(self.frame_of(impl)) for impl in self.overrides(value))

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
        if spec is not None and spec.returns is not None:
            return libraries.read(spec.returns, receiver_type(value))
        if isinstance(value, ExternalV) and libraries.type(value.name) is not None:
            return (libraries.instance(value.name),)
        return ()

    def returned(self, frame: Frame) -> Type:
        """What calling the function gives: a coroutine, a generator, or the value itself."""
        scope = self._index.scope(frame.gid)
        function = FunctionV(frame.gid, frame.bound, frame.receiver)
        if scope.is_generator:
            return (GeneratorV(function, self._yielded(frame), scope.is_async),)
        plain = self._plain(frame)
        return (CoroutineV(function, plain),) if scope.is_async else plain

    def _plain(self, frame: Frame) -> Type:
        scope = self._index.scope(frame.gid)
        outer = self.outer(frame)
        declared = self._inference.annotations.type(outer, scope.returns)
        if scope.is_stub:
            return declared
        inferred = union(self._inference.type(frame, expr) for expr in self._taken_returns(frame))
        return self._inference.annotations.refine(declared, inferred)

    def _taken_returns(self, frame: Frame) -> list[int]:
        """The returned expressions, without those in branches that this frame never takes."""
        if not frame.bound:
            return self._inference.names.returns(frame.gid)
        scope = self._index.scope(frame.gid)
        dead = DeadBranches(self._inference, frame).regions()
        return [
            event.expr
            for event in scope.events
            if event.kind == EventKind.RETURN and event.expr != NONE and not within(scope, event.region, dead)
        ]

    def _yielded(self, frame: Frame) -> Type:
        scope = self._index.scope(frame.gid)
        types = []
        for event in scope.events:
            if event.kind == EventKind.YIELD and event.expr != NONE:
                kind = self._inference.type(frame, event.expr)
                types.append(self._inference.protocols.items(kind, False) if event.flag else kind)
        declared = self._inference.annotations.type(self.outer(frame), scope.returns)
        items = self._inference.protocols.items(declared, scope.is_async)
        return self._inference.annotations.refine(items, union(types))

    def outer(self, frame: Frame) -> Frame:
        """The scope around a function, as it ran when it made the function."""
        return Frame(self._index.parent(frame.gid), frame.receiver, frame.bound)

    def provided(self, kind: Type) -> Type:
        """What FastAPI injects for `Depends(x)`: the result of x, awaited, or what it yields."""
        return union(self._provided(value) for value in kind)

    def _provided(self, value: Value) -> Type:
        if isinstance(value, (FunctionV, MethodV)):
            result = self.returned(self.frame_of(value))
        elif isinstance(value, WrappedV):
            result = self._wrapped(value, self.frame_of(value.function))
        elif isinstance(value, ClassV):
            return (InstanceV(value.gid),)
        elif isinstance(value, PartialV):
            return self._provided(value.function)
        elif isinstance(value, InstanceV):
            result = self._inference.protocols.special(value, "__call__")
        elif isinstance(value, (ExternalV, ExtMemberV, ExtInstanceV)):
            result = self._library_result(value, Frame(NONE), Call(NONE, (), (), NONE))
        else:
            return ()
        return union(self._unwrapped(part) for part in result)

    def _unwrapped(self, value: Value) -> Type:
        if isinstance(value, CoroutineV):
            return value.result
        if isinstance(value, (GeneratorV, ContextV)):
            return value.item
        return (value,)

    # -- parameters

    def parameter(self, frame: Frame, index: int) -> Type:
        """What a parameter holds."""
        for gid, number, kind in frame.bound:
            if gid == frame.gid and number == index:
                return kind
        owner = self._index.class_of(frame.gid)
        if owner != NONE and index == 0:
            how = self._inference.decorators.method_kind(frame.gid)
            if how == "instance":
                return (frame.receiver if isinstance(frame.receiver, InstanceV) else InstanceV(owner),)
            if how == "class":
                return (ClassV(frame.receiver.gid) if frame.receiver is not None else ClassV(owner),)
        return self._unbound(frame, index)

    def _unbound(self, frame: Frame, index: int) -> Type:
        parameter = self._index.scope(frame.gid).params[index]
        declared = self.declared(frame.gid, index)
        if parameter.kind == "args":
            return (ExtInstanceV("builtins.list", (declared,)),)
        if parameter.kind == "kwargs":
            return (ExtInstanceV("builtins.dict", ((ExtInstanceV("builtins.str"),), declared)),)
        if declared:
            return declared
        default = self._inference.type(self.outer(frame), parameter.default) if parameter.default != NONE else ()
        if self._index.scope(frame.gid).name == "__init__":
            return union([default, self._constructed_with(frame.gid, index)])
        return default

    def declared(self, gid: int, index: int) -> Type:
        """The annotated or injected type of a parameter."""
        key = (gid, index)
        known = self._declared.get(key)
        if known is None:
            outer = self._inference.plain_frame(self._index.parent(gid))
            parameter = self._index.scope(gid).params[index]
            known = self._declared[key] = self._inference.annotations.parameter(outer, parameter)
        return known

    def _constructed_with(self, gid: int, index: int) -> Type:
        """The arguments that the project's own constructor calls pass for a parameter of `__init__`."""
        owner = self._index.class_of(gid)
        parameter = self._index.scope(gid).params[index]
        types = []
        for site in self._index.call_sites(self._index.scope(owner).name)[:_MOST_FRAMES]:
            frame = self._inference.plain_frame(site.gid)
            node = self._index.scope(site.gid).exprs[site.expr]
            if isinstance(node, Call) and ClassV(owner) in self._inference.type(frame, node.func):
                given = _argument(self._index, site.gid, node, index - 1, parameter.name)
                if given != NONE:
                    types.append(self._inference.type(frame, given))
        return union(types)

    # -- frames

    def frame_of(self, function: Function) -> Frame:
        """A function as it runs when nothing is known of its arguments."""
        if isinstance(function, MethodV):
            return Frame(function.function.gid, function.receiver, function.function.bound)
        if function.receiver is None and self._index.class_of(function.gid) != NONE:
            return msgspec.structs.replace(self._inference.plain_frame(function.gid), bound=function.bound)
        return Frame(function.gid, function.receiver, function.bound)

    def frame_for(self, function: Function, caller: Frame, node: Call) -> Frame:
        """A function as it runs for this call: parameters that say nothing themselves get the arguments' types."""
        target = self.frame_of(function)
        scope = self._index.scope(target.gid)
        skip = self._receivers(function)
        new: list[tuple[int, int, Type]] = []
        for number, parameter in enumerate(scope.params):
            if number < skip or parameter.kind in ("args", "kwargs"):
                continue
            given = _argument(self._index, caller.gid, node, number - skip, parameter.name, parameter.kind)
            literal = self._literal(caller, node, target, number, given)
            if literal is not None:
                new.append((target.gid, number, (literal,)))
            elif given != NONE:
                kind = self._binding(target.gid, number, self._inference.type(caller, given))
                if kind:
                    new.append((target.gid, number, kind))
        return self._bound(target, new)

    def _literal(self, caller: Frame, node: Call, target: Frame, number: int, given: int) -> LiteralV | None:
        """True, False or None that the call passes, or leaves to the default, for a parameter that branches test."""
        if number not in self._index.tested_parameters(target.gid):
            return None
        if given != NONE:
            scope = self._index.scope(caller.gid)
            value = scope.exprs[given]
            if isinstance(value, Use) and len(value.defs) == 1:  # a parameter that is passed on
                value = scope.exprs[scope.defs[value.defs[0]].value]
                if isinstance(value, Param):
                    kind = self.parameter(caller, value.index)
                    return kind[0] if len(kind) == 1 and isinstance(kind[0], LiteralV) else None
        else:
            default = self._index.scope(target.gid).params[number].default
            spread = any(key == "**" for key, _ in node.keywords) or _has_star(self._index, caller.gid, node)
            if default == NONE or spread:
                return None
            value = self._index.scope(self._index.parent(target.gid)).exprs[default]
        if not isinstance(value, Lit):
            return None
        if value.value is None or isinstance(value.value, bool):
            return LiteralV(value.value)
        return self._index.string_class(target.gid, number, value.value) if isinstance(value.value, str) else None

    def _receivers(self, function: Function) -> int:
        """How many leading parameters the receiver fills: one for a bound method."""
        if isinstance(function, MethodV):
            return 1
        return int(function.receiver is not None and self._index.class_of(function.gid) != NONE)

    def frame_with(self, function: Value, args: list[Type]) -> Frame:
        """A function as it runs for positional arguments of these types (beyond the receiver)."""
        if isinstance(function, WrappedV):
            function = function.function
        if not isinstance(function, (FunctionV, MethodV)):
            raise TypeError(f"not a first-party function: {function}")
        target = self.frame_of(function)
        skip = self._receivers(function)
        count = len(self._index.scope(target.gid).params)
        new = []
        for number, kind in enumerate(args):
            if number + skip < count:
                useful = self._binding(target.gid, number + skip, kind)
                if useful:
                    new.append((target.gid, number + skip, useful))
        return self._bound(target, new)

    def _binding(self, gid: int, index: int, kind: Type) -> Type:
        """What is worth binding: callables, and types that say more than the parameter's own annotation."""
        if not kind or self._is_too_deep(kind):
            return ()
        declared = self.declared(gid, index)
        if not declared:
            return kind if any(not _is_builtin(value) for value in kind) else ()
        if any(isinstance(value, _CALLABLES) for value in kind):
            return kind
        if any(isinstance(value, InstanceV) for value in declared) and all(isinstance(v, InstanceV) for v in kind):
            refined = self._inference.annotations.refine(declared, kind)
            return refined if refined != declared else ()
        return ()

    def _is_too_deep(self, kind: Type) -> bool:
        known = self._deep.get(kind)
        if known is None:
            known = self._deep[kind] = depth(kind) > _DEEPEST_BINDING
        return known

    def _bound(self, target: Frame, new: list[tuple[int, int, Type]]) -> Frame:
        if not new:
            return target
        kept = tuple(b for b in target.bound if b[0] != target.gid)
        frame = Frame(target.gid, target.receiver, (*kept, *new))
        known = self._frames.setdefault(target.gid, set())
        if frame not in known and len(known) >= _MOST_FRAMES:
            return target
        known.add(frame)
        return frame

    # -- callees

    def callees(self, frame: Frame, node: Call) -> list[Callee]:
        """Everything that the call may run."""
        found: list[Callee] = []
        for value in self._inference.type(frame, node.func):
            found += self._callees(value, frame, node)
        return found

    def _callees(self, value: Value, frame: Frame, node: Call) -> list[Callee]:
        if isinstance(value, (FunctionV, MethodV)):
            return self._function_callees(value, frame, node)
        if isinstance(value, WrappedV):
            target = self.frame_for(value.function, frame, node)
            mode = {"offloads": "offloaded", "contextmanager": "lazy"}.get(value.how, self.mode(target.gid))
            return [Callee(self._index.name(target.gid), target, mode, value=value)]
        if isinstance(value, ClassV):
            return self._constructor(value, frame, node)
        if isinstance(value, PartialV):
            return self._callees(value.function, frame, msgspec.structs.replace(node, args=(), keywords=()))
        if isinstance(value, InstanceV):
            return [
                callee
                for method in self._inference.classes.attribute(value, "__call__")
                for callee in self._callees(method, frame, node)
            ]
        if isinstance(value, (ExternalV, ExtMemberV, ExtInstanceV)):
            spec, name = self._inference.libraries.call_spec(value)
            return [Callee(name, spec=spec, value=value)]
        return []

    def _function_callees(self, value: Function, frame: Frame, node: Call) -> list[Callee]:
        targets = [self.frame_for(value, frame, node)]
        others = [self.frame_for(impl, frame, node) for impl in self.overrides(value)]
        certain = len(others) <= 1
        return [
            Callee(self._index.name(t.gid), t, self.mode(t.gid), value=value, certain=certain)
            for t in (*targets, *others)
        ]

    def mode(self, gid: int) -> str:
        """When the body of a plain function runs after it is called."""
        scope = self._index.scope(gid)
        if scope.is_generator:
            return "lazy"
        return "coroutine" if scope.is_async else "runs"

    def overrides(self, value: Value) -> list[MethodV]:
        """The implementations behind an abstract method, bound to instances of the classes that have them."""
        if not isinstance(value, MethodV) or not self._index.scope(value.function.gid).is_stub:
            return []
        if not isinstance(value.receiver, InstanceV):
            return []
        name = self._index.scope(value.function.gid).name
        found = self._inference.classes.implementations(value.receiver.gid, name)
        return [MethodV(function, InstanceV(owner)) for function, owner in found]

    def _constructor(self, value: ClassV, frame: Frame, node: Call) -> list[Callee]:
        receiver = InstanceV(value.gid)
        found: list[Callee] = []
        has_init = False
        for name in ("__new__", "__init__", "__post_init__", "model_post_init"):
            method = self._inference.classes.find_method(value.gid, name)
            if method is None:
                continue
            has_init = has_init or name == "__init__"
            target = self.frame_for(MethodV(method, receiver), frame, node)
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
            return _argument(self._index, gid, node, selector, "")
        given = next((value for key, value in node.keywords if key == selector), NONE)
        return given if given != NONE else self._spread(gid, node, selector)

    def _spread(self, gid: int, node: Call, name: str) -> int:
        """The item `name` of a dict that the caller makes and the call takes in with `**`."""
        scope = self._index.scope(gid)
        for key, value in node.keywords:
            display = scope.exprs[value]
            if key == "**" and isinstance(display, Use) and len(display.defs) == 1:
                display = scope.exprs[scope.defs[display.defs[0]].value]
            if key == "**" and isinstance(display, Call):  # `dict(name=value)`
                return next((item for keyword, item in display.keywords if keyword == name), NONE)
            if key == "**" and isinstance(display, Map):
                for item, given in zip(display.keys, display.values, strict=True):
                    if item != NONE and scope.exprs[item] == Lit(name):
                        return given
        return NONE


def _is_builtin(value: Value) -> bool:
    return isinstance(value, ExtInstanceV) and value.name.startswith("builtins.") and not value.args


def _has_star(index: Index, gid: int, node: Call) -> bool:
    return any(isinstance(index.scope(gid).exprs[argument], Star) for argument in node.args)


def _argument(index: Index, gid: int, node: Call, position: int, name: str, kind: str = "normal") -> int:
    """The expression given for a parameter; NONE where it is not given or a `*` may give it."""
    for key, value in node.keywords:
        if key == name and kind != "positional":
            return value
    if kind == "keyword" or position < 0:
        return NONE
    exprs = index.scope(gid).exprs
    for number, argument in enumerate(node.args):
        if isinstance(exprs[argument], Star):
            return NONE
        if number == position:
            return argument
    return NONE
