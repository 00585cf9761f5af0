"""What does a call give whose function says `type[T] -> T`?

The argument decides: `get(schema=Article)` gives an `Article`, whatever other classes `T` stands for elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Bin, Call, Sub
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index, Site
from fastapi_lint.project.types.binding import Function
from fastapi_lint.project.types.values import ClassV, CoroutineV, ExternalV, InstanceV, MethodV, Type, Value, union

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_VARIABLES = frozenset({"typing.TypeVar", "typing_extensions.TypeVar"})
_CLASSES = frozenset({"builtins.type", "typing.Type"})
_OPTIONAL = frozenset({"typing.Optional"})


class TypeVariables:
    """Type variables that stand for the class which an argument names."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._known: dict[int, tuple[int, ...]] = {}

    def solved(self, function: Function, caller: Frame, node: Call, result: Type) -> Type:
        """The result of a call, with the instances of the named class in place of those that the variable allows."""
        gid = function.function.gid if isinstance(function, MethodV) else function.gid
        numbers = self._parameters(gid)
        if not numbers:
            return result
        skip = int(isinstance(function, MethodV))
        params = self._index.scope(gid).params
        named: list[Type] = []
        for number in numbers:
            given = argument_at(caller.scope, node, number - skip, params[number].name, params[number].kind)
            if given != NONE:
                named.append(
                    tuple(v for v in self._inference.type(caller, given) if isinstance(v, (ClassV, ExternalV)))
                )
        instances = self._inference.annotations.instances(union(named))
        return union(self._replaced(value, instances) for value in result) if instances else result

    def _replaced(self, value: Value, instances: Type) -> Type:
        if isinstance(value, CoroutineV):
            inner = union(self._replaced(part, instances) for part in value.result) or instances
            return (msgspec.structs.replace(value, result=inner),)
        return instances if self._is_wider(value, instances) else (value,)

    def _is_wider(self, value: Value, instances: Type) -> bool:
        """Whether a value is an instance of a base class of all that the variable stands for."""
        classes = self._inference.classes
        return isinstance(value, InstanceV) and all(
            isinstance(one, InstanceV) and classes.is_subclass(one.gid, value.gid) for one in instances
        )

    def _parameters(self, gid: int) -> tuple[int, ...]:
        """The parameters annotated `type[T]` of a function that returns a `T`."""
        known = self._known.get(gid)
        if known is None:
            known = self._known[gid] = tuple(self._find(gid))
        return known

    def _find(self, gid: int) -> Iterator[int]:
        scope = self._index.scope(gid)
        outer = self._inference.plain_frame(self._index.parent(gid))
        returned = self._variable(outer, scope.returns)
        if returned is None:
            return
        exprs = self._index.scope(outer.gid).exprs
        for number, parameter in enumerate(scope.params):
            node = exprs[parameter.annotation] if parameter.annotation != NONE else None
            if isinstance(node, Sub) and self._is_one_of(outer, node.base, _CLASSES):
                if self._variable(outer, node.index) == returned:
                    yield number

    def _variable(self, outer: Frame, expr: int) -> Site | None:
        """The type variable that an annotation is, or may be beside None."""
        if expr == NONE:
            return None
        node = self._index.scope(outer.gid).exprs[expr]
        if isinstance(node, Bin) and node.op == "|":
            return self._variable(outer, node.left)
        if isinstance(node, Sub):
            return self._variable(outer, node.index) if self._is_one_of(outer, node.base, _OPTIONAL) else None
        found = self._inference.annotations.definition(outer, expr)
        if found is None:
            return None
        made = self._index.scope(found[0].gid).exprs[found[1]]
        is_variable = isinstance(made, Call) and self._is_one_of(found[0], made.func, _VARIABLES)
        return Site(found[0].gid, found[1]) if is_variable else None

    def _is_one_of(self, frame: Frame, expr: int, names: frozenset[str]) -> bool:
        return any(isinstance(v, ExternalV) and v.name in names for v in self._inference.type(frame, expr))
