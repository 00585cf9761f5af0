"""Which code of a function never runs on the event loop, because the function asks first?

Functions that serve both worlds probe for a running loop: `get_running_loop()` raises where there is none,
`loop.is_running()` is true where there is one. The other branch is not loop code, whoever calls the function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, EventKind, Lit, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import truth
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, FunctionV, MethodV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_PROBES = frozenset(
    {
        "asyncio.get_running_loop",
        "asyncio.get_event_loop",
        "asyncio.current_task",
        "sniffio.current_async_library",
    }
)
_LOOP = "asyncio.AbstractEventLoop"


class OffLoop:
    """The regions of a frame's scope that a running loop excludes."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = inference.index.scope(frame.gid)
        self._truths: dict[int, bool | None] = {}
        self._probing: dict[int, bool] = {}

    def regions(self) -> set[int]:
        """Their numbers, without the regions nested in them."""
        return {number for number in range(1, len(self._scope.regions)) if self._is_excluded(number)}

    def _is_excluded(self, number: int) -> bool:
        region = self._scope.regions[number]
        if region.kind == "except":
            if region.parent not in self._probing:  # several handlers stand behind one body
                self._probing[region.parent] = region.parent != NONE and self._probes(region.parent)
            return self._probing[region.parent]
        if region.kind in ("if", "else") and region.expr != NONE:
            if region.expr not in self._truths:  # two branches have one condition
                self._truths[region.expr] = self._truth(region.expr)
            truth = self._truths[region.expr]
            return truth is not None and truth is (region.kind == "else")
        return False

    def _probes(self, number: int) -> bool:
        """Whether the body of a `try` asks for the running loop."""
        if self._scope.regions[number].kind != "try":
            return False
        return any(
            event.region == number and event.kind == EventKind.CALL and self._is_probe(event.expr)
            for event in self._scope.events
        )

    def _is_probe(self, expr: int, hops: int = 0) -> bool:
        node = self._scope.exprs[expr]
        if type(node) is not Call:
            return False
        called = self._inference.type(self._frame, node.func)
        if any(type(value) is ExternalV and value.name in _PROBES for value in called):
            return True
        return hops < 2 and any(self._hands_on(function, hops) for function in self._inference.functions(called))

    def _hands_on(self, function: FunctionV | MethodV, hops: int) -> bool:
        """Whether a function of the project returns what a probe gives."""
        frame = self._inference.binding.frame_of(function)
        inner = OffLoop(self._inference, frame)
        return any(inner._is_probe(expr, hops + 1) for expr in self._inference.names.returns(frame.gid))

    def _truth(self, expr: int) -> bool | None:
        """What a condition is where a loop runs; None if that is not known."""
        return truth(self._scope, expr, self._simple)

    def _simple(self, expr: int) -> bool | None:
        node = self._scope.exprs[expr]
        if type(node) is Bin:
            return self._operation(node)
        if type(node) is Call:
            return True if self._asks_is_running(node) or self._is_probe(expr) else self._answer(node)
        if type(node) is Lit:
            return bool(node.value)
        return True if self._is_running_loop(expr) else None

    def _operation(self, node: Bin) -> bool | None:
        if node.op in ("is", "is not") and self._scope.exprs[node.right] == Lit(None):
            is_loop = self._is_running_loop(node.left) or self._is_probe(node.left)
            return node.op == "is not" if is_loop else None
        return None

    def _answer(self, node: Call) -> bool | None:
        """What a function of the project that asks for a running loop says where there is one: `on_a_loop()`."""
        if node.args or node.keywords:
            return None
        called = self._inference.type(self._frame, node.func)
        functions = self._inference.functions(called)
        if not functions or len(functions) < len(called):
            return None
        found = {self._said(self._inference.binding.frame_of(function)) for function in functions}
        return found.pop() if len(found) == 1 else None

    def _said(self, frame: Frame) -> bool | None:
        known = self._inference.said_on_loop
        if frame.gid not in known:
            known[frame.gid] = None  # a function that asks itself
            known[frame.gid] = OffLoop(self._inference, frame).returned()
        return known[frame.gid]

    def returned(self) -> bool | None:
        """What the function gives on a loop, if it asks for one and that decides."""
        if self._scope.is_async or self._scope.is_generator or self._scope.is_stub:
            return None
        ends = [e for e in self._scope.events if e.kind == EventKind.RETURN and e.expr != NONE]
        excluded = self.regions() if ends else set()
        taken = {self._truth(e.expr) for e in ends if not within(self._scope, e.region, excluded)}
        asks = bool(excluded) or not any(isinstance(self._scope.exprs[e.expr], Lit) for e in ends)
        return taken.pop() if asks and len(taken) == 1 else None

    def _asks_is_running(self, node: Call) -> bool:
        func = self._scope.exprs[node.func]
        if not isinstance(func, Attr) or func.name != "is_running":
            return False
        owners = self._inference.type(self._frame, func.base)
        return any(isinstance(owner, ExtInstanceV) and owner.name == _LOOP for owner in owners)

    def _is_running_loop(self, expr: int) -> bool:
        """Whether a name holds the result of a probe, where there was one."""
        node = self._scope.exprs[expr]
        if not isinstance(node, Use):
            return False
        return any(self._is_probe(self._scope.defs[number].value) for number in node.defs)
