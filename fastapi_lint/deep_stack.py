"""Room for recursion: tree walk and inference recurse as deeply as the code nests."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

_STACK = 512 * 1024 * 1024
_RECURSION = 100_000

Result = TypeVar("Result")


def with_deep_stack(work: Callable[[], Result]) -> Result:
    """Runs `work` in a thread whose stack fits deeply nested code."""
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller, whatever it is
            failure.append(error)

    old_stack, old_limit = threading.stack_size(_STACK), sys.getrecursionlimit()
    sys.setrecursionlimit(_RECURSION)
    try:
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old_stack)
        sys.setrecursionlimit(old_limit)
    if failure:
        raise failure[0]
    return outcome[0]
