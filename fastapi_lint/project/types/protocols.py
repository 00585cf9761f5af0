"""What do iteration, `with`, `await`, subscripts and operators give?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Expr, Opaque
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.libraries import receiver_type
from fastapi_lint.project.types.values import (
    ContextV,
    CoroutineV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    GeneratorV,
    InstanceV,
    TupleV,
    Type,
    Value,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_OPERATORS = {
    "/": "__truediv__",
    "|": "__or__",
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "@": "__matmul__",
    "&": "__and__",
    ">>": "__rshift__",
    "<<": "__lshift__",
    "%": "__mod__",
    "+=": "__iadd__",
    "-=": "__isub__",
    "in": "__contains__",
    "==": "__eq__",
    "!=": "__eq__",
    "<": "__lt__",
    "<=": "__le__",
    ">": "__gt__",
    ">=": "__ge__",
}
_ITERABLES = frozenset(
    {"list", "set", "frozenset", "tuple", "Iterator", "AsyncIterator", "Generator", "Iterable", "deque", "dict"}
)


MAPPINGS = frozenset({"builtins.dict", "collections.defaultdict", "collections.OrderedDict"})
"""Types whose subscript gives their second type argument."""


class Protocols:
    """The special methods, as types."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference

    def special(self, value: Value, name: str, args: list[Type] | None = None) -> Type:
        """The result of the special method `name`, not awaited."""
        if isinstance(value, InstanceV):
            return union(
                self._inference.calls.returned(self._inference.binding.frame_with(method, args or []))
                if not isinstance(method, ExtMemberV)
                else self._library(method)
                for method in self._inference.classes.attribute(value, name)
                if not isinstance(method, ExternalV)
            )
        if isinstance(value, ExtInstanceV):
            spec = self._inference.libraries.catalogue.method(value.name, name)
            if spec is not None and spec.returns is not None:
                return self._inference.libraries.read(spec.returns, (value,))
        return ()

    def _library(self, member: ExtMemberV) -> Type:
        spec, _ = self._inference.libraries.call_spec(member)
        if spec is None or spec.returns is None:
            return ()
        return self._inference.libraries.read(spec.returns, receiver_type(member))

    def items(self, kind: Type, is_async: bool) -> Type:
        """What iterating gives, one element."""
        return union(self._items(value, is_async) for value in kind)

    def _items(self, value: Value, is_async: bool) -> Type:
        if isinstance(value, GeneratorV):
            return value.item
        if isinstance(value, TupleV):
            return union(value.items)
        if isinstance(value, InstanceV):
            iterator = self.special(value, "__aiter__" if is_async else "__iter__")
            if value in iterator:
                step = self.special(value, "__anext__" if is_async else "__next__")
                return union(self.awaited(v) for v in step) if is_async else step
            return self.items(tuple(v for v in iterator if v != value), is_async)
        if isinstance(value, ExtInstanceV):
            spec = self._inference.libraries.type(value.name)
            if spec is not None and spec.item is not None:
                return self._inference.libraries.read(spec.item, (value,))
            if value.args and value.name.rpartition(".")[2] in _ITERABLES:
                return value.args[0]
        return ()

    def entered(self, kind: Type, is_async: bool) -> Type:
        """What `with` binds."""
        return union(self._entered(value, is_async) for value in kind)

    def _entered(self, value: Value, is_async: bool) -> Type:
        if isinstance(value, ContextV):
            return value.item
        if isinstance(value, InstanceV):
            found = self.special(value, "__aenter__" if is_async else "__enter__")
            return union(self.awaited(v) for v in found) if is_async else found
        if isinstance(value, ExtInstanceV):
            spec = self._inference.libraries.type(value.name)
            if spec is not None and spec.enter is not None:
                return self._inference.libraries.read(spec.enter, (value,))
            return (value,)
        return ()

    def awaited(self, value: Value) -> Type:
        """What `await value` gives. For a library's coroutine function the catalogue states the awaited result."""
        if isinstance(value, CoroutineV):
            return value.result
        if isinstance(value, ExtInstanceV):
            spec = self._inference.libraries.type(value.name)
            if spec is not None and spec.awaited is not None:
                return self._inference.libraries.read(spec.awaited, (value,))
            return (value,)
        return ()

    def subscripted(self, value: Value, index: Expr) -> Type:
        """`value[index]` for all but tuples and classes."""
        if isinstance(value, InstanceV):
            return self.special(value, "__getitem__")
        if isinstance(value, ExtInstanceV):
            if value.name in MAPPINGS:
                return value.args[1] if len(value.args) == 2 else ()
            if isinstance(index, Opaque) and index.type == "slice":
                return (value,)
            return self._items(value, False)
        return ()

    def operated(self, value: Value, op: str, right: Type) -> Type:
        """`value op right`."""
        name = _OPERATORS.get(op)
        if name is None:
            return ()
        found = self.special(value, name, [right])
        if not found and op in ("+=", "-="):
            found = self.special(value, _OPERATORS[op[0]], [right])
        if found:
            return found
        return (value,) if isinstance(value, ExtInstanceV) and value.name.startswith("builtins.") else ()

    def operator_method(self, op: str) -> str | None:
        """The special method of a binary operator."""
        return _OPERATORS.get(op)
