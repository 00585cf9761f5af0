"""Which coroutines does a route make and return, so that nobody ever awaits them?

FastAPI awaits a route once, and takes what that gives for the answer: `return wait_for_image(name)` in an `async def`
route runs nothing of `wait_for_image`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, EventKind, Use
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.code.name_uses import called_by, name_uses
from fastapi_lint.project.types.values import FunctionV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_NOTHING: frozenset[int] = frozenset()


class NeverAwaited:
    """Answers by scope, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._returned: dict[int, frozenset[int]] = {}
        self._known: dict[int, bool] = {}

    def is_lost(self, site: Site) -> bool:
        """Whether a call, if it makes a coroutine, makes one that nobody awaits."""
        return site.expr in self._lost(site.gid)

    def holds(self, gid: int) -> bool:
        """Whether a coroutine function is called so, and nothing else is done with it."""
        known = self._known.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            is_plain = scope.is_async and not scope.is_generator and self._index.class_of(gid) == NONE
            known = self._known[gid] = is_plain and self._is_lost_wherever_named(gid, scope.name)
        return known

    def _is_lost_wherever_named(self, gid: int, name: str) -> bool:
        if not any(self.is_lost(site) for site in self._index.call_sites(name)) or self._is_named_beside(gid, name):
            return False
        uses = name_uses(self._index, frozenset({name}))[name]
        return all(
            called_by(self._index.scope(use.gid), use) is not None and self.is_lost(Site(use.gid, use.holder))
            for use in uses
        )

    def _is_named_beside(self, gid: int, name: str) -> bool:
        """Whether the scope that defines a function does something with it."""
        scope = self._index.scope(self._index.parent(gid))
        uses = (node for node in scope.exprs if isinstance(node, Use))
        return any(scope.defs[number].name == name for node in uses for number in node.defs)

    def _lost(self, gid: int) -> frozenset[int]:
        """What a function returns of what it calls, if that goes to FastAPI and nowhere else."""
        known = self._returned.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            made = _NOTHING
            if scope.decorators and scope.is_async and not scope.is_generator:
                returned = {event.expr for event in scope.events if event.kind == EventKind.RETURN}
                made = frozenset(one for one in returned - {NONE} if isinstance(scope.exprs[one], Call))
            if made and not self._is_only_a_route(gid, scope.name):
                made = _NOTHING
            known = self._returned[gid] = made
        return known

    def _is_only_a_route(self, gid: int, name: str) -> bool:
        if self._index.reading((name,)) or self._is_named_beside(gid, name):
            return False
        outer = self._inference.plain_frame(self._index.parent(gid))
        is_route = False
        for decorator in self._index.scope(gid).decorators:
            node = outer.scope.exprs[decorator]
            values = self._inference.type(outer, node.func if isinstance(node, Call) else decorator)
            if values and all(map(self._registers_route, values)):
                is_route = True
            elif not values or not all(map(self._awaits_once, values)):
                return False
        return is_route

    def _registers_route(self, value: Value) -> bool:
        spec, _ = self._inference.libraries.call_spec(value)
        return spec is not None and any(entry.kind == "route" and entry.decorator for entry in spec.registers)

    def _awaits_once(self, value: Value) -> bool:
        """Whether a decorator of the project awaits what functions give, and nothing that comes of that."""
        if not isinstance(value, FunctionV):
            return False
        module = self._index.module(value.gid)
        return all(
            isinstance(scope.exprs[event.expr], Call)
            for number, scope in enumerate(module.facts.scopes)
            if self._stands_in(module.base + number, value.gid)
            for event in scope.events
            if event.kind == EventKind.AWAIT
        )

    def _stands_in(self, gid: int, outer: int) -> bool:
        while gid not in (outer, NONE):
            gid = self._index.parent(gid)
        return gid == outer
