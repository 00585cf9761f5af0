"""Which branches does a frame never take, for what its caller passes and for the kind of a function?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Lit, Param, Scope, Seq, Use
from fastapi_lint.project.index import Frame, strings
from fastapi_lint.project.values import ExternalV, FunctionV, LiteralV, MethodV

if TYPE_CHECKING:
    from fastapi_lint.project.inference import Inference

_ASKS_FOR_COROUTINE_FUNCTION = frozenset({"inspect.iscoroutinefunction", "asyncio.iscoroutinefunction"})


def within(scope: Scope, region: int, wanted: set[int]) -> bool:
    """Whether a region is one of `wanted` or nested in one."""
    while region != NONE:
        if region in wanted:
            return True
        region = scope.regions[region].parent
    return False


class DeadBranches:
    """The regions of one frame's scope whose condition is known to fail."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = inference.index.scope(frame.gid)
        self._dead: set[int] = set()

    def regions(self) -> set[int]:
        """Their numbers, without the regions nested in them."""
        self._dead = found = set[int]()
        if not self._frame.bound and not self._inference.index.has_calls_in_conditions(self._frame.gid):
            return found  # nothing is known of this frame that a condition could ask for
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
            known = self._prefix(node)
            return self._is_coroutine_function(node) if known is None else known
        literal = self._literal(expr)
        return None if literal is None else bool(literal.value)  # a string counts as not empty: nobody passes ""

    def _operation(self, node: Bin) -> bool | None:
        if node.op == "not":
            inner = self._truth(node.left)
            return None if inner is None else not inner
        if node.op == "and":
            parts = [self._truth(node.left), self._truth(node.right)]
            if False in parts:
                return False
            return True if all(part is True for part in parts) else None
        if node.op in ("equals", "differs", "among", "not among"):
            return self._comparison(node)
        if node.op in ("is", "is not") and self._scope.exprs[node.right] == Lit(None):
            literal = self._literal(node.left)
            return None if literal is None else (literal.value is None) is (node.op == "is")
        return None

    def _comparison(self, node: Bin) -> bool | None:
        literal = self._literal(node.left)
        right = self._scope.exprs[node.right]
        if literal is None or not isinstance(literal.value, str):
            return None
        among = isinstance(right, Seq) and node.op in ("among", "not among")
        if not among and not (isinstance(right, Lit) and node.op in ("equals", "differs")):
            return None
        wanted = strings(self._scope, node.right)
        if isinstance(right, Seq) and len(wanted) != len(right.items):
            return None
        return (literal.value in wanted) is (node.op in ("equals", "among"))

    def _prefix(self, node: Call) -> bool | None:
        """`name.startswith("x")` for a constant name."""
        func = self._scope.exprs[node.func]
        if not isinstance(func, Attr) or func.name not in ("startswith", "endswith") or len(node.args) != 1:
            return None
        literal = self._literal(func.base)
        wanted = tuple(strings(self._scope, node.args[0]))
        if literal is None or not isinstance(literal.value, str) or not wanted:
            return None
        return literal.value.startswith(wanted) if func.name == "startswith" else literal.value.endswith(wanted)

    def _literal(self, expr: int) -> LiteralV | None:
        """The constant that the caller passes for the parameter behind a name, if no live branch has rebound it."""
        node = self._scope.exprs[expr]
        if not isinstance(node, Use) or not self._frame.bound:
            return None
        reaching = [self._scope.defs[number] for number in node.defs]
        alive = [made.value for made in reaching if not within(self._scope, made.region, self._dead)]
        value = self._scope.exprs[alive[0]] if len(alive) == 1 else None
        if not isinstance(value, Param):
            return None
        kind = self._inference.binding.parameter(self._frame, value.index)
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
