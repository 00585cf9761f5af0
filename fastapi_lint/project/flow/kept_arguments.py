"""Under which attribute does an object, for good, keep what its maker holds, too?

`manager = Manager(db=db)`, and `if isinstance(db, AsyncDb): await manager.run()`: in `run` `self.db` is such a `db`, if
only the constructor of the class stores it and the manager stays with the function that has made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, EventKind, Narrow, ParamFacts, Scope, Use
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.code.spelling import parameter_of
from fastapi_lint.project.types.values import ClassV, InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


class KeptArguments:
    """Answers for local objects, and for classes, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._kept: dict[int, tuple[tuple[str, int, ParamFacts], ...]] = {}

    def names(self, frame: Frame, made: int, held: int) -> Iterator[str]:
        """The attributes of an object, which an expression names, that are what another expression names."""
        scope = frame.scope
        values = _origins(scope, made)
        calls = [node for value in values if isinstance(node := scope.exprs[value], Call)]
        origin = _origins(scope, held) if calls and len(calls) == len(values) else frozenset[int]()
        if not origin:
            return
        found = [set(self._given(frame, call, origin)) for call in calls]
        common = found[0].intersection(*found[1:])
        if common and _stays(scope, values):
            yield from sorted(common)

    def _given(self, frame: Frame, call: Call, origin: frozenset[int]) -> Iterator[str]:
        """The attributes in which the object that a call makes keeps what has such an origin."""
        called = self._inference.type(frame, call.func)
        for value in called if len(called) == 1 else ():
            for name, number, parameter in self._keeps(value.gid) if isinstance(value, ClassV) else ():
                given = argument_at(frame.scope, call, number - 1, parameter.name, parameter.kind)
                if given != NONE and _origins(frame.scope, given) == origin:
                    yield name

    def _keeps(self, gid: int) -> tuple[tuple[str, int, ParamFacts], ...]:
        """The attributes that only the constructor of a class stores, always, each with the parameter that it is."""
        if gid not in self._kept:
            init = self._inference.classes.find_method(gid, "__init__")
            stores = self._index.stores(init.gid) if init is not None else []
            scope = self._index.scope(init.gid if init is not None else gid)
            kept = (
                (event.name, parameter_of(scope, event.value))
                for event in stores
                if event.region == 0 and event.value != NONE
                if len(self._inference.classes.stored(gid, event.name)) == 1
                if init is not None and not self._is_stored_elsewhere(gid, event.name, init.gid)
            )
            self._kept[gid] = tuple((name, number, scope.params[number]) for name, number in kept if number > 0)
        return self._kept[gid]

    def _is_stored_elsewhere(self, gid: int, name: str, init: int) -> bool:
        """Whether any code but the constructor may store the attribute, under its name or one that is put together."""
        inference = self._inference
        constants, classes = inference.class_constants, inference.classes
        for where, expr in (*constants.stores().get(name, ()), *constants.computed_stores(name)):
            kinds = inference.type(inference.plain_frame(where), expr)
            related = (
                classes.is_subclass(gid, v.gid) or classes.is_subclass(v.gid, gid)
                for v in kinds
                if isinstance(v, InstanceV)
            )
            if where != init and (not kinds or any(related)):
                return True
        return False


def _origins(scope: Scope, expr: int) -> frozenset[int]:
    """The expressions of which one has given a local name its value, whatever kinds branches have found that to be.

    Empty for what is no local name, and where a name has its value from an earlier pass of a loop.
    """
    found: set[int] = set()
    waiting = [expr] if isinstance(scope.exprs[expr], Use) else []
    seen = set(waiting)
    while waiting:
        value = waiting.pop()
        node = scope.exprs[value]
        following: list[int] = []
        if isinstance(node, Use):
            following = [scope.defs[number].value for number in node.defs]
        elif isinstance(node, Narrow) or (isinstance(node, Declared) and node.value != NONE):
            following = [node.value]
        else:
            found.add(value)
        waiting += (one for one in following if one not in seen)
        seen.update(following)
    in_loop = (d.value in found and stands_in(scope, d.region, "loop") for d in scope.defs)
    return frozenset() if any(in_loop) else frozenset(found)


def _stays(scope: Scope, made: frozenset[int]) -> bool:
    """Whether a function does nothing with an object that it has made but to call methods of it."""
    names = {d.name for d in scope.defs if d.value in made}
    defs = {number for number, d in enumerate(scope.defs) if d.name in names}
    uses = {n for n, node in enumerate(scope.exprs) if isinstance(node, Use) and not defs.isdisjoint(node.defs)}
    bases = {node.base for node in scope.exprs if isinstance(node, Attr)}
    stored = {event.expr for event in scope.events if event.kind == EventKind.STORE_ATTR}
    return uses <= bases and uses.isdisjoint(stored)
