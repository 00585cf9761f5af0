"""Is the peer of a client, or what proves who asks, the request's own?

`httpx.AsyncClient(base_url=tenant.url)`; also through a function that connects, and through what was told of the
request where it was made: `resolver.pin(url)`, then `TCPConnector(resolver=resolver)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Func, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.resources.captured import captured
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.types.values import ClassV

_ADDRESS = re.compile(
    r"account|address|auth|base|cert|connector|cookie|creator|cred|database|db|domain|dsn|endpoint|header|host|key"
    r"|organi|password|project|prox|region|resolver|secret|server|tenant|token|transport|uri|url|user"
)
_MOST_HANDED = 24


class Peers:
    """Answers by creating call."""

    def __init__(self, graph: Graph, request_data: RequestData) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._request_data = request_data
        self._with_rows = request_data.with_rows()

    def is_of_request(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether an argument that names the peer or proves who asks is data of the request.

        Of what is no client every argument counts: a model class is made of its fields, and those may be rows.
        """
        node = frame.scope.exprs[call.expr] if call.expr != NONE else None
        if not isinstance(node, Call):
            return False
        given = [*node.args[:2], *(value for name, value in node.keywords if name == "**" or _ADDRESS.search(name))]
        if call.spec.creates == "heavy-object":
            given = [*node.args, *(value for _, value in node.keywords)]
            if any(self._with_rows.is_from_request(frame.gid, value) for value in given):
                return True
        return any(self._is_from_request(frame, value) for value in given)

    def _is_from_request(self, frame: Frame, value: int) -> bool:
        if self._request_data.is_from_request(frame.gid, value):
            return True
        handed = list(_handed(frame.scope, value))
        return any(self._takes(frame, one) for one in handed) or any(
            self._is_told(frame, made) for one in handed for made in self._made_here(frame, one)
        )

    def _takes(self, frame: Frame, expr: int) -> bool:
        """Whether an expression is a function that is defined here and takes data of the request."""
        node = frame.scope.exprs[expr]
        if not isinstance(node, Func):
            return False
        used = captured(self._index, frame.gid, self._index.local(frame.gid, node.scope))
        return any(self._request_data.is_from_request(frame.gid, value) for values in used.values() for value in values)

    def _made_here(self, frame: Frame, expr: int) -> Iterator[int]:
        """The definition of a local name that stands for an object of a class of the project, made in this function."""
        scope = frame.scope
        node = scope.exprs[expr]
        if not isinstance(node, Use) or len(node.defs) != 1:
            return
        made = scope.exprs[scope.defs[node.defs[0]].value]
        kind = self._inference.type(frame, made.func) if isinstance(made, Call) else ()
        if kind and all(isinstance(value, ClassV) for value in kind):
            yield node.defs[0]

    def _is_told(self, frame: Frame, definition: int) -> bool:
        """Whether a method of an object, or a function that gets it, is given data of the request."""
        scope = frame.scope
        names = {n for n, node in enumerate(scope.exprs) if isinstance(node, Use) and definition in node.defs}
        return any(
            any(self._request_data.is_from_request(frame.gid, value) for value in given)
            for event in scope.events
            for given in _given_beside(scope, event, names)
        )


def _handed(scope: Scope, expr: int) -> Iterator[int]:
    """An argument, and those of the calls that make it."""
    todo = [expr]
    for _ in range(_MOST_HANDED):
        if not todo:
            return
        number = todo.pop()
        yield number
        node = scope.exprs[number]
        if isinstance(node, Use):
            todo += [scope.defs[definition].value for definition in node.defs]
        elif isinstance(node, Call):
            todo += [*node.args, *(value for _, value in node.keywords)]


def _given_beside(scope: Scope, event: Event, names: set[int]) -> Iterator[list[int]]:
    """What a call is given beside an object, on which it is called or which is an argument, too."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    if not isinstance(node, Call):
        return
    given = [*node.args, *(value for _, value in node.keywords)]
    func = scope.exprs[node.func]
    if names.intersection(given) or (isinstance(func, Attr) and func.base in names):
        yield [value for value in given if value not in names]
