"""Which call of a caller does an edge of the call graph stand for?

An edge may stand for a call that names its callee, for an `await` or a loop over what was called before, or for neither
(a callback, an offload): what such a one passes is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Call, Event, EventKind
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import FunctionV, MethodV

_RUNNING = frozenset({EventKind.AWAIT, EventKind.ITER, EventKind.YIELD})
_MOST_MAKERS = 3


class NamedCalls:
    """The calls behind the edges."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def itself(self, caller: Frame, edge: Edge) -> Call | None:
        """The call that an edge stands for, if it names the callee itself: no offload, no callback.

        What runs where something iterates it, or awaits it, was called before: `async for part in answer(agent)`.
        """
        scope, event = caller.scope, _event(caller, edge)
        node = scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
        if event is not None and event.kind in _RUNNING and event.expr != NONE:
            node = scope.exprs[behind_names(scope, event.expr)]
        return node if isinstance(node, Call) and self._names(caller, node, edge.callee.gid) else None

    def of(self, caller: Frame, edge: Edge) -> Iterator[tuple[Frame, Call]]:
        """That call, or the one in a function that gives what the caller awaits or iterates."""
        call = self.itself(caller, edge)
        if call is not None:
            yield caller, call
            return
        event = _event(caller, edge)
        if event is not None and event.kind in _RUNNING and event.expr != NONE:
            yield from self._made_in(caller, behind_names(caller.scope, event.expr), edge.callee.gid, 0)

    def _made_in(self, frame: Frame, expr: int, wanted: int, depth: int) -> Iterator[tuple[Frame, Call]]:
        """The calls of a function that give the coroutine or generator which an expression stands for."""
        node = frame.scope.exprs[expr]
        if not isinstance(node, Call) or depth > _MOST_MAKERS:
            return
        if depth and self._names(frame, node, wanted):
            yield frame, node
            return
        for function in self._inference.functions(self._inference.type(frame, node.func)):
            inner = self._inference.binding.frame_for(function, frame, node)
            for returned in self._inference.names.returns(inner.gid) if inner.gid != frame.gid else ():
                yield from self._made_in(inner, behind_names(inner.scope, returned), wanted, depth + 1)

    def _names(self, frame: Frame, node: Call, gid: int) -> bool:
        """Whether a call names a function itself."""
        called = (one.function if isinstance(one, MethodV) else one for one in self._inference.type(frame, node.func))
        return any(isinstance(one, FunctionV) and one.gid == gid for one in called)


def _event(caller: Frame, edge: Edge) -> Event | None:
    events = caller.scope.events
    return events[edge.event] if 0 <= edge.event < len(events) else None
