"""What is made here but runs elsewhere: generators and `map` objects that nothing on this thread iterates."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import NONE, Call, Comp, EventKind, Scope, Use
from fastapi_lint.project.calls import Callee


class LazyCode:
    """The lazy parts of one frame. `deferred` are expressions that are handed to a stream or a thread."""

    def __init__(self, scope: Scope, callees: Callable[[int], list[Callee]]) -> None:
        self._scope = scope
        self._callees = callees
        self._consumed, self.deferred = self._consumers()

    def regions(self) -> set[int]:
        """Regions of generator expressions that nothing on this thread iterates."""
        consumed, streamed = self._consumed, self.deferred
        lazy: set[int] = set()
        generators = [n for n, r in enumerate(self._scope.regions) if r.kind == "genexpr"]
        if not generators:
            return lazy
        by_region = {number: self._generator_of(number) for number in generators}
        for number, made in by_region.items():
            if made in streamed or (made != NONE and made not in consumed):
                lazy.add(number)
        return lazy

    def _generator_of(self, region: int) -> int:
        """The generator expression whose body the region is: the first one lowered after its iterable."""
        iterable = self._scope.regions[region].expr
        for number in range(iterable, len(self._scope.exprs)):
            node = self._scope.exprs[number]
            if isinstance(node, Comp) and node.kind == "generator":
                return number
        return NONE

    def _consumers(self) -> tuple[set[int], set[int]]:
        """Expressions that a call or a loop takes in here, and those of them that are handed to a stream or thread."""
        consumed: set[int] = set()
        streamed: set[int] = set()
        for event in self._scope.events:
            if event.kind == EventKind.CALL:
                node = self._scope.exprs[event.expr]
                if isinstance(node, Call):
                    given = {*node.args, *(value for _, value in node.keywords)}
                    consumed |= given
                    if any(self._runs_elsewhere(callee) for callee in self._callees(event.expr)):
                        streamed |= given
            elif event.kind in (EventKind.ITER, EventKind.YIELD):
                consumed.add(event.expr)
        for expr in list(consumed):
            consumed |= self._sources(expr)
        for expr in list(streamed):
            streamed |= self._sources(expr)
        return consumed, streamed

    def _sources(self, expr: int) -> set[int]:
        node = self._scope.exprs[expr] if expr != NONE else None
        return {self._scope.defs[n].value for n in node.defs} if isinstance(node, Use) else set()

    def _runs_elsewhere(self, callee: Callee) -> bool:
        spec = callee.spec
        if spec is None:
            return False
        return bool(spec.offloads) or any(entry.kind == "stream" for entry in spec.registers)
