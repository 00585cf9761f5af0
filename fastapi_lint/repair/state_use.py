"""Which state, shared with other code, does a function read and write?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Param, Sub, Use, Var
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.shared.containers import CONTAINERS, MUTATORS
from fastapi_lint.project.types.values import ClassV, ExternalV, ExtInstanceV, ModuleV
from fastapi_lint.repair.ownership import Ownership

Key = tuple[str, str]
"""A shared variable (`name`, its name) or an attribute of a shared object (`attribute`, its name)."""


class Touch(msgspec.Struct, frozen=True):
    """An event that reads or writes shared state; `how` is `read`, `replace`, `item`, `change` or `augment`."""

    event: int
    key: Key
    how: str


class StateUse:
    """Reads the events of a frame."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._index = project.index
        self._ownership = Ownership(project)

    def touches(self, frame: Frame) -> Iterator[Touch]:
        """Every read and write of shared state in a frame's own code, in order of evaluation."""
        scope = self._index.scope(frame.gid)
        for number, event in enumerate(scope.events):
            if event.kind in (EventKind.LOAD, EventKind.ATTR):
                key = self.key(frame, event.expr)
                if key is not None:
                    yield Touch(number, key, "read")
            elif event.kind == EventKind.REBIND:
                yield Touch(number, ("name", event.name), "augment" if event.flag else "replace")
            elif event.kind == EventKind.STORE_ITEM:
                key = self.key(frame, event.expr)
                if key is not None:
                    yield Touch(number, key, "augment" if event.flag else "item")
            elif event.kind == EventKind.STORE_ATTR:
                if self._is_shared(frame, event.expr):
                    yield Touch(number, ("attribute", event.name), "augment" if event.flag else "replace")
            elif event.kind == EventKind.CALL:
                yield from self._changed(frame, number, event)

    def iterated(self, frame: Frame, expr: int) -> Key | None:
        """The shared container that a loop over this expression goes through: itself, its keys, values or items."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        func = scope.exprs[node.func] if isinstance(node, Call) and not node.args else None
        if isinstance(func, Attr) and func.name in ("items", "keys", "values"):
            expr = func.base
        key = self.key(frame, expr)
        return key if key is not None and key in self._resized else None

    @cached_property
    def _resized(self) -> set[Key]:
        """What any function of the project adds to or takes from."""
        found: set[Key] = set()
        for gid in range(self._index.count):
            if self._index.scope(gid).kind == "function":
                frame = self._project.inference.plain_frame(gid)
                found.update(touch.key for touch in self.touches(frame) if touch.how in ("item", "change"))
        return found

    def _changed(self, frame: Frame, number: int, event: Event) -> Iterator[Touch]:
        """`shared.append(x)`."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[event.expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(func, Attr) and func.name in MUTATORS:
            key = self.key(frame, func.base)
            if key is not None and self.is_container(frame, func.base):
                yield Touch(number, key, "change")

    def is_container(self, frame: Frame, expr: int) -> bool:
        """Whether an object is known to be one of the mutable collections of the standard library."""
        kind = self._project.inference.type(frame, expr)
        return any(isinstance(value, ExtInstanceV) and value.name in CONTAINERS for value in kind)

    def key(self, frame: Frame, expr: int) -> Key | None:
        """The state that an expression reads, or is an item of."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        hops = 0
        while isinstance(node, (Sub, Use)) and hops < 12:
            hops += 1
            if isinstance(node, Sub):
                node = scope.exprs[node.base]
            elif len(node.defs) == 1:
                node = scope.exprs[scope.defs[node.defs[0]].value]
            else:
                return None
        if isinstance(node, Var):
            return ("name", node.name) if self._ownership.is_state(frame, node) else None
        if isinstance(node, Attr) and self._is_shared(frame, node.base):
            return ("attribute", node.name)
        return None

    def _is_shared(self, frame: Frame, expr: int) -> bool:
        """Whether an object is reached from another scope, a module, the receiver of a method, or the application."""
        if any(isinstance(value, (ModuleV, ExternalV, ClassV)) for value in self._project.inference.type(frame, expr)):
            return True
        in_method = self._index.class_of(frame.gid) != NONE
        for root in self._ownership.roots(frame, expr):
            if isinstance(root, Var):
                if self._ownership.is_state(frame, root):
                    return True
            elif isinstance(root, Param) and root.index == 0 and in_method:
                return True
        return self._passes_app(frame, expr)

    def _passes_app(self, frame: Frame, expr: int) -> bool:
        """Whether an expression is spelled `x.app...`, or goes through an `app.state`."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        while isinstance(node, (Attr, Sub)):
            if isinstance(node, Attr) and node.name == "app":
                return True
            node = scope.exprs[node.base]
        return False
