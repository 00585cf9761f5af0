"""Which code that request handling reaches runs once for a key, and not for each request?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import Event
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

    def is_first(self, frame: Frame, region: int) -> bool:
        """Whether a region runs the first time for its key, and none of its keys is ever taken out again."""
        return any(one.slot.name not in self._taken_from for one in self.missed(frame, region))

    def missed(self, frame: Frame, region: int) -> Iterator[Keyed]:
        """What a region has missed in containers that last, and puts in."""
        for one in self._keyed_use.at(frame.gid, region):
            lasts = self._lifetimes.lasts(frame, "object" if one.slot.on_receiver else "process")
            if lasts and not self._request_data.is_of_many(frame.gid, one.key):
                yield one

    def is_first_of_class(self, frame: Frame, event: Event) -> bool:
        """Whether an event puts into a list the one object of its class."""
        slot = self._keyed_use.searched(frame.gid, event)
        if slot is None or slot.name in self._taken_from:
            return False
        return self._lifetimes.lasts(frame, "object" if slot.on_receiver else "process")

    @cached_property
    def _taken_from(self) -> frozenset[str]:
        """The names of the containers that request code takes things out of, or replaces."""
        gids = {frame.gid for frame in self._contexts.reached("request")}
        scopes = [self._index.scope(gid) for gid in gids]
        return frozenset(name for scope in scopes for event in scope.events for name in taken_from(scope, event))
