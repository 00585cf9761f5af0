"""Which attributes only ever hold a copy of what their own object was made with?

`self._cached_db = self.db`, and no request changes `db`: the first request sets it, and each later one sets the same.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, EventKind
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names, is_empty, same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.shared.bounded_caches import Name
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.values import InstanceV, PropertyV


class OwnCopies:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes) -> None:
        self._inference = graph.inference
        self._changes = changes

    def find(self) -> frozenset[Name]:
        """Those that all changes copy from one attribute, or set to None."""
        sites = self._changes.by_name
        changed = {name.rpartition(".")[2] for name, _ in sites}
        found: set[Name] = set()
        for name, changes in sites.items():
            sources = {self._source(*one) for one in changes}
            copied = sources - {""}
            if None not in sources and len(copied) == 1 and copied.isdisjoint(changed):
                found.add(name)
        return frozenset(found)

    def _source(self, frame: Frame, change: Change) -> str | None:
        """The attribute whose value a change copies; empty for one that leaves nothing, None for others."""
        scope, event = frame.scope, change.event
        if event.kind != EventKind.STORE_ATTR or event.flag:
            return None
        if is_empty(scope, event.value):
            return ""
        value = scope.exprs[behind_names(scope, event.value)] if event.value != NONE else None
        if not isinstance(value, Attr) or value.name == event.name or not same(scope, value.base, event.expr):
            return None
        owners = self._inference.type(frame, value.base)
        return value.name if owners and all(self._is_field(owner, value.name) for owner in owners) else None

    def _is_field(self, owner: object, name: str) -> bool:
        """Whether an object keeps an attribute, which no property computes."""
        if not isinstance(owner, InstanceV):
            return False
        members = self._inference.classes.member(owner.gid, name)[0]
        if any(isinstance(one, PropertyV) for one in members):
            return False
        return bool(self._inference.classes.stored(owner.gid, name)) or bool(members)
