"""Which shared times decide that requests are refused?

`if now < blocked_until: raise HTTPException(429)` holds in one worker process only: the next one lets the same client
in. A time before which this process leaves alone what has just failed it (it is set in an `except`) is its own
business, and so is one that is only too long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastapi_lint.facts import NONE, Attr, Await, Bin, Call, Choice, EventKind, Expr, Lit, Scope, Sub, Use, Var
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.logic import EARLIER, LATER, order_of
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.regions import stands_in, within
from fastapi_lint.project.code.spelling import defined
from fastapi_lint.project.shared.bounded_caches import Name, last_part
from fastapi_lint.project.shared.changes import Changes

_STATUS = "status_code"
_FIRST_ERROR = 400
_ERROR_NAMES = ("HTTP_4", "HTTP_5")
_DEEPEST = 12
_MOST_HOPS = 2

_Asked = Callable[[int, Expr], bool]


class Refusals:
    """Looked for among the changes of request code."""

    def __init__(self, index: Index, changes: Changes) -> None:
        self._index = index
        self._changes = changes

    def by_time(self, times: Iterable[Name]) -> frozenset[Name]:
        """Those of some times up to which functions that requests run refuse them."""
        sites = self._changes.by_name
        asked = {
            name
            for name in times
            if not any(stands_in(frame.scope, change.event.region, "except") for frame, change in sites.get(name, ()))
        }
        uses = name_uses(self._index, frozenset(map(last_part, asked)))
        return frozenset(name for name in asked if self._is_refused(name, uses[last_part(name)]))

    def _is_refused(self, name: Name, uses: list[NameUse]) -> bool:
        bases = {self._index.module(frame.gid).base for frame, _ in self._changes.by_name.get(name, ())}
        asking = {use.gid for use in uses if self._index.module(use.gid).base in bases}

        return any(self._refuses(gid, lambda _, node: _is_named(node, last_part(name)), 0) for gid in asking)

    def _refuses(self, gid: int, is_time: _Asked, hops: int) -> bool:
        """Whether a function refuses a request up to a time, or tells callers that do whether it has come."""
        scope = self._index.scope(gid)
        if any(
            _direction(scope, region.expr, is_time, 0) > 0 and _leaves_with_error(scope, number)
            for number, region in enumerate(scope.regions)
            if region.expr != NONE
        ):
            return True
        given = [event.expr for event in scope.events if event.kind == EventKind.RETURN and event.expr != NONE]
        if hops >= _MOST_HOPS or not any(_direction(scope, expr, is_time, 0) > 0 for expr in given):
            return False
        return any(
            edge.event >= 0 and self._refuses(caller.gid, _is(caller.scope.events[edge.event].expr), hops + 1)
            for frame in self._changes.requests.frames
            if frame.gid == gid
            for caller, edge in self._changes.requests.callers(frame)
        )


def _is(call: int) -> _Asked:
    return lambda number, _: number == call


def _is_named(node: Expr, name: str) -> bool:
    return isinstance(node, (Attr, Var)) and node.name == name


def _leaves_with_error(scope: Scope, number: int) -> bool:
    """Whether a branch raises, or answers with an error."""
    region = scope.regions[number]
    if region.kind != "if":
        return region.kind == "else" and region.behind == "raise"
    return any(
        event.kind == EventKind.RETURN and event.expr != NONE and _is_error(scope, event.expr)
        for event in scope.events
        if within(scope, event.region, (number,))
    )


def _direction(scope: Scope, expr: int, is_time: _Asked, depth: int) -> int:
    """Whether a later time makes an expression larger, or a condition true (1), or the contrary (-1)."""
    node = scope.exprs[expr]
    if depth > _DEEPEST:
        return 0
    if is_time(expr, node):
        return 1
    if isinstance(node, Use) and len(node.defs) == 1:
        return _direction(scope, scope.defs[node.defs[0]].value, is_time, depth + 1)
    if isinstance(node, Bin):
        sides = [part for part in (node.left, node.right) if part != NONE]
        left, right = ([_direction(scope, part, is_time, depth + 1) for part in sides] + [0])[:2]
        if node.op == "not":
            return -left
        op = order_of(scope, node) if node.op == "compares" else node.op
        return left - right if op == "-" or op in LATER else right - left if op in EARLIER else left + right
    if isinstance(node, Choice):
        return sum(_direction(scope, item, is_time, depth + 1) for item in node.items)
    if isinstance(node, (Await, Sub)):
        return _direction(scope, node.value if isinstance(node, Await) else node.base, is_time, depth + 1)
    if isinstance(node, Call):
        func = scope.exprs[node.func]
        given = [*node.args, func.base] if isinstance(func, Attr) else node.args
        return sum(_direction(scope, part, is_time, depth + 1) for part in given)
    return 0


def _is_error(scope: Scope, expr: int) -> bool:
    """Whether an answer says that it is one of an error: `JSONResponse({...}, status_code=429)`."""
    node = scope.exprs[defined(scope, expr)]
    given = dict(node.keywords).get(_STATUS, NONE) if isinstance(node, Call) else NONE
    status = scope.exprs[given] if given != NONE else None
    if isinstance(status, Lit):
        return isinstance(status.value, int) and status.value >= _FIRST_ERROR
    return isinstance(status, Attr) and status.name.startswith(_ERROR_NAMES)
