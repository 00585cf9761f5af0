"""What do parameters hold, and with what does a function run?

A frame is a function as it runs for a call: parameters that say nothing themselves get the types of the arguments, and
those that a branch tests get the constants that are passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Call, Narrow, Use
from fastapi_lint.project.code.call_arguments import Arguments, argument_at, has_star, spread_out
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.handing_on import hands_all_on, takes_all
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.spelling import parameter_of
from fastapi_lint.project.types.argument_constants import EMPTY, ArgumentConstants
from fastapi_lint.project.types.constants import Constant
from fastapi_lint.project.types.values import (
    ClassV,
    ExtInstanceV,
    FunctionV,
    HandedV,
    InstanceV,
    KeywordsV,
    LiteralV,
    MethodV,
    PartialV,
    PresentV,
    Type,
    Value,
    WrappedV,
    is_deeper,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST_BINDING = 6
_MOST_FRAMES = 32
_MOST_INSTANCES = 16
_WHOLE = PartialV(LiteralV(None))
_CALLABLES = frozenset({FunctionV, MethodV, ClassV, PartialV, WrappedV})

_CONSTANTS = frozenset({LiteralV, PresentV, KeywordsV, HandedV})
"""What parameters of other functions are known to hold: no types, and too many to tell frames apart by."""


Function = FunctionV | MethodV


class Binding:
    """Frames and the parameters in them."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._declared: dict[tuple[int, int], Type] = {}
        self._frames: dict[tuple[int, int], set[Frame]] = {}
        self._instances: dict[int, set[InstanceV]] = {}
        self._deep: dict[Type, bool] = {}
        self._spread: dict[tuple[int, Call], Call] = {}
        self._constants = ArgumentConstants(index, inference)
        self._decorating: set[Frame] = set()

    def outer(self, frame: Frame) -> Frame:
        """The scope around a function, as it ran when it made the function."""
        return self._index.around(self._index.parent(frame.gid), frame)

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
            return union([default, self.passed(frame.gid, index)])
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

    def passed(self, gid: int, index: int) -> Type:
        """The arguments that the project's own calls pass for a parameter of a function or of a constructor."""
        owner = self._index.class_of(gid)
        function, skip = (FunctionV(gid), 0) if owner == NONE else (ClassV(owner), 1)
        parameter = self._index.scope(gid).params[index]
        types = []
        for site in self._index.call_sites(self._index.scope(gid if owner == NONE else owner).name)[:_MOST_FRAMES]:
            frame = self._inference.plain_frame(site.gid)
            node = self._index.scope(site.gid).exprs[site.expr]
            if isinstance(node, Call) and function in self._inference.type(frame, node.func):
                given = argument_at(frame.scope, node, index - skip, parameter.name, parameter.kind)
                if given != NONE:
                    types.append(self._inference.type(frame, given))
        return union(types)

    def frame_of(self, function: Function) -> Frame:
        """A function as it runs when nothing is known of its arguments."""
        if isinstance(function, MethodV):
            return self._index.frame(function.function.gid, function.receiver, function.function.bound)
        if function.receiver is None and self._index.class_of(function.gid) != NONE:
            return self._index.frame(function.gid, self._inference.plain_frame(function.gid).receiver, function.bound)
        return self._index.frame(function.gid, function.receiver, function.bound)

    def partial(self, function: Value, caller: Frame, node: Call) -> PartialV:
        """What `functools.partial(function, ...)` makes, with what is known of the arguments that it holds."""
        earlier = function if isinstance(function, PartialV) else PartialV(function)
        names = earlier.names | {name for name, _ in node.keywords}
        made = PartialV(earlier.function, earlier.given + len(node.args) - 1, names, earlier.bound)
        if not isinstance(made.function, (FunctionV, MethodV)) or has_star(caller.scope, node) or "**" in names:
            return msgspec.structs.replace(made, names=names | {"**"})
        shifted = Call(node.args[0], node.args[1:], node.keywords, node.place)
        frame = self.frame_for(made.function, caller, shifted, earlier)
        first, params = self.receivers(made.function), frame.scope.params
        bound = tuple(
            (gid, number, kind)
            for gid, number, kind in frame.bound
            if gid == frame.gid and (number < first + made.given or params[number].name in names)
        )
        return msgspec.structs.replace(made, bound=bound)

    def frame_for(self, function: Function, caller: Frame, node: Call, partial: PartialV | None = None) -> Frame:
        """A function as it runs for this call: parameters that say nothing themselves get the arguments' types.

        A `partial` around the function holds some of the arguments already.
        """
        if partial is not None:
            return self._frame_for(function, caller, node, partial)
        known = caller.called.get((function, node))
        if known is None:
            found, is_settled = self._inference.apart(lambda: self._frame_for(function, caller, node, _WHOLE))
            if is_settled:
                caller.called[function, node] = found
            return found
        return known

    def _frame_for(self, function: Function, caller: Frame, node: Call, partial: PartialV) -> Frame:
        target = self.frame_of(function)
        params = self._index.scope(target.gid).params
        skip = self.receivers(function) + partial.given
        if (len(params) <= skip and not partial.bound) or "**" in partial.names:
            return target
        tested = self._inference.asked.tested_parameters(target.gid)
        spread = self._spread_out(caller, node)
        arguments = Arguments(caller.scope, spread)
        new = [one for one in partial.bound if one[0] == target.gid]
        for number, parameter in enumerate(params):
            if parameter.kind == "kwargs" and not partial.names:
                new += self._keywords(target, number, spread)
            elif parameter.kind == "args" and number in tested and not arguments.reach(number - skip):
                new.append((target.gid, number, (EMPTY, *self._unbound(target, number))))
            if number < skip or parameter.kind in ("args", "kwargs") or parameter.name in partial.names:
                continue
            given = arguments.at(number - skip, parameter.name, parameter.kind)
            if given == NONE and number not in tested:
                continue
            known = self._constants.passed(caller, node, target, number, given, spread) if number in tested else None
            if type(known) is LiteralV:
                new.append((target.gid, number, (known,)))
                continue
            kind = self._passed(target.gid, number, caller, given) if given != NONE else ()
            if known is not None:
                kind = (known, *(kind or self.declared(target.gid, number)))
            if kind:
                new.append((target.gid, number, kind))
        new += self._handed(function, target, caller, node)
        return self._bound(target, new, is_decorating=caller in self._decorating and _holds_function(new))

    def _spread_out(self, caller: Frame, node: Call) -> Call:
        if all(name != "**" for name, _ in node.keywords):
            return node
        key = (caller.gid, node)
        known = self._spread.get(key)
        if known is None:
            known = self._spread[key] = spread_out(caller.scope, node)
        return known

    def _handed(self, function: Function, target: Frame, caller: Frame, node: Call) -> list[tuple[int, int, Type]]:
        """What comes through a decorator's wrapper: into it for the function behind it, and out of it to that."""
        for gid, _, kind in caller.bound:
            if gid == caller.gid and isinstance(kind[0], HandedV) and kind[0].gid == target.gid:
                return list(kind[0].bound) if hands_all_on(caller.scope, node) else []
        number = takes_all(target.scope)
        inner = self._wrapped(target) if number != NONE else None
        if inner is None:
            return []
        behind = MethodV(inner, function.receiver) if isinstance(function, MethodV) else inner
        bound = self.frame_for(behind, caller, node).bound
        # only constants: with all types a project whose functions are all decorated took a quarter longer
        handed = tuple(one for one in bound if one[0] == inner.gid and isinstance(one[2][0], (LiteralV, HandedV)))
        return [(target.gid, number, (HandedV(inner.gid, handed), *self._unbound(target, number)))] if handed else []

    def _wrapped(self, wrapper: Frame) -> FunctionV | None:
        """The function that a decorator has put behind its wrapper."""
        around = self._index.parent(wrapper.gid)
        held = [one for gid, _, kind in wrapper.bound if gid == around for one in kind if isinstance(one, FunctionV)]
        decorated = [one for one in held if self._index.scope(one.gid).decorators]
        return decorated[0] if len(decorated) == 1 else None

    def _keywords(self, target: Frame, number: int, node: Call) -> list[tuple[int, int, Type]]:
        """Which of the names that a function asks its `**kwargs` for this call gives."""
        asked = self._inference.asked.asked_keywords(target.gid)[1]
        given = frozenset(key for key, _ in node.keywords)
        if not asked or "**" in given:
            return []
        return [(target.gid, number, (KeywordsV(asked & given), *self._unbound(target, number)))]

    def keywords(self, frame: Frame, index: int) -> KeywordsV | None:
        """What `**kwargs` is known to hold."""
        for gid, number, kind in frame.bound:
            if gid == frame.gid and number == index:
                return kind[0] if isinstance(kind[0], KeywordsV) else None
        return None

    def given(self, frame: Frame, index: int, owner: int = NONE) -> Constant | None:
        """The constant that the caller is known to pass for a parameter, of the function itself or of one around it."""
        owner = frame.gid if owner == NONE else owner
        for gid, number, kind in frame.bound:
            if gid == owner and number == index:
                return kind[0] if isinstance(kind[0], (LiteralV, PresentV)) else None
        return None

    def receivers(self, function: Function) -> int:
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
        skip = self.receivers(function)
        count = len(self._index.scope(target.gid).params)
        new = []
        for number, kind in enumerate(args):
            if number + skip < count:
                useful = self._binding(target.gid, number + skip, kind)
                if useful:
                    new.append((target.gid, number + skip, useful))
        return self._bound(target, new, is_decorating=True)

    def instance(self, made: InstanceV) -> InstanceV:
        """An instance with what is known of it, unless that nests too deeply or its class has many such already."""
        known = self._instances.setdefault(made.gid, set())
        if made in known:
            return made
        if len(known) >= _MOST_INSTANCES or self._is_too_deep((made,)):
            return InstanceV(made.gid)
        known.add(made)
        return made

    def _passed(self, gid: int, index: int, caller: Frame, given: int) -> Type:
        """What is worth binding of an argument."""
        scope = self._index.scope(caller.gid)
        node = scope.exprs[given]
        is_narrowed = (
            isinstance(node, Use)
            and bool(node.defs)
            and all(isinstance(scope.exprs[scope.defs[number].value], Narrow) for number in node.defs)
        )
        kind = self._inference.type(caller, given)
        return self._binding(gid, index, kind, is_narrowed) or self._injected(gid, index, caller, given, kind)

    def _injected(self, gid: int, index: int, caller: Frame, given: int, kind: Type) -> Type:
        """What FastAPI has injected and the caller hands on, where the annotations name another class."""
        number = parameter_of(caller.scope, given)
        if number == NONE or not kind or not all(isinstance(value, InstanceV) for value in kind):
            return ()
        declared = self.declared(gid, index)
        if not all(isinstance(value, InstanceV) for value in declared):
            return ()
        annotations, parameter = self._inference.annotations, caller.scope.params[number]
        if not annotations.is_other(declared, kind) or self._is_protocol(declared):
            return ()
        if not annotations.is_injected(self.outer(caller), parameter):
            own = self.declared(caller.gid, number)
            if not own or not annotations.is_other(own, kind):
                return ()
        return kind if not self._is_too_deep(kind) else ()

    def _binding(self, gid: int, index: int, kind: Type, is_narrowed: bool = False) -> Type:
        """What is worth binding: callables, and types that say more than the parameter's own annotation.

        Where `isinstance` has told the parts of a union apart, that is all: else the annotation may allow more than is
        known of the argument.
        """
        kind = tuple(value for value in kind if type(value) not in _CONSTANTS)
        if not kind:
            return ()
        declared = self.declared(gid, index)
        if not declared:
            useful = kind if not all(map(_is_builtin, kind)) else ()
        elif any(type(value) in _CALLABLES for value in kind):
            useful = kind
        elif any(type(value) is InstanceV for value in declared) and all(type(v) is InstanceV for v in kind):
            allowed = self._allowed(declared, kind)
            refined = allowed if is_narrowed and allowed else self._inference.annotations.refine(declared, allowed)
            useful = refined if frozenset(refined) != frozenset(declared) else ()
        else:
            return ()
        return useful if useful and not self._is_too_deep(kind) else ()

    def _allowed(self, declared: Type, kind: Type) -> Type:
        """The arguments that the annotation allows: of a union that the caller narrows it takes its part.

        A protocol says nothing of classes, and everything is allowed.
        """
        if self._is_protocol(declared):
            return kind
        classes = self._inference.classes
        wanted = [value for value in declared if type(value) is InstanceV]
        return tuple(
            value
            for value in kind
            if type(value) is InstanceV and any(classes.is_subclass(value.gid, w.gid) for w in wanted)
        )

    def _is_protocol(self, declared: Type) -> bool:
        derives = self._inference.classes.derives_from
        return any(isinstance(value, InstanceV) and derives(value.gid, "typing.Protocol") for value in declared)

    def _is_too_deep(self, kind: Type) -> bool:
        known = self._deep.get(kind)
        if known is None:
            known = self._deep[kind] = is_deeper(kind, _DEEPEST_BINDING)
        return known

    def _bound(self, target: Frame, new: list[tuple[int, int, Type]], is_decorating: bool = False) -> Frame:
        """The function with what is bound.

        It has only so many such frames, unless it decorates or helps to: then it has one for each function that is
        decorated, and these are as many as the project has. A wrapper has as many as the function behind it would have.
        """
        if not new:
            return target
        kept = tuple(b for b in target.bound if b[0] != target.gid)
        frame = self._index.frame(target.gid, target.receiver, (*kept, *new))
        if is_decorating:
            self._decorating.add(frame)
            return frame
        behind = next((kind[0].gid for _, _, kind in new if isinstance(kind[0], HandedV)), NONE)
        known = self._frames.setdefault((target.gid, behind), set())
        if frame not in known and len(known) >= _MOST_FRAMES:
            return target
        known.add(frame)
        return frame


def _holds_function(bound: list[tuple[int, int, Type]]) -> bool:
    return any(isinstance(value, FunctionV) for _, _, kind in bound for value in kind)


def _is_builtin(value: Value) -> bool:
    return isinstance(value, ExtInstanceV) and value.name.startswith("builtins.") and not value.args
