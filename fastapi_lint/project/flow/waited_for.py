"""Is all that a pool was given done before its `with` block ends, because the block itself has waited for it?

`with ThreadPoolExecutor() as pool: futures = [pool.submit(work, x) for x in xs]; return [f.result() for f in futures]`:
the wait is `result`, and the end of the block finds idle threads. A wait with a timeout, or a loop that is left before
its end, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import Attr, Call, Comp, Enter, Event, EventKind, Free, Iter, Map, Scope, Seq, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import same
from fastapi_lint.project.types.values import ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_RESULTS = frozenset({"result", "exception"})
_TAKING_ALL = frozenset({"dict", "list", "max", "min", "set", "sorted", "sum", "tuple"})
_BRANCHES = frozenset({"if", "else", "except", "genexpr"})
_WAIT = ExternalV("concurrent.futures.wait")
_AS_COMPLETED = ExternalV("concurrent.futures.as_completed")


def is_all_waited_for(inference: Inference, frame: Frame, pool: int) -> bool:
    """Whether the block of a `with` statement waits for whatever it hands to the pool that is entered."""
    scope = frame.scope
    blocks = {number for number, region in enumerate(scope.regions) if region.kind == "with" and region.expr == pool}
    given = [(n, e) for n, e in enumerate(scope.events) if e.kind == EventKind.CALL and _is_on_pool(scope, e, pool)]
    uses = sum(_is_pool(scope, expr, pool) for expr in range(len(scope.exprs)) if expr != pool)
    if not given or uses != len(given) or not all(within(scope, event.region, blocks) for _, event in given):
        return False
    waits = _Waits(inference, frame)
    return all(waits.are_for(number, event) for number, event in given)


def _is_pool(scope: Scope, expr: int, pool: int) -> bool:
    """Whether an expression is a name of the pool."""
    node = scope.exprs[expr]
    if not isinstance(node, Use):
        return False
    made = [scope.exprs[scope.defs[number].value] for number in node.defs]
    return any(isinstance(one, Enter) and one.value == pool for one in made) or same(scope, expr, pool)


def _is_on_pool(scope: Scope, event: Event, pool: int) -> bool:
    node = scope.exprs[event.expr]
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and _is_pool(scope, func.base, pool)


class _Waits:
    """The waits of one function."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = frame.scope

    def are_for(self, number: int, event: Event) -> bool:
        """Whether what a call hands to the pool is done when its block ends."""
        scope = self._scope
        node = scope.exprs[event.expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(func, Attr) or func.name not in ("submit", "map"):
            return False
        taken = {n for n in around(scope, event.region) if scope.regions[n].kind in _BRANCHES}
        holders = set(self._holders(event.expr))
        for later in scope.events[number + 1 :]:
            here = {n for n in around(scope, later.region) if scope.regions[n].kind in _BRANCHES}
            if here <= taken and self._waits(later, event.expr, holders, func.name == "map"):
                return True
        return False

    def _holders(self, made: int) -> Iterator[int]:
        """The definitions of names for what a call gives, or for a container of it."""
        scope = self._scope
        yield from (number for number, one in enumerate(scope.defs) if made in self._parts(one.value))
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if isinstance(node, Call) and isinstance(func, Attr) and func.name == "append" and node.args == (made,):
                base = scope.exprs[func.base]
                yield from base.defs if isinstance(base, Use) else ()

    def _parts(self, expr: int) -> tuple[int, ...]:
        """An expression, and what it puts in a container."""
        node = self._scope.exprs[expr]
        if isinstance(node, Seq):
            return (expr, *node.items)
        if isinstance(node, Map):
            return (expr, *node.keys, *node.values)
        return (expr, node.element, node.key) if isinstance(node, Comp) else (expr,)

    def _waits(self, event: Event, made: int, holders: set[int], is_map: bool) -> bool:
        scope = self._scope
        if event.kind == EventKind.ITER:
            return self._is_held(event.expr, made, holders) and self._takes_all(event.expr, is_map)
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if not isinstance(node, Call) or node.keywords:
            return False
        func = scope.exprs[node.func]
        if isinstance(func, Attr) and func.name in _RESULTS and not node.args:
            return not is_map and self._is_held(func.base, made, holders)
        if len(node.args) != 1 or not self._is_held(node.args[0], made, holders):
            return False
        if is_map:
            return isinstance(func, Free) and func.name in _TAKING_ALL
        called = self._inference.type(self._frame, node.func)
        return _WAIT in called or (_AS_COMPLETED in called and self._takes_all(event.expr, True))

    def _is_held(self, expr: int, made: int, holders: set[int]) -> bool:
        node = self._scope.exprs[expr]
        return made in self._parts(expr) or (isinstance(node, Use) and bool(node.defs) and holders >= set(node.defs))

    def _takes_all(self, iterated: int, is_done: bool) -> bool:
        """Whether a loop comes to its end, and asks each future for its result if they are not done by then."""
        scope = self._scope
        loops = {n for n, region in enumerate(scope.regions) if region.kind == "loop" and region.expr == iterated}
        inside = [event for event in scope.events if loops and within(scope, event.region, loops)]
        if not loops or any(event.kind in (EventKind.BREAK, EventKind.RETURN) for event in inside):
            return False
        return is_done or any(self._asks(event, iterated) for event in inside)

    def _asks(self, event: Event, iterated: int) -> bool:
        scope = self._scope
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) and not node.args and not node.keywords else None
        base = scope.exprs[func.base] if isinstance(func, Attr) and func.name in _RESULTS else None
        if not isinstance(base, Use) or not base.defs or scope.regions[event.region].kind in _BRANCHES:
            return False
        return all(
            isinstance(item := scope.exprs[scope.defs[n].value], Iter) and item.value == iterated for n in base.defs
        )
