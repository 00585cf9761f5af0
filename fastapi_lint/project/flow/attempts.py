"""Which handlers does nothing reach, because what is tried only makes a coroutine, or a generator?

A decorator for plain functions, `try: return func(*args) except Exception: time.sleep(delay)`, stands above an
`async def`: calling that runs nothing of it. Whatever it raises comes up where the coroutine is awaited, outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, Event, EventKind, Expr, Free, Param, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.types.values import ExternalV, FunctionV, MethodV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_HARMLESS = frozenset(f"builtins.{name}" for name in ("bool", "callable", "isinstance", "len", "range", "str", "type"))
_QUIET = frozenset({EventKind.BREAK, EventKind.CALL, EventKind.LOAD, EventKind.OP, EventKind.RETURN, EventKind.TRUTH})
"""What may happen where nothing fails; calls, and what is iterated, are looked at, and attributes are called."""
_DEEPEST = 4


class Attempts:
    """Answers for frames; what may be asked for is found once for each scope."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._tries: dict[int, dict[int, tuple[Event, ...]]] = {}
        self._open: list[Frame] = []

    def unreached(self, frame: Frame) -> Iterator[int]:
        """The handlers of a frame behind bodies that call nothing but what makes coroutines."""
        for body, events in self._tried(frame.gid).items():
            if self._is_quiet(frame, events):
                regions = enumerate(frame.scope.regions)
                yield from (n for n, region in regions if region.kind == "except" and region.parent == body)

    def _tried(self, gid: int) -> dict[int, tuple[Event, ...]]:
        """The bodies with handlers of which nothing says yet that they may fail, with what happens in them."""
        known = self._tries.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            bodies = {body: tuple(events) for body, events in _attempted(scope).items()}
            known = self._tries[gid] = {body: events for body, events in bodies.items() if _may_be_quiet(scope, events)}
        return known

    def _is_quiet(self, frame: Frame, events: tuple[Event, ...]) -> bool:
        """Whether none of the calls fails, and one of them makes a coroutine."""
        has_made = False
        for event in events:
            node = frame.scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if not isinstance(node, Call):
                continue
            called = self._inference.type(frame, node.func)
            if not called or not all(self._cannot_fail(frame, node, value) for value in called):
                return False
            has_made = has_made or not any(isinstance(value, ExternalV) for value in called)
        return has_made

    def _cannot_fail(self, frame: Frame, node: Call, value: Value) -> bool:
        if isinstance(value, ExternalV):
            return value.name in _HARMLESS
        if not isinstance(value, (FunctionV, MethodV)):
            return False
        gid = value.function.gid if isinstance(value, MethodV) else value.gid
        scope = self._index.scope(gid)
        if scope.is_async or scope.is_generator:
            return True
        inner = self._inference.binding.frame_for(value, frame, node)
        if scope.is_stub or inner in self._open or len(self._open) > _DEEPEST:
            return False
        self._open.append(inner)
        try:
            return self._hands_on(inner)
        finally:
            self._open.pop()

    def _hands_on(self, frame: Frame) -> bool:
        """Whether a plain function does nothing but call what makes a coroutine."""
        scope = frame.scope
        dead = dead_regions(self._inference, frame)
        live = tuple(event for event in scope.events if not within(scope, event.region, dead))
        raising = (n for n, region in enumerate(scope.regions) if region.behind == "raise")
        if any(not within(scope, number, dead) for number in raising):
            return False
        return _may_be_quiet(scope, live) and self._is_quiet(frame, live)


def _attempted(scope: Scope) -> dict[int, list[Event]]:
    """What happens in the body of each `try` that has handlers, without those."""
    found: dict[int, list[Event]] = {region.parent: [] for region in scope.regions if region.kind == "except"}
    for event in scope.events if found else ():
        is_handler = False
        for number in around(scope, event.region):
            if number in found and not is_handler:
                found[number].append(event)
            is_handler = scope.regions[number].kind == "except"
    return found


def _may_be_quiet(scope: Scope, events: tuple[Event, ...]) -> bool:
    calls = [node for event in events if isinstance(node := _node(scope, event.expr), Call)]
    called = {node.func for node in calls}  # `self.make` of `self.make()`
    return bool(calls) and all(
        event.kind in _QUIET
        or (event.kind == EventKind.ATTR and event.expr in called)
        or (event.kind == EventKind.ITER and _is_plain(scope, event.expr))
        for event in events
    )


def _is_plain(scope: Scope, iterated: int) -> bool:
    """Whether nothing of the project runs where this is iterated: `range(3)`, the `args` of `*args`."""
    node = _node(scope, iterated)
    if isinstance(node, Call):
        return scope.exprs[node.func] == Free("range")
    return isinstance(node, Use) and all(isinstance(scope.exprs[scope.defs[n].value], Param) for n in node.defs)


def _node(scope: Scope, expr: int) -> Expr | None:
    return scope.exprs[expr] if expr != NONE else None
