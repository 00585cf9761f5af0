"""What do the dictionaries hold that objects keep, where all that is ever stored in them is seen?

`self.agents: dict[str, Agent] = {}`, and `self.agents[name] = Agent(model)` is the only way in: each of them was made
so. That holds as long as nobody else gets hold of the dictionary itself.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, Declared, EventKind, Free, Iter, Sub
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.spelling import is_empty, is_receiver
from fastapi_lint.project.types.values import ExtInstanceV, InstanceV, Type, Value, union

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DICT = "builtins.dict"
_READS = frozenset({"clear", "get", "items", "keys", "pop", "popitem", "values"})
_ASKING = frozenset(map(Free, ("bool", "len", "list", "sorted", "tuple")))
_STORE = EventKind.STORE_ATTR
_LOOKING = (EventKind.ITER, EventKind.TRUTH)
_LEAVING = (EventKind.RETURN, EventKind.YIELD)


class Contents:
    """Answers by class and attribute, kept."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._known: dict[tuple[int, str], Type] = {}

    def refined(self, owner: int, name: str, kind: Type) -> Type:
        """The type of an attribute of a class, with what is known of the instances in it."""
        if name not in self._uses or not any(_holds_instances(value) for value in kind):
            return kind
        items = self._items(owner, name)
        return tuple(self._with(value, items) for value in kind) if items else kind

    def _with(self, value: Value, items: Type) -> Value:
        if not isinstance(value, ExtInstanceV) or not _holds_instances(value):
            return value
        return ExtInstanceV(value.name, (value.args[0], self._inference.annotations.refine(value.args[1], items)))

    def _items(self, owner: int, name: str) -> Type:
        """What is stored in it; empty where that is not known."""
        key = (owner, name)
        known = self._known.get(key)
        if known is None:
            self._known[key] = ()  # what depends on itself is not known
            found, is_settled = self._inference.apart(
                lambda: self._stored(owner, name) if self._is_made_empty(owner, name) else ()
            )
            del self._known[key]
            if is_settled:
                self._known[key] = found
            return found
        return known

    def _is_made_empty(self, owner: int, name: str) -> bool:
        """Whether nothing but empty dictionaries is stored in the attribute itself."""
        classes = self._inference.classes
        sites = [site for gid in (owner, *classes.subclasses(owner)) for site in classes.stored(gid, name)]
        return all(_is_empty_display(self._index, site.gid, site.expr) for site in sites) and not (
            classes.stored_outside(InstanceV(owner), name)
        )

    def _stored(self, owner: int, name: str) -> Type:
        found: list[Type] = []
        for use in self._uses[name]:
            frame = self._inference.plain_frame(use.gid)
            node = frame.scope.exprs[use.expr]
            holders = self._inference.type(frame, node.base) if isinstance(node, Attr) else ()
            if not isinstance(node, Attr) or (holders and not any(self._may_be(one, owner) for one in holders)):
                continue
            stores = [e for e in frame.scope.events if e.kind == EventKind.STORE_ITEM and e.expr == use.expr]
            kinds = [self._inference.type(frame, event.value) for event in stores if event.value != NONE]
            if not all(kinds) or not (stores or self._is_read(use)) or not self._is_left(use):
                return ()
            found += kinds
        return union(found)

    def _may_be(self, holder: Value, owner: int) -> bool:
        classes = self._inference.classes
        return isinstance(holder, InstanceV) and (
            classes.is_subclass(holder.gid, owner) or classes.is_subclass(owner, holder.gid)
        )

    def _is_read(self, use: NameUse) -> bool:
        """Whether what an expression is a part of only looks into the dictionary."""
        scope = self._index.scope(use.gid)
        if use.holder == NONE:
            return any(event.kind in _LOOKING and event.expr == use.expr for event in scope.events)
        node = scope.exprs[use.holder]
        if isinstance(node, Attr):
            return node.name in _READS
        if isinstance(node, Call):
            return scope.exprs[node.func] in _ASKING
        if isinstance(node, Bin):
            return node.op != "and"
        return isinstance(node, Iter) or (isinstance(node, Sub) and node.base == use.expr)

    def _is_left(self, use: NameUse) -> bool:
        """Whether an expression is given no other name and to nobody."""
        scope = self._index.scope(use.gid)
        if any(definition.value == use.expr for definition in scope.defs):
            return False
        return not any(
            event.value == use.expr or (event.kind in _LEAVING and event.expr == use.expr) for event in scope.events
        )

    @cached_property
    def _uses(self) -> dict[str, list[NameUse]]:
        """All uses of the attributes that methods make empty dictionaries of."""
        names = {
            event.name
            for gid in self._index.doing(_STORE)
            for scope in (self._index.scope(gid),)
            for event in scope.events
            if event.kind is _STORE and event.value != NONE and is_receiver(scope, event.expr)
            if _is_empty_display(self._index, gid, event.value)
        }
        return name_uses(self._index, frozenset(names))


def _holds_instances(value: Value) -> bool:
    return (
        isinstance(value, ExtInstanceV)
        and value.name == _DICT
        and len(value.args) == 2
        and any(isinstance(item, InstanceV) and not item.given for item in value.args[1])
    )


def _is_empty_display(index: Index, gid: int, expr: int) -> bool:
    scope = index.scope(gid)
    node = scope.exprs[expr]
    if isinstance(node, Declared) and node.value != NONE:
        expr, node = node.value, scope.exprs[node.value]
    if isinstance(node, Call):
        return scope.exprs[node.func] == Free("dict") and not node.args and not node.keywords
    return is_empty(scope, expr)
