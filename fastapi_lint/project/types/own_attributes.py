"""Which attributes has every instance of a class, as soon as it is made?

`hasattr(loader, "org_id")` holds where the class's constructor sets `self.org_id`, be it to None: what is written for
the other case never runs. Where the constructor itself is at work, or what it calls, that is not so yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, EventKind, Free, Lit, Param, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.code.spelling import strings
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.values import ClassV, FunctionV, InstanceV, MethodV, PresentV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_UNSURE = frozenset({"else", "except", "genexpr", "if", "loop", "try", "with"})
_MADE_OTHERWISE = frozenset({"__delattr__", "__getattribute__", "__new__", "__reduce__", "__setstate__"})
_MOST_BASES = 6
_DELETES = "delattr"
_STORE = EventKind.STORE_ATTR


class OwnAttributes:
    """Answers by class and attribute, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[tuple[int, str], bool] = {}
        self._deleted: frozenset[str] | None = None

    def is_there(self, frame: Frame, node: Call) -> bool:
        """Whether `hasattr(x, "name")` is known to hold."""
        if len(node.args) != 2 or frame.scope.exprs[node.func] != Free("hasattr"):
            return False
        names = strings(frame.scope, node.args[1])
        if len(names) != 1 or (not frame.scope.is_async and self._is_receiver(frame, node.args[0])):
            return False  # the constructor may run this method; it awaits none
        kinds = [one for one in self._inference.type(frame, node.args[0]) if not isinstance(one, PresentV)]
        is_known = bool(kinds) and all(isinstance(one, InstanceV) and self._has(one.gid, names[0]) for one in kinds)
        return is_known and self._is_present(frame, node.args[0])

    def _is_receiver(self, frame: Frame, expr: int) -> bool:
        in_method = self._index.class_of(self._index.method_around(frame.gid)) != NONE
        return in_method and self._index.is_receiver(frame.gid, expr)

    def _is_present(self, frame: Frame, expr: int) -> bool:
        """Whether an object is surely one: it has just been made, or a parameter without default is to be one."""
        if self._is_receiver(frame, expr):
            return True
        node = frame.scope.exprs[expr]
        made = frame.scope.exprs[frame.scope.defs[node.defs[0]].value] if isinstance(node, Use) else None
        if isinstance(node, Use) and isinstance(made, Param) and len(node.defs) == 1:
            parameter, outer = frame.scope.params[made.index], self._inference.binding.outer(frame)
            if parameter.default == NONE and parameter.annotation != NONE:
                return self._inference.annotations.is_class(outer, parameter.annotation)
        return isinstance(Constants(self._inference, frame).of(expr), PresentV)

    def _has(self, gid: int, name: str) -> bool:
        key = (gid, name)
        if key not in self._known:
            family = (gid, *self._inference.classes.subclasses(gid))
            self._known[key] = False  # what depends on itself is not known
            known, is_settled = self._inference.apart(
                lambda: self._deletions().isdisjoint((name, "")) and all(self._is_set(one, name) for one in family)
            )
            del self._known[key]
            if not is_settled:
                return known
            self._known[key] = known
        return self._known[key]

    def _is_set(self, gid: int, name: str) -> bool:
        """Whether a class's body has the attribute, or its constructor always sets it."""
        classes = self._inference.classes
        if any(isinstance(classes.member(gid, special)[1], int) for special in _MADE_OTHERWISE):
            return False
        owner = classes.member(gid, name)[1]
        if isinstance(owner, int):
            scope = self._index.scope(owner)
            return all(self._is_plain(scope, scope.defs[number].value, owner) for number in scope.names[name]) and any(
                _is_sure(scope, scope.defs[number].region) for number in scope.names[name]
            )
        init = classes.find_method(gid, "__init__")
        return init is not None and self._sets(init.gid, gid, name)

    def _is_plain(self, scope: Scope, value: int, owner: int) -> bool:
        """Whether looking up what a class body binds cannot fail: a constant, or a method that is no property."""
        node = scope.exprs[value]
        if isinstance(node, Declared):
            return node.value != NONE and isinstance(scope.exprs[node.value], Lit)
        kinds = self._inference.type(self._index.frame(owner), value)
        return isinstance(node, Lit) or (bool(kinds) and all(isinstance(kind, (FunctionV, ClassV)) for kind in kinds))

    def _sets(self, init: int, gid: int, name: str, hops: int = 0) -> bool:
        """Whether a constructor sets the attribute on every way through it, or has a constructor of a base do so."""
        scope = self._index.scope(init)
        stores = (e for e in self._index.stores(init) if e.name == name and e.value != NONE and not e.flag)
        if any(_is_sure(scope, event.region) for event in stores):
            return True
        frame = self._index.frame(init, InstanceV(gid))
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(node, Call) and isinstance(func, Attr) and func.name == "__init__" and hops < _MOST_BASES:
                called = self._inference.type(frame, node.func)
                base = called[0].function.gid if len(called) == 1 and isinstance(called[0], MethodV) else NONE
                if base != NONE and _is_sure(scope, event.region) and self._sets(base, gid, name, hops + 1):
                    return True
        return False

    def _deletions(self) -> frozenset[str]:
        """The names of attributes that something in the project deletes, `""` for one that is not known."""
        if self._deleted is None:
            gids = {*self._index.doing(_STORE), *self._index.calling((_DELETES,))}
            self._deleted = frozenset(name for gid in gids for name in _deleted_in(self._index.scope(gid)))
        return self._deleted


def _is_sure(scope: Scope, region: int) -> bool:
    """Whether who comes out of a scope in the usual way has been in a region."""
    regions = (scope.regions[number] for number in around(scope, region))
    return not any(region.kind in _UNSURE and region.behind != "raise" for region in regions)


def _deleted_in(scope: Scope) -> Iterator[str]:
    for event in scope.events:
        if event.kind is _STORE and event.value == NONE:
            yield event.name
    for node in scope.exprs:
        if type(node) is Call and len(node.args) == 2 and scope.exprs[node.func] == Free(_DELETES):
            yield from strings(scope, node.args[1]) or [""]
