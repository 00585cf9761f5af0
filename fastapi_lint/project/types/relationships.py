"""Which attributes of mapped classes load rows when they are read?

A `relationship` of SQLAlchemy is lazy unless it says otherwise: the first read of it sends a SELECT, for each object
(https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html#what-kind-of-loading-to-use).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Declared, Free, Lit, Map, Scope, Use, Var
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, InstanceV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_SPELLED = frozenset({"relationship", "Relationship"})
_LAZY = ("select", True)
_SQLALCHEMY = frozenset({"sqlalchemy.orm.relationship", "sqlalchemy.orm.relationships.relationship"})
_SQLMODEL = frozenset({"sqlmodel.Relationship", "sqlmodel.main.Relationship"})
_COLLECTIONS = frozenset({"list", "set", "builtins.list", "builtins.set", "typing.List", "typing.Set"})


class Row(msgspec.Struct, frozen=True):
    """An object of the mapped class `gid`, or a collection of them (`is_many`)."""

    gid: int
    is_many: bool = False


class Relationships:
    """Answers by class and name, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[tuple[int, str], Row | None] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """The attributes that are spelled as relationships in any class: all others load nothing."""
        return frozenset(
            definition.name
            for scope in self._index.scopes
            if scope.kind == "class"
            for definition in scope.defs
            if _made(scope, definition.value) is not None
        )

    def is_lazy(self, gid: int, name: str) -> bool:
        """Whether reading this attribute of a loaded object of class `gid` sends a query."""
        found = self._maker(gid, name)
        if found is None:
            return False
        owner, call = found
        given = dict(call.keywords)
        if "**" in given or "sa_relationship" in given:
            return False
        scope = self._index.scope(owner)
        if "sa_relationship_kwargs" in given:
            kwargs = scope.exprs[given["sa_relationship_kwargs"]]
            if not isinstance(kwargs, Map) or NONE in kwargs.keys:
                return False
            keys = [scope.exprs[key] for key in kwargs.keys]
            given = {
                str(key.value): value for key, value in zip(keys, kwargs.values, strict=True) if isinstance(key, Lit)
            }
        lazy = scope.exprs[given["lazy"]] if "lazy" in given else Lit("select")
        return isinstance(lazy, Lit) and lazy.value in _LAZY

    def target(self, gid: int, name: str) -> Row | None:
        """What the attribute of class `gid` gives, as far as its annotation or its first argument says."""
        key = (gid, name)
        if key not in self._known:
            self._known[key] = self._target(gid, name)
        return self._known[key]

    def _target(self, gid: int, name: str) -> Row | None:
        found = self._maker(gid, name)
        if found is None:
            return None
        kind = self._inference.classes.attribute(InstanceV(gid), name)
        for value in kind:
            if isinstance(value, InstanceV):
                return Row(value.gid)
            if isinstance(value, ExtInstanceV) and value.name in _COLLECTIONS and value.args:
                held = [one for one in value.args[0] if isinstance(one, InstanceV)]
                return Row(held[0].gid, is_many=True) if len(held) == 1 else None
        return None

    def _maker(self, gid: int, name: str) -> tuple[int, Call] | None:
        """The class that makes the relationship, and the call that makes it."""
        for owner in self._inference.classes.mro(gid):
            numbers = self._index.scope(owner).names.get(name, ()) if isinstance(owner, int) else ()
            if not numbers or not isinstance(owner, int):
                continue
            scope = self._index.scope(owner)
            call = _made(scope, scope.defs[numbers[-1]].value)
            if call is None or len(numbers) > 1:
                return None
            func: Type = self._inference.type(self._index.frame(owner), call.func)
            is_made = any(isinstance(v, ExternalV) and v.name in _SQLALCHEMY | _SQLMODEL for v in func)
            return (owner, call) if is_made else None
        return None


def _made(scope: Scope, value: int) -> Call | None:
    """The call that makes a class attribute, if it is spelled as that of a relationship."""
    node = scope.exprs[value]
    if isinstance(node, Declared) and node.value != NONE:
        node = scope.exprs[node.value]
    if not isinstance(node, Call):
        return None
    func = scope.exprs[node.func]
    return node if isinstance(func, (Attr, Var, Free, Use)) and _spelled(scope, func) in _SPELLED else None


def _spelled(scope: Scope, func: Attr | Var | Free | Use) -> str:
    if isinstance(func, Use):
        return scope.defs[func.defs[0]].name if func.defs else ""
    return func.name
