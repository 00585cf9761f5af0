"""What is made here but runs elsewhere: generators and `map` objects that nothing on this thread iterates."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import NONE, Call, Comp, EventKind, Scope, Use
from fastapi_lint.project.types.calls import Callee


class LazyCode:
    """The lazy parts of one frame. `deferred` are expressions that are handed to a stream or a thread."""

    def __init__(self, scope: Scope, callees: Callable[[int], list[Callee]]) -> None:
        self._scope = scope
        self._callees = callees
        self.deferred = self._handed_on()

    def regions(self) -> set[int]:
        """Regions of generator expressions that nothing on this thread iterates."""
        generators = [n for n, r in enumerate(self._scope.regions) if r.kind == "genexpr"]
        if not generators:
            return set()
        consumed = self._consumed()
        lazy: set[int] = set()
        for number in generators:
            made = self._generator_of(number)
            if made in self.deferred or (made != NONE and made not in consumed):
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

    def _handed_on(self) -> set[int]:
        """Expressions that a call hands to a stream or a thread."""
        streamed: set[int] = set()
        for event in self._scope.events:
            if event.kind == EventKind.CALL and any(self._runs_elsewhere(c) for c in self._callees(event.expr)):
                streamed |= self._arguments(event.expr)
        for expr in list(streamed):
            streamed |= self._sources(expr)
        return streamed

    def _consumed(self) -> set[int]:
        """Expressions that a call or a loop takes in here."""
        consumed: set[int] = set()
        for event in self._scope.events:
            if event.kind == EventKind.CALL:
                consumed |= self._arguments(event.expr)
            elif event.kind in (EventKind.ITER, EventKind.YIELD):
                consumed.add(event.expr)
        for expr in list(consumed):
            consumed |= self._sources(expr)
        return consumed

    def _arguments(self, call: int) -> set[int]:
        node = self._scope.exprs[call]
        return {*node.args, *(value for _, value in node.keywords)} if isinstance(node, Call) else set()

    def _sources(self, expr: int) -> set[int]:
        node = self._scope.exprs[expr] if expr != NONE else None
        return {self._scope.defs[n].value for n in node.defs} if isinstance(node, Use) else set()

    def _runs_elsewhere(self, callee: Callee) -> bool:
        spec = callee.spec
        if spec is None:
            return False
        return bool(spec.offloads) or any(entry.kind == "stream" for entry in spec.registers)
