"""What can an awaited call really reach?"""

from __future__ import annotations

from fastapi_lint.facts import NONE
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.calls import Callee
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import CoroutineV, ExtInstanceV, InstanceV, Value


class Awaiting:
    """Narrows the callees of awaited calls."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def candidates(self, callees: list[Callee]) -> list[Callee]:
        """Of what an awaited call may reach, only that which can be awaited.

        A plain `def` whose result is known to be no awaitable is not what runs there: the type is too wide, or a
        decorator changed the function.
        """
        some_async = any(callee.mode == "coroutine" for callee in callees)
        return [c for c in callees if c.mode != "runs" or c.frame is None or self._gives_awaitable(c.frame, some_async)]

    def _gives_awaitable(self, frame: Frame, some_async: bool) -> bool:
        result = self._inference.calls.returned(frame)
        if not result:
            declared = self._inference.index.scope(frame.gid).returns != NONE
            return not some_async and not declared
        return any(
            isinstance(value, CoroutineV)
            or (isinstance(value, (InstanceV, ExtInstanceV)) and not self._is_plain_data(value, some_async))
            for value in result
        )

    def _is_plain_data(self, value: Value, some_async: bool) -> bool:
        """Whether a value is known not to be awaitable; where a coroutine may run as well, the catalogue is trusted."""
        if isinstance(value, InstanceV):
            return self._inference.classes.find_method(value.gid, "__await__") is None
        if not isinstance(value, ExtInstanceV):
            return False
        spec = self._inference.libraries.type(value.name) if some_async else None
        return value.name.startswith("builtins.") or (spec is not None and spec.awaited is None)
