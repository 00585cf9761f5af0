"""Is what a function makes stored where it outlives the request?"""

from __future__ import annotations

from fastapi_lint.facts import Attr, Event, EventKind, Scope, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.resources.keeping import is_local_container, kept, may_keep
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.types.inference import STATE
from fastapi_lint.project.types.values import ClassV, ExtInstanceV, InstanceV


class Stores:
    """Answers by frame; what a scope stores is read once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._keeping: dict[int, list[tuple[Event, frozenset[int]]]] = {}

    def is_kept(self, frame: Frame, expr: int, event: int, lifetimes: Lifetimes) -> bool:
        """Whether the created thing is stored where it outlives the request.

        An item of a container or an attribute of something shared keeps it. A module variable or an attribute of the
        receiver keeps it only behind a guard (`if _client is None`): otherwise each request makes a new one.
        """
        scope = frame.scope
        keeping = [store for store, kept in self._keeping_events(frame.gid, scope) if expr in kept]
        guarded = bool(keeping) and stands_in(scope, scope.events[event].region, "if", "else")
        for store in keeping:
            if store.kind == EventKind.CALL:
                if guarded:
                    return True
                continue
            if store.kind == EventKind.REBIND and guarded:
                return True
            if store.kind == EventKind.STORE_ITEM and not is_local_container(scope, store.expr):
                return True
            if store.kind == EventKind.STORE_ATTR:
                if is_receiver(scope, store.expr):
                    owner = self._graph.inference.type(frame, store.expr)
                    if any(isinstance(value, ClassV) for value in owner):
                        return True
                    if guarded and not lifetimes.is_made_anew(frame):
                        return True
                elif self._is_shared(frame, store.expr):
                    return True
        return False

    def _keeping_events(self, gid: int, scope: Scope) -> list[tuple[Event, frozenset[int]]]:
        """The events of a scope that may keep things, stores and calls of what keeps them, with all that they keep."""
        known = self._keeping.get(gid)
        if known is None:
            keeping = [event for event in scope.events if may_keep(scope, event)]
            known = self._keeping[gid] = [(event, frozenset(kept(scope, event))) for event in keeping]
        return known

    def _is_shared(self, frame: Frame, expr: int) -> bool:
        node = self._graph.index.scope(frame.gid).exprs[expr]
        if isinstance(node, Var):
            owner = self._graph.index.local(frame.gid, node.scope)
            return self._graph.index.scope(owner).kind == "module"
        for value in self._graph.inference.type(frame, expr):
            if isinstance(value, ClassV) or not isinstance(value, (InstanceV, ExtInstanceV)):
                return True
            if isinstance(value, ExtInstanceV) and value.name == STATE:
                node = self._graph.index.scope(frame.gid).exprs[expr]
                return isinstance(node, Attr) and self._graph.inference.is_application(frame, node.base)
        return False
