"""Which parameters and values are one of a handful: a flag, a member of an enumeration, a `Literal`?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Sub
from fastapi_lint.project.types.constants import ENUMS
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, InstanceV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_LITERALS = frozenset({"typing.Literal", "typing_extensions.Literal"})


class FewValues:
    """Read off annotations, through the names that they have."""

    def __init__(self, inference: Inference) -> None:
        self._index = inference.index
        self._inference = inference

    def is_parameter(self, gid: int, number: int) -> bool:
        """Whether a parameter takes nothing else."""
        if self._index.scope(gid).params[number].kind in ("args", "kwargs"):
            return False
        declared = self._inference.binding.declared(gid, number)
        return self.is_literal(gid, number) or (bool(declared) and all(self.is_value(value) for value in declared))

    def may_be_parameter(self, gid: int, number: int) -> bool:
        """Whether a parameter takes such values, perhaps beside others."""
        declared = self._inference.binding.declared(gid, number)
        return self.is_literal(gid, number) or any(self.is_value(value) for value in declared)

    def is_literal(self, gid: int, number: int) -> bool:
        """Whether the annotation of a parameter is a `Literal`, or a name for one."""
        expr = self._index.scope(gid).params[number].annotation
        if expr == NONE:
            return False
        frame = self._inference.binding.outer(self._inference.plain_frame(gid))
        named = self._inference.annotations.definition(frame, expr)
        frame, expr = named if named is not None else (frame, expr)
        node = frame.scope.exprs[expr]
        heads = self._inference.type(frame, node.base) if isinstance(node, Sub) else ()
        return any(isinstance(head, ExternalV) and head.name in _LITERALS for head in heads)

    def is_value(self, value: Value) -> bool:
        """Whether a value is a flag or a member of an enumeration."""
        if isinstance(value, InstanceV):
            return any(self._inference.classes.derives_from(value.gid, name) for name in ENUMS)
        return isinstance(value, ExtInstanceV) and value.name == "builtins.bool"
