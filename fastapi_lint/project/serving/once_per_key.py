"""Which code that request handling reaches runs once for a key, and not for each request?"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import Call, Event
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.keyed_use import Keyed, taken_from
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.serving.request_data import RequestData


class OncePerKey:
    """For keys that no request brings: there are no more of them than the program knows."""

    def __init__(self, graph: Graph, contexts: Contexts, lifetimes: Lifetimes, request_data: RequestData) -> None:
        self._index = graph.index
        self._keyed_use = graph.inference.keyed_use
        self._contexts = contexts
        self._lifetimes = lifetimes
        self._request_data = request_data
        self._for_known: dict[tuple[int, int], bool] = {}

    def is_first(self, frame: Frame, region: int) -> bool:
        """Whether a region runs the first time for its key, and none of its keys is ever taken out again."""
        missed = self._keyed_use.at(frame.gid, region)
        return any(one.slot.name not in self._taken_from and self._is_known(frame, one) for one in missed)

    def is_missed(self, frame: Frame, region: int) -> bool:
        """Whether a region puts in what a look-up in a container that lasts has missed."""
        return any(self._is_known(frame, one) for one in self._keyed_use.at(frame.gid, region))

    def _is_known(self, frame: Frame, one: Keyed) -> bool:
        lasts = self._lifetimes.lasts(frame, "object" if one.slot.on_receiver else "process")
        return lasts and not self._request_data.is_of_many(frame.gid, one.key)

    def is_for_known(self, gid: int, expr: int) -> bool:
        """Whether a call passes, as the key of what a cached function keeps, nothing that is the request's."""
        known = self._for_known.get((gid, expr))
        if known is None:
            node = self._index.scope(gid).exprs[expr]
            given = (*node.args, *(value for _, value in node.keywords)) if isinstance(node, Call) else (expr,)
            known = not any(self._request_data.is_of_many(gid, value) for value in given)
            self._for_known[gid, expr] = known
        return known

    def is_first_of_class(self, frame: Frame, event: Event) -> bool:
        """Whether an event puts into a list the one object of its class, or into a set what that has lacked."""
        slot = self._keyed_use.searched(frame.gid, event) or self._keyed_use.completed(frame.gid, event)
        if slot is None or slot.name in self._taken_from:
            return False
        return self._lifetimes.lasts(frame, "object" if slot.on_receiver else "process")

    @cached_property
    def _taken_from(self) -> frozenset[str]:
        """The names of the containers that request code takes things out of, or replaces."""
        gids = {frame.gid for frame in self._contexts.reached("request")}
        scopes = [self._index.scope(gid) for gid in gids]
        return frozenset(name for scope in scopes for event in scope.events for name in taken_from(scope, event))
