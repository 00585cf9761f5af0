"""Which ways are taken the first time only, and was that time before the first request?"""

from __future__ import annotations

import msgspec

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.first_use import Lifetime
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.serving.start_up import StartUp
from fastapi_lint.project.types.values import InstanceV


class First(msgspec.Struct, frozen=True, gc=False):
    """A first time that function `gid` knows of: a cached one, or one that fills what it finds empty.

    `is_over` says that no request is the first.
    """

    gid: int
    is_over: bool = False


class FirstTimes:
    """In doubt an object that a request may have made lasts: a class without a constructor may be configured, too."""

    def __init__(self, start_up: StartUp, lifetimes: Lifetimes) -> None:
        self._start_up = start_up
        self._lifetimes = lifetimes

    def of_edge(self, caller: Frame, edge: Edge) -> First | None:
        """The first time to which an edge belongs, or None: it is taken each time."""
        if edge.mode == "once" or self._lifetimes.is_kept(edge.callee):
            return First(edge.callee.gid, self._has_run(edge.callee))
        return self.of_event(caller, edge.event, edge.first_use)

    def of_event(self, frame: Frame, event: int, lifetime: Lifetime) -> First | None:
        """The first time to which an event belongs, for what its tests say of it."""
        if not self._lifetimes.may_last(frame, lifetime):
            return None
        return First(frame.gid, self._start_up.runs_early(frame.gid) or self._is_filled(frame, event))

    def _has_run(self, cached: Frame) -> bool:
        """Whether a cached function, or property, has run before the first request, for all that it may be asked."""
        if len(cached.scope.params) > (1 if isinstance(cached.receiver, InstanceV) else 0):
            return False
        return self._start_up.runs_early(cached.gid) or self._start_up.runs_early(cached.gid, always=True)

    def _is_filled(self, frame: Frame, event: int) -> bool:
        """Whether that which the tests around an event ask for is there before the first request, for good."""
        events = frame.scope.events
        return 0 <= event < len(events) and self._start_up.has_filled(frame, events[event].region)
