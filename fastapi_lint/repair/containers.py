"""Which containers do some functions of a module walk through while others change them?

On the event loop neither is interrupted. With one of them in a thread, a walk through a dictionary that changes raises
RuntimeError (https://docs.python.org/3/library/stdtypes.html#dictionary-view-objects), and what is written to a file is
a mix of two states. `list(x)`, `sorted(x)` and the like copy in one step.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Scope, Var
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.shared.containers import MUTATORS
from fastapi_lint.repair.state_use import Key, StateUse

_VIEWS = frozenset({"items", "keys", "values"})
_MAKERS = frozenset({"__init__", "__new__", "__post_init__"})


class _Uses(msgspec.Struct, frozen=True):
    """The names of what the functions of a module change in place, and of what they walk through."""

    changed: frozenset[Key]
    walked: frozenset[Key]


class Containers:
    """Compares a function, whose names are resolved, with all of its module, of which only the spelling is read."""

    def __init__(self, project: Project, state: StateUse) -> None:
        self._inference = project.inference
        self._index = project.index
        self._state = state
        self._modules: dict[str, _Uses] = {}

    def contested(self, frame: Frame, events: set[int] | None = None) -> Key | None:
        """A shared container that a function, or some of its events, walks through or changes, and others the other."""
        uses = self._of_module(frame.gid)
        if not uses.changed:
            return None
        scope = self._index.scope(frame.gid)
        for number, expr in _walks(scope):
            key = self._state.key(frame, expr)
            if key in uses.changed and (events is None or number in events):
                return key
        for number, event in enumerate(scope.events):
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if isinstance(node, Call) and (events is None or number in events):
                key = self.handed(frame, node)
                if key is not None:
                    return key
        if uses.walked:
            for touch in self._state.touches(frame):
                if touch.how in ("change", "item") and (events is None or touch.event in events):
                    if touch.key in uses.walked:
                        return touch.key
        return None

    def handed(self, frame: Frame, node: Call) -> Key | None:
        """A shared container that a call gets and functions of the module change. Builtins run in one step."""
        changed = self._of_module(frame.gid).changed
        for expr in (*node.args, *(value for _, value in node.keywords)) if changed else ():
            key = self._state.key(frame, expr)
            if key in changed and self._state.is_container(frame, expr):
                callees = self._inference.calls.callees(frame, node)
                if not callees or not all(callee.name.startswith("builtins.") for callee in callees):
                    return key
        return None

    def _of_module(self, gid: int) -> _Uses:
        module = self._index.module(gid)
        known = self._modules.get(module.path)
        if known is None:
            scopes = [s for s in module.facts.scopes if s.kind == "function" and s.name not in _MAKERS]
            changed = frozenset(key for scope in scopes for key in _changes(scope))
            walked = frozenset(
                key for scope in scopes for _, expr in _walks(scope) if (key := _spelled(scope, expr)) is not None
            )
            known = self._modules[module.path] = _Uses(changed, walked)
        return known


def _walks(scope: Scope) -> Iterator[tuple[int, int]]:
    """The events that iterate something, with what they iterate: of `x.items()` the `x`."""
    for number, event in enumerate(scope.events):
        if event.kind == EventKind.ITER:
            node = scope.exprs[event.expr]
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(func, Attr) and func.name in _VIEWS:
                yield number, func.base
            elif func is None:
                yield number, event.expr


def _changes(scope: Scope) -> Iterator[Key]:
    for event in scope.events:
        if event.expr == NONE:
            continue
        base = event.expr if event.kind == EventKind.STORE_ITEM else NONE
        if event.kind == EventKind.CALL:
            node = scope.exprs[event.expr]
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(func, Attr) and func.name in MUTATORS:
                base = func.base
        key = _spelled(scope, base) if base != NONE else None
        if key is not None:
            yield key


def _spelled(scope: Scope, expr: int) -> Key | None:
    node = scope.exprs[expr]
    if isinstance(node, Var):
        return ("name", node.name)
    return ("attribute", node.name) if isinstance(node, Attr) else None
