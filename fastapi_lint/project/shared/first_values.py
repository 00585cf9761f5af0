"""What do requests only ever set to what it holds from the start?

`def reset(self): self._destination = None`, where the constructor stores None, too: what nothing that serves has set to
anything else is not changed by that.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, EventKind, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.shared.bounded_caches import Name
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.types.values import InstanceV


class FirstValues:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, contexts: Contexts, changes: Changes) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._changes = changes

    def find(self, known_callers: bool) -> frozenset[Name]:
        """The attributes of which every store stores the one constant that the constructor does.

        With `known_callers`, what stores something else does not count if nothing is known to call it.
        """
        return frozenset(
            name
            for name, found in self._changes.by_name.items()
            if all(_stores_constant(*one) for one in found)
            and all(self._is_first_value(*one, known_callers) for one in found)
        )

    def _is_first_value(self, frame: Frame, change: Change, known_callers: bool) -> bool:
        value = frame.scope.exprs[change.event.value]
        sites = list(self._sites(frame, change))
        is_made_so = any(self._index.scope(site.gid).name == "__init__" for site in sites)
        return is_made_so and all(
            (site.expr != NONE and self._index.scope(site.gid).exprs[site.expr] == value)
            or (known_callers and not self._may_run(site.gid))
            for site in sites
        )

    def _sites(self, frame: Frame, change: Change) -> Iterator[Site]:
        """Where anyone stores the attribute: the methods of its classes, and other code."""
        classes, name = self._inference.classes, change.event.name
        for owner in self._inference.type(frame, change.event.expr):
            if isinstance(owner, InstanceV):
                yield from classes.stored_outside(owner, name)
                for one in (owner.gid, *classes.subclasses(owner.gid)):
                    yield from classes.stored(one, name)

    def _may_run(self, gid: int) -> bool:
        scope = self._index.scope(gid)
        if scope.name == "__init__":
            return True
        return bool(self._contexts.categories(gid)) or (scope.is_async and self._contexts.serves(gid))


def _stores_constant(frame: Frame, change: Change) -> bool:
    event = change.event
    is_set = event.kind == EventKind.STORE_ATTR and not event.flag and event.value != NONE
    return is_set and isinstance(frame.scope.exprs[event.value], Lit)
