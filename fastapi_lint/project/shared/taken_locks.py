"""Where does a function hold a lock that it has taken by hand, up to the `finally` that releases it?

`lock.acquire()` before a `try`, or `if not lock.acquire(blocking=False): raise`: who gets to the `try` has the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import behind_names, same
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV

_WAITING = frozenset({"block", "blocking"})


class TakenLocks:
    """Asked function by function; `is_exclusive` says whether a value is a lock that one at a time holds."""

    def __init__(self, inference: Inference, is_exclusive: Callable[[object], bool]) -> None:
        self._inference = inference
        self._is_exclusive = is_exclusive

    def regions(self, frame: Frame) -> Iterator[int]:
        """The `try` regions that are only entered with a lock in hand, which their `finally` gives back."""
        scope = frame.scope
        for number, region in enumerate(scope.regions):
            if region.kind == "finally":
                body = _body_of(scope, number)
                locks = [lock for _, call, lock in _calls(scope, "release", range(len(scope.events)), number)]
                if any(self._is_taken_before(frame, body, lock) for lock in locks):
                    yield body

    def _is_taken_before(self, frame: Frame, body: int, lock: int) -> bool:
        scope = frame.scope
        begin = next((n for n, one in enumerate(scope.events) if within(scope, one.region, (body,))), 0)
        taken = [
            (number, call)
            for number, call, taken in _calls(scope, "acquire", range(begin), 0)
            if same(scope, taken, lock)
        ]
        if not taken or self._is_own(frame, lock):
            return False
        if not any(map(self._is_exclusive, self._inference.type(frame, lock))):
            return False
        number, call = taken[-1]
        given_back = _calls(scope, "release", range(number, begin), 0)
        if any(same(scope, other, lock) for _, _, other in given_back):
            return False
        comes_by = within(scope, body, (scope.events[number].region,))
        return comes_by and (_waits(scope, call) or _is_asked(scope, body, call))

    def _is_own(self, frame: Frame, lock: int) -> bool:
        """Whether the function has made the lock itself, so that nobody else waits for it."""
        node = frame.scope.exprs[behind_names(frame.scope, lock)]
        called = self._inference.type(frame, node.func) if isinstance(node, Call) else ()
        return any(isinstance(value, ExternalV) for value in called)


def _body_of(scope: Scope, number: int) -> int:
    """The `try` that a `finally` belongs to."""
    parent = scope.regions[number].parent
    tries = (
        n for n in range(number - 1, 0, -1) if scope.regions[n].kind == "try" and scope.regions[n].parent == parent
    )
    return next(tries, NONE)


def _calls(scope: Scope, name: str, events: range, region: int) -> Iterator[tuple[int, int, int]]:
    """The calls of a method in a region: the number of the event, the call, and what it is called on."""
    for number in events:
        event = scope.events[number]
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(func, Attr) and func.name == name and within(scope, event.region, (region,)):
            yield number, event.expr, func.base


def _waits(scope: Scope, call: int) -> bool:
    """Whether `acquire` comes back with the lock only: it may neither give up at once nor after some time."""
    node = scope.exprs[call]
    if not isinstance(node, Call):
        return False
    given = [*node.args, *(value for name, value in node.keywords if name in _WAITING)]
    return len(given) == len(node.args) + len(node.keywords) <= 1 and all(
        scope.exprs[one] == Lit(True) for one in given
    )


def _is_asked(scope: Scope, body: int, call: int) -> bool:
    """Whether the branches around ask what `acquire` has given, and it is yes: `if not lock.acquire(...): raise`."""
    for number in around(scope, body):
        region = scope.regions[number]
        if region.kind in ("if", "else") and region.expr != NONE:
            tests = implied(scope, region.expr, region.kind == "if")
            if any(is_true and behind_names(scope, test) == call for test, is_true in tests):
                return True
    return False
