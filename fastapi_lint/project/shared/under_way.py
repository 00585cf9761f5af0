"""Which tables hold what goes on right now in this process?

Each run puts an entry under a key of its own, and the `finally` of the same function takes it out. No run overwrites
the entry of another one, and what other workers have under way is no business of this table.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, stands_in, within
from fastapi_lint.project.code.spelling import same, stored_item
from fastapi_lint.project.shared.bounded_caches import Name, removes
from fastapi_lint.project.shared.changes import Change, Changes

_PUTS = frozenset({"add"})
_TAKES_OUT = frozenset({"discard", "pop", "remove"})


class UnderWay:
    """Looked for among all changes of request code; `is_own` says that no other run has a key of a scope."""

    def __init__(self, changes: Changes, is_own: Callable[[int, int], bool]) -> None:
        self._changes = changes
        self._is_own = is_own

    def find(self) -> frozenset[Name]:
        """The tables of which every change is such a put, or takes out what was put so."""
        return frozenset(
            name
            for name, found in self._changes.by_name.items()
            if any(_takes_out(*one) for one in found)
            and all(self._is_put(one, found) or self._is_taken_out(one, found) for one in found)
        )

    def _is_put(self, site: tuple[Frame, Change], found: list[tuple[Frame, Change]]) -> bool:
        frame, change = site
        key = _key(frame.scope, change.event)
        if key == NONE or removes(frame.scope, change.event) or not self._is_own(frame.gid, key):
            return False
        return any(
            other.gid == frame.gid and _is_taken_back(frame.scope, change, last)
            for other, last in found
            if last is not change
        )

    def _is_taken_out(self, site: tuple[Frame, Change], found: list[tuple[Frame, Change]]) -> bool:
        frame, change = site
        return any(other.gid == frame.gid and _is_taken_back(frame.scope, first, change) for other, first in found)


def _takes_out(frame: Frame, change: Change) -> bool:
    return removes(frame.scope, change.event) and stands_in(frame.scope, change.event.region, "finally")


def _is_taken_back(scope: Scope, first: Change, last: Change) -> bool:
    """Whether a change takes out, in the `finally` around or behind it, what another one has put in."""
    put, taken = _key(scope, first.event), _key(scope, last.event)
    if NONE in (put, taken) or first.number > last.number or not removes(scope, last.event):
        return False
    ends = [n for n in around(scope, last.event.region) if scope.regions[n].kind == "finally"]
    if not ends or last.event.region != ends[0] or removes(scope, first.event):
        return False
    return same(scope, put, taken) and within(scope, first.event.region, (scope.regions[ends[0]].parent,))


def _key(scope: Scope, event: Event) -> int:
    """The key under which a change puts something into a table, or takes it out."""
    item = stored_item(scope, event)
    if item is not None:
        return item.index if not event.flag else NONE
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(node, Call) or not isinstance(func, Attr) or not node.args:
        return NONE
    return node.args[0] if func.name in _PUTS | _TAKES_OUT else NONE
