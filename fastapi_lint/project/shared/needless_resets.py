"""Which attributes are emptied only where nothing can have filled them?

`if not agent.files: agent._store = None; return`, then `agent._store = Store(agent.files)`: as long as no request
changes `files`, the one object is never filled, and the other one never emptied.
"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Declared, Event, EventKind, Free, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.code.spelling import is_empty, same
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.shared.changes import Changes
from fastapi_lint.project.types.values import InstanceV

_TESTS = frozenset({"not", "and", "or", "is", "is not", "equals", "differs"})


class NeedlessResets:
    """Looked for where all stores of an attribute stand in one function."""

    def __init__(self, graph: Graph, changes: Changes) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes

    def is_one(self, frame: Frame, event: Event) -> bool:
        """Whether an event empties an attribute that only the other branch of the same test fills."""
        scope = frame.scope
        if event.kind != EventKind.STORE_ATTR or event.flag or event.value == NONE or not is_empty(scope, event.value):
            return False
        tests = [scope.regions[one] for one in around(scope, event.region) if scope.regions[one].kind in ("if", "else")]
        for test in tests:
            settings = _settings(scope, test.expr, event.expr)
            if settings and settings.isdisjoint(self._changed):
                other = "else" if test.kind == "if" else "if"
                if self._is_filled_only(frame, event, test.expr, other):
                    return True
        return False

    @cached_property
    def _changed(self) -> frozenset[str]:
        """The names of the attributes that requests change."""
        return frozenset(name.rpartition(".")[2] for name, _ in self._changes.by_name)

    def _is_filled_only(self, frame: Frame, event: Event, test: int, kind: str) -> bool:
        """Whether whatever fills the attribute of an event stands in such a branch of the same function."""
        scope = frame.scope
        for one in scope.events:
            if one.kind != EventKind.STORE_ATTR or one.name != event.name or is_empty(scope, one.value):
                continue
            regions = (scope.regions[number] for number in around(scope, one.region))
            if not any(region.kind == kind and region.expr == test for region in regions):
                return False
        outside = self._index.attribute_stores(event.name)
        if any(site.gid != frame.gid and not self._is_nothing(site.gid, value) for site, value in outside):
            return False
        owners = self._inference.type(frame, event.expr)
        return bool(owners) and all(
            isinstance(owner, InstanceV)
            and all(
                site.gid == frame.gid or self._is_nothing(site.gid, site.expr)
                for site in self._inference.classes.stored(owner.gid, event.name)
            )
            for owner in owners
        )

    def _is_nothing(self, gid: int, value: int) -> bool:
        scope = self._index.scope(gid)
        node = scope.exprs[value] if value != NONE else None
        return is_empty(scope, node.value if isinstance(node, Declared) else value)


def _settings(scope: Scope, test: int, base: int) -> frozenset[str]:
    """The attributes of an object that alone decide a condition; empty if anything else does, too."""
    found: set[str] = set()
    todo = [test]
    while todo:
        node = scope.exprs[todo.pop()]
        if isinstance(node, Attr):
            if not same(scope, node.base, base):
                return frozenset()
            found.add(node.name)
        elif isinstance(node, Bin) and node.op in _TESTS:
            todo += [node.left] if node.op == "not" else [node.left, node.right]
        elif isinstance(node, Choice) and node.test == NONE:
            todo += node.items
        elif isinstance(node, Call) and scope.exprs[node.func] == Free("isinstance") and len(node.args) == 2:
            todo.append(node.args[0])
        elif not isinstance(node, Lit):
            return frozenset()
    return frozenset(found)
