"""Which attributes of mapped classes load rows when they are read?

A `relationship` of SQLAlchemy is lazy unless it says otherwise: the first read of it sends a SELECT, for each object
(https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html#what-kind-of-loading-to-use).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, Free, Lit, Map, Scope, Sub, Use, Var
from fastapi_lint.project.types.classes import PLAIN_BASES
from fastapi_lint.project.types.values import ClassV, ExternalV, ExtInstanceV, InstanceV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_SPELLED = frozenset({"relationship", "Relationship"})
_LAZY = ("select", True)
_QUERIES = frozenset({"sqlalchemy.orm.DynamicMapped", "sqlalchemy.orm.WriteOnlyMapped"})
_SQLALCHEMY = frozenset({"sqlalchemy.orm.relationship", "sqlalchemy.orm.relationships.relationship"})
_SQLMODEL = frozenset({"sqlmodel.Relationship", "sqlmodel.main.Relationship"})
_COLLECTIONS = frozenset({"list", "set", "builtins.list", "builtins.set", "typing.List", "typing.Set"})


class Relationships:
    """Answers by class and name, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._classes: dict[str, list[int]] | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """The attributes that are spelled as relationships in any class, or named as the way back of one."""
        return frozenset(name for _, _, names in self._spelled for name in names if name)

    @cached_property
    def _spelled(self) -> list[tuple[int, str, tuple[str, str]]]:
        """Each relationship by its class and name, with that name and the one of the way back."""
        return [
            (gid, definition.name, (definition.name, _back(scope, call)[0]))
            for gid, scope in enumerate(self._index.scopes)
            if scope.kind == "class"
            for definition in scope.defs
            if (call := _made(scope, definition.value)) is not None
        ]

    @cached_property
    def _ways_back(self) -> dict[tuple[int, str], tuple[int, Call]]:
        """What `relationship(Item, backref="owner")` adds to `Item`: the class that says so, and how it is loaded."""
        found = {}
        for gid, name, (_, back) in self._spelled:
            made = self._maker(gid, name) if back else None
            if made is not None and (target := self.target(gid, name)) != NONE:
                found[target, back] = (made[0], _back(self._index.scope(made[0]), made[1])[1])
        return found

    def is_lazy(self, gid: int, name: str) -> bool:
        """Whether reading this attribute of a loaded object of class `gid` sends a query."""
        found = self._maker(gid, name) or self._ways_back.get((gid, name))
        if found is None:
            return False
        owner, call = found
        if self._is_query(owner, name):
            return False
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

    def _is_query(self, owner: int, name: str) -> bool:
        """Whether the annotation says that the attribute gives a query, not objects: `DynamicMapped[Order]`."""
        scope, frame = self._index.scope(owner), self._index.frame(owner)
        for number in scope.names.get(name, ()):
            node = scope.exprs[scope.defs[number].value]
            annotation = scope.exprs[node.annotation] if isinstance(node, Declared) else None
            if isinstance(annotation, Lit):
                return True  # not read: in doubt nothing is loaded
            kind = self._inference.type(frame, annotation.base) if isinstance(annotation, Sub) else ()
            if any(isinstance(value, ExternalV) and value.name in _QUERIES for value in kind):
                return True
        return False

    def target(self, gid: int, name: str) -> int:
        """The class of what the attribute of class `gid` leads to, one object or many; NONE if that is not said."""
        found = self._maker(gid, name)
        if found is None:
            return NONE
        for value in self._inference.classes.attribute(InstanceV(gid), name):
            if isinstance(value, InstanceV):
                return value.gid
            if isinstance(value, ExtInstanceV) and value.name in _COLLECTIONS and value.args:
                held = [one for one in value.args[0] if isinstance(one, InstanceV)]
                return held[0].gid if len(held) == 1 else NONE
        owner, call = found
        return self._first_argument(owner, call) if call.args else NONE

    def is_collection(self, gid: int, name: str) -> bool:
        """Whether the annotation, or a table in between, says that the attribute leads to many objects."""
        found = self._maker(gid, name)
        if found is not None and "secondary" in dict(found[1].keywords):
            return True
        kinds = self._inference.classes.attribute(InstanceV(gid), name)
        return any(isinstance(value, ExtInstanceV) and value.name in _COLLECTIONS for value in kinds)

    def _first_argument(self, owner: int, call: Call) -> int:
        """The class that `relationship(Item)` or `relationship("Item")` names."""
        given = self._index.scope(owner).exprs[call.args[0]]
        if isinstance(given, Lit):
            named = self._named(str(given.value).rpartition(".")[2])
            named = [one for one in named if self._may_share_registry(owner, one)]
            return named[0] if len(named) == 1 else NONE
        kind = self._inference.type(self._index.frame(owner), call.args[0])
        return kind[0].gid if len(kind) == 1 and isinstance(kind[0], ClassV) else NONE

    def _may_share_registry(self, one: int, other: int) -> bool:
        """Whether two classes may derive from one declarative base, which knows its classes by name."""
        first, second = (
            {base for base in self._inference.classes.mro(gid) if base not in PLAIN_BASES and base != gid}
            for gid in (one, other)
        )
        return not first or not second or not first.isdisjoint(second)

    def _named(self, name: str) -> list[int]:
        """All classes of this name."""
        if self._classes is None:
            self._classes = {}
            for gid, scope in enumerate(self._index.scopes):
                if scope.kind == "class":
                    self._classes.setdefault(scope.name, []).append(gid)
        return self._classes.get(name, [])

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


def _back(scope: Scope, call: Call) -> tuple[str, Call]:
    """The name of the way back that a relationship adds to the other class, and the call that says how to load it."""
    given = scope.exprs[dict(call.keywords)["backref"]] if "backref" in dict(call.keywords) else None
    if isinstance(given, Lit):
        return str(given.value or ""), Call(call.func, (), (), call.place)
    if isinstance(given, Call) and given.args and isinstance(name := scope.exprs[given.args[0]], Lit):
        return str(name.value), given
    return "", call


def _spelled(scope: Scope, func: Attr | Var | Free | Use) -> str:
    if isinstance(func, Use):
        return scope.defs[func.defs[0]].name if func.defs else ""
    return func.name
