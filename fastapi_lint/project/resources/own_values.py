"""Is an object a request's own value, because the function that makes it changes it by data of the request?

`config = Settings(); config.update(changes)`: to share one would be a bug.
"""

from __future__ import annotations

from fastapi_lint.facts import Attr, Call, Event, EventKind, Free, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.resources.keeping import values
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExtMemberV, InstanceV, MethodV

_SETTERS = frozenset({"setattr"})


class OwnValues:
    """Answers by creating call: of the project's own classes only, since what a library gives is set up like this."""

    def __init__(self, inference: Inference, request_data: RequestData) -> None:
        self._inference = inference
        self._request_data = request_data

    def is_own(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether the object is changed by what comes with the request."""
        made = call.value.receiver if isinstance(call.value, ExtMemberV) else None
        if not isinstance(made, InstanceV):
            return False
        return any(self._changes(frame, event, call.expr) for event in frame.scope.events)

    def _changes(self, frame: Frame, event: Event, made: int) -> bool:
        scope = frame.scope
        if event.kind == EventKind.STORE_ATTR:
            return made in values(scope, event.expr) and self._request_data.is_from_request(frame.gid, event.value)
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if not isinstance(node, Call):
            return False
        given = [*node.args, *(value for _, value in node.keywords)]
        func = scope.exprs[node.func]
        if isinstance(func, Free) and func.name in _SETTERS:
            changed, given = given[:1], given[1:]
        elif isinstance(func, Attr):
            changed = [func.base] if self._is_change(frame, node.func) else []
        else:
            return False
        return any(made in values(scope, base) for base in changed) and any(
            self._request_data.is_from_request(frame.gid, value) for value in given
        )

    def _is_change(self, frame: Frame, func: int) -> bool:
        """Whether a method of the project changes its object."""
        index = self._inference.index
        return any(
            _is_change_of_self(index.scope(value.function.gid), event)
            for value in self._inference.type(frame, func)
            if isinstance(value, MethodV)
            for event in index.scope(value.function.gid).events
        )


def _is_change_of_self(scope: Scope, event: Event) -> bool:
    if event.kind == EventKind.STORE_ATTR:
        return is_receiver(scope, event.expr)
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
    return (
        isinstance(node, Call) and isinstance(func, Free) and func.name in _SETTERS and is_receiver(scope, node.args[0])
    )
