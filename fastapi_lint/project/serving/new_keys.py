"""Which keys does each run make anew, so that no other run has the same? `uuid.uuid4()`, `secrets.token_hex()`."""

from __future__ import annotations

from fastapi_lint.facts import NONE, Await, Call, Choice, Declared, Narrow, Param, Phi, Use
from fastapi_lint.project.code.spelling import signature
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.types.values import ExternalV

_MAKERS = frozenset(
    {"uuid.uuid1", "uuid.uuid4", "uuid.uuid7", "secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe"}
)
_MOST_HOPS = 8


class NewKeys:
    """Follows keys back through the calls that hand them over; answers are kept."""

    def __init__(self, graph: Graph, request_data: RequestData) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._request_data = request_data
        self._known: dict[tuple[int, int], bool] = {}

    def is_new(self, gid: int, expr: int, hops: int = 0) -> bool:
        """Whether an expression of scope `gid` has such a part, or is a parameter for which all calls pass that."""
        if expr == NONE or hops > _MOST_HOPS:
            return False
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if isinstance(node, Param):
            return self._is_passed(gid, node.index)
        if isinstance(
            node, (Use, Phi)
        ):  # each of several possibilities has to be new: `given or str(uuid4())` may not be
            values = [scope.defs[number].value for number in node.defs]
            return bool(values) and all(self.is_new(gid, value, hops + 1) for value in values)
        if isinstance(node, Choice):
            return all(self.is_new(gid, item, hops + 1) for item in node.items)
        if isinstance(node, Call) and self._makes(gid, node):
            return True
        inside = [node.value] if isinstance(node, (Await, Declared, Narrow)) else signature(node)[1]
        return any(self.is_new(gid, part, hops + 1) for part in inside)

    def _makes(self, gid: int, node: Call) -> bool:
        called = self._inference.type(self._inference.plain_frame(gid), node.func)
        return any(isinstance(value, ExternalV) and value.name in _MAKERS for value in called)

    def _is_passed(self, gid: int, number: int) -> bool:
        known = self._known.get((gid, number))
        if known is None:
            self._known[gid, number] = False  # what is only passed on to itself comes from nowhere
            given = self._request_data.given(gid, number)
            known = bool(given) and all(self.is_new(at, value) for at, value in given)
            self._known[gid, number] = known
        return known
