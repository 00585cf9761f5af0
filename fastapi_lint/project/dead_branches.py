"""Which branches does a frame never take, for what its caller passes and for the kind of a function?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Bin, Call, Choice, Lit, Use
from fastapi_lint.project.index import Frame
from fastapi_lint.project.inference import Inference
from fastapi_lint.project.values import ExternalV, FunctionV, LiteralV, MethodV

_ASKS_FOR_COROUTINE_FUNCTION = frozenset({"inspect.iscoroutinefunction", "asyncio.iscoroutinefunction"})


class DeadBranches:
    """The regions of one frame's scope whose condition is known to fail."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = inference.index.scope(frame.gid)

    def regions(self) -> set[int]:
        """Their numbers, without the regions nested in them."""
        found: set[int] = set()
        for number, region in enumerate(self._scope.regions):
            if region.kind in ("if", "else") and region.expr != NONE:
                truth = self._truth(region.expr)
                if truth is not None and truth is (region.kind == "else"):
                    found.add(number)
        return found

    def _truth(self, expr: int) -> bool | None:
        node = self._scope.exprs[expr]
        if isinstance(node, Bin):
            return self._operation(node)
        if isinstance(node, Choice):
            parts = [self._truth(item) for item in node.items]
            if True in parts:
                return True
            return False if all(part is False for part in parts) else None
        if isinstance(node, Call):
            return self._is_coroutine_function(node)
        literal = self._literal(expr)
        return None if literal is None else bool(literal.value)

    def _operation(self, node: Bin) -> bool | None:
        if node.op == "not":
            inner = self._truth(node.left)
            return None if inner is None else not inner
        if node.op == "and":
            parts = [self._truth(node.left), self._truth(node.right)]
            if False in parts:
                return False
            return True if all(part is True for part in parts) else None
        if node.op in ("is", "is not") and self._scope.exprs[node.right] == Lit(None):
            literal = self._literal(node.left)
            return None if literal is None else (literal.value is None) is (node.op == "is")
        return None

    def _literal(self, expr: int) -> LiteralV | None:
        """The constant that the caller passes for the parameter behind a name."""
        if not isinstance(self._scope.exprs[expr], Use) or not self._frame.bound:
            return None
        kind = self._inference.type(self._frame, expr)
        return kind[0] if len(kind) == 1 and isinstance(kind[0], LiteralV) else None

    def _is_coroutine_function(self, node: Call) -> bool | None:
        asked = self._inference.type(self._frame, node.func)
        names = {value.name for value in asked if isinstance(value, ExternalV)}
        if not names & _ASKS_FOR_COROUTINE_FUNCTION or len(node.args) != 1:
            return None
        kinds = set()
        for value in self._inference.type(self._frame, node.args[0]):
            function = value.function if isinstance(value, MethodV) else value
            if not isinstance(function, FunctionV):
                return None
            kinds.add(self._inference.index.scope(function.gid).is_async)
        return kinds.pop() if len(kinds) == 1 else None
