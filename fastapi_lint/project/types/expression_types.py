"""What type has an expression of each kind, given the types of its parts?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Cls,
    Comp,
    Declared,
    Enter,
    Exc,
    Expr,
    Free,
    Func,
    Import,
    Iter,
    Lit,
    Map,
    Narrow,
    Opaque,
    Param,
    Phi,
    Seq,
    Sub,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.captures import Captures
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.dead_branches import truth
from fastapi_lint.project.types.displays import Displays
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    FunctionV,
    InstanceV,
    TupleV,
    Type,
    Value,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_LITERALS: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "str"}
_TESTS = frozenset({"is", "is not", "equals", "differs", "among", "not among", "not", "compares"})


class ExpressionTypes:
    """One rule for each kind of expression; `Inference` keeps what they find."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._type = inference.type
        self._captures = Captures(inference.index)
        self._displays = Displays(inference.index, inference)

    def rules(self) -> dict[type, Callable[[Frame, Any], Type]]:
        return {
            Use: self._use,
            Phi: self._use,
            Var: self._var,
            Free: self._free,
            Attr: self._attr,
            Call: self._inference.calls.result,
            Lit: self._lit,
            Opaque: self._opaque,
            Await: self._await,
            Seq: self._seq,
            Map: self._map,
            Sub: self._sub,
            Bin: self._bin,
            Choice: lambda frame, node: union(self._type(frame, item) for item in self._taken(frame, node)),
            Func: self._func,
            Cls: lambda frame, node: (ClassV(self._index.local(frame.gid, node.scope)),),
            Import: lambda frame, node: self._inference.names.imported(self._index.module(frame.gid), node),
            Param: self._param,
            Iter: lambda frame, node: self._inference.protocols.items(self._type(frame, node.value), node.is_async),
            Enter: lambda frame, node: self._inference.protocols.entered(self._type(frame, node.value), node.is_async),
            Unpack: self._unpack,
            Narrow: self._narrow,
            Comp: self._comp,
            Exc: lambda frame, node: self._inference.annotations.instances(self._maybe(frame, node.cls)),
            Declared: self._declared,
        }

    def _maybe(self, frame: Frame, expr: int) -> Type:
        return self._type(frame, expr) if expr != NONE else ()

    # -- names

    def _use(self, frame: Frame, node: Use | Phi) -> Type:
        defs = frame.scope.defs
        return union([self._type(frame, defs[number].value) for number in node.defs])

    def _var(self, frame: Frame, node: Var) -> Type:
        return self._inference.names.variable(frame, self._index.local(frame.gid, node.scope), node.name)

    def _free(self, frame: Frame, node: Free) -> Type:
        return self._inference.names.free(self._index.module(frame.gid), node.name)

    def _param(self, frame: Frame, node: Param) -> Type:
        return self._inference.binding.parameter(frame, node.index)

    def _func(self, frame: Frame, node: Func) -> Type:
        gid = self._index.local(frame.gid, node.scope)
        closes_over = self._index.scope(frame.gid).kind in ("function", "lambda")
        function = self._closure(frame, gid) if closes_over else FunctionV(gid)
        return self._inference.decorators.applied(frame, function)

    def _closure(self, frame: Frame, gid: int) -> FunctionV:
        """A function with what it takes along of the one that makes it."""
        taken = self._captures.of(gid) if frame.bound or frame.receiver is not None else None
        if taken is None:
            return FunctionV(gid, frame.bound, frame.receiver)
        bound = tuple(one for one in frame.bound if one[0] in taken)
        is_apart = not taken and self._index.method_around(gid) == NONE
        return FunctionV(gid, bound, None if is_apart else frame.receiver)

    # -- values

    def _lit(self, _frame: Frame, node: Lit) -> Type:
        kind = _LITERALS.get(type(node.value))
        return (ExtInstanceV(f"builtins.{kind}"),) if kind is not None else ()

    def _opaque(self, _frame: Frame, node: Opaque) -> Type:
        return (ExtInstanceV(f"builtins.{node.type}"),) if node.type else ()

    def _await(self, frame: Frame, node: Await) -> Type:
        return union(self._inference.protocols.awaited(value) for value in self._type(frame, node.value))

    def _seq(self, frame: Frame, node: Seq) -> Type:
        items = [self._type(frame, item) for item in node.items]
        if node.kind == "tuple" and len(items) <= 8:
            return (TupleV(tuple(items)),)
        return (ExtInstanceV(f"builtins.{node.kind}", (union(items),)),)

    def _map(self, frame: Frame, node: Map) -> Type:
        keys = union(self._type(frame, key) for key in node.keys if key != NONE)
        values = union(
            self._type(frame, value) for key, value in zip(node.keys, node.values, strict=True) if key != NONE
        )
        return (ExtInstanceV("builtins.dict", (keys, values)),)

    def _comp(self, frame: Frame, node: Comp) -> Type:
        element = self._type(frame, node.element)
        if node.kind == "dict":
            return (ExtInstanceV("builtins.dict", (self._type(frame, node.key), element)),)
        if node.kind == "generator":
            return (ExtInstanceV("typing.Iterator", (element,)),)
        return (ExtInstanceV(f"builtins.{node.kind}", (element,)),)

    def _taken(self, frame: Frame, node: Choice) -> tuple[int, ...]:
        """The parts that an expression may give, without those that what the caller passes excludes."""
        if node.test == NONE or not frame.given or not frame.dependences[node.test] & frame.given:
            return node.items
        holds = truth(self._inference, frame, node.test)
        return node.items if holds is None else (node.items[not holds],)

    def _declared(self, frame: Frame, node: Declared) -> Type:
        made = frame.scope.exprs[node.value] if node.value != NONE else None
        if isinstance(made, Choice) and len(taken := self._taken(frame, made)) < len(made.items):
            only = self._type(frame, taken[0])
            if only:
                return only  # the declaration speaks of the other part, too
        declared = self._inference.annotations.type(frame, node.annotation)
        return self._inference.annotations.refine(declared, self._maybe(frame, node.value))

    def _unpack(self, frame: Frame, node: Unpack) -> Type:
        found = []
        for value in self._type(frame, node.value):
            if isinstance(value, TupleV):
                found.append(value.items[node.index] if node.index < len(value.items) else ())
            else:
                found.append(self._inference.protocols.items((value,), False))
        return union(found)

    def _narrow(self, frame: Frame, node: Narrow) -> Type:
        value = self._type(frame, node.value)
        wanted = self._inference.annotations.type(frame, node.cls) or self._inference.annotations.instances(
            self._type(frame, node.cls)
        )
        if not wanted:
            return value if not node.positive else ()
        fits = tuple(v for v in value if any(self._fits(v, w) for w in wanted))
        if node.positive:
            return fits or wanted
        return tuple(v for v in value if v not in fits)

    def _fits(self, value: Value, wanted: Value) -> bool:
        if isinstance(value, ExtInstanceV) and isinstance(wanted, ExtInstanceV):
            return value.name == wanted.name or self._inference.libraries.is_a(value, wanted.name)
        if isinstance(value, InstanceV):
            if isinstance(wanted, InstanceV):
                return self._inference.classes.is_subclass(value.gid, wanted.gid)
            return isinstance(wanted, ExtInstanceV) and self._inference.classes.derives_from(value.gid, wanted.name)
        if isinstance(value, TupleV):
            return isinstance(wanted, ExtInstanceV) and wanted.name == "builtins.tuple"
        return value == wanted

    # -- access

    def _attr(self, frame: Frame, node: Attr) -> Type:
        base = self._type(frame, node.base)
        if len(base) == 1:
            return self._inference.attribute(base[0], node.name)
        return union([self._inference.attribute(value, node.name) for value in base]) if base else ()

    def _sub(self, frame: Frame, node: Sub) -> Type:
        shown = self._displays.item(frame, node)
        if shown is not None:
            return shown
        found: list[Type] = []
        index = self._index.scope(frame.gid).exprs[node.index]
        for value in self._type(frame, node.base):
            if isinstance(value, TupleV):
                found.append(_tuple_item(value, index))
            elif isinstance(value, (ClassV, ExternalV)):
                found.append((value,))  # `Repository[User]` is the class
            else:
                found.append(self._inference.protocols.subscripted(value, index))
        return union(found)

    def _bin(self, frame: Frame, node: Bin) -> Type:
        if node.op in _TESTS:
            return (ExtInstanceV("builtins.bool"),)
        if node.op == "and":
            return self._type(frame, node.right)  # it is the left side only where that is false, and good for nothing
        left = self._type(frame, node.left)
        return union(
            self._inference.protocols.operated(value, node.op, self._type(frame, node.right)) for value in left
        )


def _tuple_item(value: TupleV, index: Expr) -> Type:
    if isinstance(index, Lit) and isinstance(index.value, int) and -len(value.items) <= index.value < len(value.items):
        return value.items[index.value]
    return union(value.items)
