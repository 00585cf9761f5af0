"""Which item of a dict display does a subscript with a constant name?

`steps["extract"]` is that one function, where `steps` is a display of this scope, or what a function returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, EventKind, Lit, Map, Scope, Sub, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.values import FunctionV, MethodV, Type, union

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST_HOPS = 4
_CHANGERS = frozenset({"setdefault", "update"})


class Displays:
    """Items of dict displays, by constant key."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._changed: dict[int, frozenset[int]] = {}

    def item(self, frame: Frame, node: Sub) -> Type | None:
        """What stands under the constant key of a subscript; None if that cannot be told."""
        key = self._index.scope(frame.gid).exprs[node.index]
        return self._under(frame, node.base, key, 0) if isinstance(key, Lit) else None

    def _under(self, frame: Frame, expr: int, key: Lit, hops: int) -> Type | None:
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if hops > _MOST_HOPS:
            return None
        if isinstance(node, Use) and len(node.defs) == 1 and node.defs[0] not in self._changed_in(frame.gid):
            return self._under(frame, scope.defs[node.defs[0]].value, key, hops + 1)
        if isinstance(node, Declared) and node.value != NONE:
            return self._under(frame, node.value, key, hops + 1)
        if isinstance(node, Map):
            found = _value(scope, node, key)
            return None if found == NONE else self._inference.type(frame, found)
        return self._returned(frame, node, key, hops) if isinstance(node, Call) else None

    def _returned(self, frame: Frame, node: Call, key: Lit, hops: int) -> Type | None:
        """The item of the displays that a plain function of the project returns, if it returns nothing else."""
        parts: list[Type | None] = []
        for value in self._inference.type(frame, node.func):
            if not isinstance(value, (FunctionV, MethodV)):
                return None
            target = self._inference.binding.frame_for(value, frame, node)
            scope = self._index.scope(target.gid)
            if scope.is_async or scope.is_generator or scope.is_stub:
                return None
            returned = [event.expr for event in scope.events if event.kind == EventKind.RETURN]
            parts += [None if expr == NONE else self._under(target, expr, key, hops + 1) for expr in returned]
        return union(part for part in parts if part is not None) if parts and None not in parts else None

    def _changed_in(self, gid: int) -> frozenset[int]:
        """The definitions of a scope whose dict changes after it was made."""
        known = self._changed.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            bases = [event.expr for event in scope.events if event.kind == EventKind.STORE_ITEM]
            for node in scope.exprs:
                func = scope.exprs[node.func] if isinstance(node, Call) else None
                if isinstance(func, Attr) and func.name in _CHANGERS:
                    bases.append(func.base)
            held = [scope.exprs[base] for base in bases]
            known = frozenset(number for node in held if isinstance(node, Use) for number in node.defs)
            self._changed[gid] = known
        return known


def _value(scope: Scope, node: Map, key: Lit) -> int:
    """The value under a key of a display whose keys are all constants; NONE if there is none."""
    keys = [scope.exprs[item] if item != NONE else None for item in node.keys]
    if not all(isinstance(item, Lit) for item in keys):
        return NONE
    return next((value for item, value in reversed(list(zip(keys, node.values, strict=True))) if item == key), NONE)
