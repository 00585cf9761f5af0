"""Is the host of a look-up known to be an address, or known to be none, because `ip_address(host)` has said so?

A numeric address needs no name server (`getaddrinfo`), and what turns addresses into names (`getnameinfo`) refuses a
name at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, EventKind, Scope, Seq
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import behind_names, same
from fastapi_lint.project.types.values import ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_PARSERS = {
    "ipaddress.ip_address": 0,
    "ipaddress.IPv4Address": 0,
    "ipaddress.IPv6Address": 0,
    "socket.inet_aton": 0,
    "socket.inet_pton": 1,
}
"""What fails for all that is no address, with the position of the text."""
_FAILURES = frozenset(f"builtins.{name}" for name in ("Exception", "OSError", "ValueError"))


def is_as_wanted(inference: Inference, frame: Frame, node: Call, event: int, wanted: str) -> bool:
    """Whether the host that a call looks up, its first argument, is known to be an `address`, or a `name`."""
    scope = frame.scope
    given = behind_names(scope, node.args[0]) if node.args else NONE
    parts = scope.exprs[given] if given != NONE else None
    host = parts.items[0] if isinstance(parts, Seq) and parts.items else node.args[0] if node.args else NONE
    if host == NONE:
        return False
    tests = _tests(inference, frame, host, event)
    if wanted == "address":
        return any(_has_passed(scope, test, event) for test in tests)
    return any(_has_failed(inference, frame, test, event) for test in tests)


def _tests(inference: Inference, frame: Frame, host: int, event: int) -> Iterator[int]:
    """The events before which read the same host as an address."""
    scope = frame.scope
    for number, earlier in enumerate(scope.events[:event]):
        node = scope.exprs[earlier.expr] if earlier.kind == EventKind.CALL else None
        for value in inference.type(frame, node.func) if isinstance(node, Call) else ():
            position = _PARSERS.get(value.name) if isinstance(value, ExternalV) else None
            if isinstance(node, Call) and position is not None and len(node.args) > position:
                if same(scope, node.args[position], host):
                    yield number


def _has_passed(scope: Scope, test: int, event: int) -> bool:
    """Whether control gets to an event only after the test has succeeded."""
    here = list(around(scope, scope.events[event].region))
    if scope.events[test].region not in here:
        return False
    below = here[: here.index(scope.events[test].region)]
    return not any(scope.regions[number].kind == "except" for number in below)


def _has_failed(inference: Inference, frame: Frame, test: int, event: int) -> bool:
    """Whether an event stands where the failure of the test is handled, before which nothing else has been tried."""
    scope = frame.scope
    for number in around(scope, scope.events[event].region):
        handler = scope.regions[number]
        if handler.kind != "except" or handler.expr == NONE:
            continue
        caught = {one.name for one in inference.type(frame, handler.expr) if isinstance(one, ExternalV)}
        tried = (n for n, e in enumerate(scope.events) if within(scope, e.region, {handler.parent}))
        calls = (n for n in tried if scope.events[n].kind == EventKind.CALL)
        if caught and caught <= _FAILURES and next(calls, NONE) == test:
            return True
    return False
