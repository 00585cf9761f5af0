"""Which item of a dict display does a subscript with a constant name?

`steps["extract"]` is that one function, where `steps` is a display of this scope, or what a function returns. So is
`self.steps[name]()` for a caller that passes a constant, where nothing else is stored in `self.steps`, nor put into it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Declared, EventKind, Lit, Map, Sub, Use
from fastapi_lint.project.code.asked import OTHER
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.spelling import parameter_of
from fastapi_lint.project.code.tables import tables_of_attributes
from fastapi_lint.project.types.values import FunctionV, InstanceV, LiteralV, MethodV, Type, union

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST_HOPS = 4
_CHANGERS = frozenset({"setdefault", "update"})
_READS = frozenset({"get", "items", "keys", "values"})


class _Key(msgspec.Struct, frozen=True):
    """A constant key, and what a subscript with it is where a display does not have it; None if that is not known."""

    value: Lit
    missing: Type | None


class Displays:
    """Items of dict displays, by constant key."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._changed: dict[int, frozenset[int]] = {}

    def item(self, frame: Frame, node: Sub) -> Type | None:
        """What stands under the constant key of a subscript; None if that cannot be told."""
        key = self._index.scope(frame.gid).exprs[node.index]
        if isinstance(key, Lit):
            return self._under(frame, node.base, _Key(key, None), 0)
        number = parameter_of(frame.scope, node.index) if frame.bound else NONE
        known = self._inference.binding.given(frame, number) if number != NONE else None
        if not isinstance(known, LiteralV) or known == OTHER or not isinstance(known.value, str):
            return None
        return self._under(frame, node.base, _Key(Lit(known.value), ()), 0)  # else a KeyError, and nothing runs

    def _under(self, frame: Frame, expr: int, key: _Key, hops: int) -> Type | None:
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if hops > _MOST_HOPS:
            return None
        if isinstance(node, Use) and len(node.defs) == 1 and node.defs[0] not in self._changed_in(frame.gid):
            return self._under(frame, scope.defs[node.defs[0]].value, key, hops + 1)
        if isinstance(node, Declared) and node.value != NONE:
            return self._under(frame, node.value, key, hops + 1)
        if isinstance(node, Map):
            return self._value(frame, node, key)
        if isinstance(node, Attr):
            return self._kept(frame, node, key, hops)
        return self._returned(frame, node, key, hops) if isinstance(node, Call) else None

    def _value(self, frame: Frame, node: Map, key: _Key) -> Type | None:
        """The value under a key of a display whose keys are all constants."""
        keys = [frame.scope.exprs[item] if item != NONE else None for item in node.keys]
        if not all(isinstance(item, Lit) for item in keys):
            return None
        pairs = reversed(list(zip(keys, node.values, strict=True)))
        found = next((value for item, value in pairs if item == key.value), NONE)
        return key.missing if found == NONE else self._inference.type(frame, found)

    def _kept(self, frame: Frame, node: Attr, key: _Key, hops: int) -> Type | None:
        """The item of the one display that methods store in an attribute, if nobody else gets hold of it."""
        if not self._is_only_read.get(node.name):
            return None
        classes = self._inference.classes
        parts: list[Type | None] = []
        for value in self._inference.type(frame, node.base):
            owners = (value.gid, *classes.subclasses(value.gid)) if isinstance(value, InstanceV) else ()
            sites = dict.fromkeys(site for owner in owners for site in classes.stored(owner, node.name))
            if len(sites) != 1:
                return None
            parts += [self._under(self._inference.plain_frame(site.gid), site.expr, key, hops + 1) for site in sites]
        return union(part for part in parts if part is not None) if parts and None not in parts else None

    @cached_property
    def _is_only_read(self) -> dict[str, bool]:
        """Of each attribute from which something selects by a parameter, whether all uses only look into it."""
        found = name_uses(self._index, tables_of_attributes(self._index))
        return {name: all(self._is_read(use) for use in uses) for name, uses in found.items()}

    def _is_read(self, use: NameUse) -> bool:
        scope = self._index.scope(use.gid)
        if not isinstance(scope.exprs[use.expr], Attr):
            return True  # a variable of that name
        if any(event.kind == EventKind.STORE_ITEM and event.expr == use.expr for event in scope.events):
            return False
        node = scope.exprs[use.holder] if use.holder != NONE else None
        if isinstance(node, Attr):
            return node.name in _READS
        return isinstance(node, (Sub, Bin)) and getattr(node, "op", "") != "and"

    def _returned(self, frame: Frame, node: Call, key: _Key, hops: int) -> Type | None:
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
                func = scope.exprs[node.func] if type(node) is Call else None
                if type(func) is Attr and func.name in _CHANGERS:
                    bases.append(func.base)
            held = [scope.exprs[base] for base in bases]
            known = frozenset(number for node in held if type(node) is Use for number in node.defs)
            self._changed[gid] = known
        return known
