"""Is what is stored the time from which, or up to which, something counts?"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Bin, Event, EventKind, Scope, Sub
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import looks_up, parts, same, stored_item
from fastapi_lint.project.flow.clocks import is_time
from fastapi_lint.project.serving.new_keys import NewKeys
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.unset import spells
from fastapi_lint.project.types.inference import Inference


class KeptTimes:
    """Answers about stores of request code."""

    def __init__(self, inference: Inference, request_data: RequestData, new_keys: NewKeys) -> None:
        self._inference = inference
        self._request_data = request_data
        self._new_keys = new_keys

    def is_one(self, frame: Frame, event: Event, lazy: bool) -> bool:
        """Whether a store keeps such a time; `lazy` says that it does so the first time only."""
        scope = frame.scope
        return (
            _is_timed(scope, event)
            or self._keeps_now(frame, scope, event, lazy)
            or self._is_timed_item(frame, scope, event)
        )

    def _keeps_now(self, frame: Frame, scope: Scope, event: Event, lazy: bool) -> bool:
        """Whether a store keeps the time when it is made, or one ahead, as a whole or under a key that requests share.

        What a function measures from is a time that only the first of several sets, or the level of a token bucket.
        """
        if event.flag or event.value == NONE or not is_time(self._inference, frame, event.value):
            return False
        if self._request_data.is_from_request(frame.gid, event.value):
            return False
        item = stored_item(scope, event)
        if item is None:
            is_whole = event.kind in (EventKind.REBIND, EventKind.STORE_ATTR)
            return is_whole and (lazy or not _is_measured_from(scope, event.name))
        is_nested = isinstance(scope.exprs[item.base], Sub)
        return not is_nested and not self._is_for_each(frame, item.index)

    def _is_for_each(self, frame: Frame, key: int) -> bool:
        """Whether each request has a key of its own: what it brings, or what is made anew for it."""
        return self._request_data.is_from_request(frame.gid, key) or self._new_keys.is_new(frame.gid, key)

    def _is_timed_item(self, frame: Frame, scope: Scope, event: Event) -> bool:
        """Whether a store keeps the time up to which a condition has counted, under a key that no request brings."""
        item = stored_item(scope, event)
        if item is None or event.value == NONE or self._is_for_each(frame, item.index):
            return False
        return any(
            any(looks_up(scope, old, item) for old in parts(scope, node.right)) for node in _elapsed(scope, event)
        )


def _is_timed(scope: Scope, event: Event) -> bool:
    """Whether a store keeps the time up to which a condition has counted: `if now - last > 60: ...; last = now`."""
    if event.flag or event.value == NONE or event.kind not in (EventKind.REBIND, EventKind.STORE_ATTR):
        return False
    return any(spells(scope, node.right, event.name) for node in _elapsed(scope, event))


def _elapsed(scope: Scope, event: Event) -> Iterator[Bin]:
    """How long ago something was, in the conditions around a store: `value - before`."""
    for branch in branches(scope, event.region):
        for node in (scope.exprs[part] for part in parts(scope, branch.expr)):
            if isinstance(node, Bin) and node.op == "-" and same(scope, node.left, event.value):
                yield node


def _is_measured_from(scope: Scope, name: str) -> bool:
    """Whether a function computes how long a time is ago, as a token bucket does."""
    return any(isinstance(node, Bin) and node.op == "-" and spells(scope, node.right, name) for node in scope.exprs)
