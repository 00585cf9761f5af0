"""Is a value that a request brings held to a list before it gets somewhere?

`if model not in MODELS: raise HTTPException(404)`, here, in a caller, or in a function that either of them asks: there
are no more keys than the list has. What a look-up in a dictionary has found is held to that, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, EventKind, Expr, Lit, Param, Scope, Use
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.logic import implied, nothing
from fastapi_lint.project.code.regions import around, branches, stands_in, within
from fastapi_lint.project.code.spelling import behind_names, same, spelled
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.keyed_use import put_in
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.look_ups import LookUps
from fastapi_lint.project.types.values import ClassV, ExternalV

_MOST_HOPS = 16
_CONDITIONAL = ("if", "else", "except", "loop", "genexpr", "after")


class _Refusal(msgspec.Struct, frozen=True):
    """A function refuses what a list lacks: parameter `number`, or its attribute `path`.

    `how` is `raise`, or `error` where it gives something else than None then.
    """

    number: int
    path: str
    how: str


class ListedKeys:
    """Answers by the event before which a value must have been looked for."""

    def __init__(self, graph: Graph, contexts: Contexts, request_data: RequestData) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._request_data = request_data
        self._refusals: dict[int, tuple[_Refusal, ...]] = {}
        self._look_ups = LookUps(graph, self._is_of_list)

    def is_known(self, gid: int, event: int, expr: int, path: str = "", hops: int = 0) -> bool:
        """Whether all that a request has in a value, or in its attribute `path`, is held to lists before an event."""
        if hops > _MOST_HOPS:
            return False
        if not self._request_data.is_from_request(gid, expr) or self._is_held(gid, event, expr, path):
            return True
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if isinstance(node, Param):
            given = self._request_data.given(gid, node.index)
            return bool(given) and all(self._is_known_to_caller(at, value, path, hops + 1) for at, value in given)
        if isinstance(node, Attr) and not path:
            return self.is_known(gid, event, node.base, node.name, hops + 1)
        if path and not (isinstance(node, Use) and len(node.defs) == 1):
            return False
        parts = self._request_data.made_of(gid, node)
        return bool(parts) and all(self.is_known(gid, event, part, path, hops + 1) for part in parts)

    def is_open(self, gid: int, number: int) -> bool:
        """Whether some call of the project passes for a parameter what a request has, and what no list holds."""
        return any(
            self._request_data.is_from_request(at, value) and not self._is_known_to_caller(at, value, "", 0)
            for at, value in self._request_data.given(gid, number)
        )

    def _is_known_to_caller(self, gid: int, given: int, path: str, hops: int) -> bool:
        scope = self._index.scope(gid)
        for number, event in enumerate(scope.events):
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if isinstance(node, Call) and given in (*node.args, *(value for _, value in node.keywords)):
                return self.is_known(gid, number, given, path, hops)
        return False

    def _is_held(self, gid: int, event: int, expr: int, path: str) -> bool:
        """Whether a test around an event, or a call before it, lets nothing else pass than what a list has."""
        scope = self._index.scope(gid)
        region = scope.events[event].region
        for branch in branches(scope, region):
            for part, is_true in implied(scope, branch.expr, branch.kind == "if"):
                if any(_is_at(scope, held, expr, path) for held in self._held_by(gid, part, is_true)):
                    return True
                if self._is_passed(gid, part, is_true, expr, path):
                    return True
        for before in scope.events[:event]:
            if not self._is_behind(gid, region, before.region):
                continue
            if before.kind == EventKind.CALL and self._refuses(gid, before.expr, expr, path, "raise"):
                return True
            if before.kind == EventKind.ITEM and (key := self._look_ups.key(gid, before.expr)) != NONE:
                if _is_at(scope, key, expr, path):
                    return True
        return False

    def _is_behind(self, gid: int, region: int, passed: int) -> bool:
        """Whether code runs in a region only where code of an earlier one has run to its end."""
        scope = self._index.scope(gid)
        tries = {scope.regions[n].parent for n in around(scope, region) if scope.regions[n].kind == "except"}
        if any(number in tries for number in around(scope, passed)):
            return False
        while not within(scope, region, (passed,)):
            handlers = [n for n, one in enumerate(scope.regions) if one.kind == "except" and one.parent == passed]
            if scope.regions[passed].kind != "try" or not all(self._is_left(gid, handler) for handler in handlers):
                return False
            passed = scope.regions[passed].parent
        return True

    def _is_left(self, gid: int, handler: int) -> bool:
        """Whether the handler of an error ends with `raise` or `return`."""
        last = next((one for one in reversed(self._index.scope(gid).events) if one.region == handler), None)
        return last is not None and (
            last.kind in (EventKind.RERAISE, EventKind.RETURN) or self._is_exception(gid, last.expr)
        )

    def _held_by(self, gid: int, test: int, holds: bool) -> Iterator[int]:
        """What is one of a list's where a simple test holds, or does not."""
        scope = self._index.scope(gid)
        node = scope.exprs[test]
        if isinstance(node, Bin) and node.op in ("among", "not among"):
            if (node.op == "among") is holds and self._is_of_list(gid, node.right):
                yield node.left
        elif isinstance(node, Bin) and node.op in ("equals", "differs") and isinstance(scope.exprs[node.right], Lit):
            if (node.op == "equals") is holds:
                yield node.left
        else:
            yield from self._look_ups.found_by(gid, test, holds)

    def _is_of_list(self, gid: int, container: int) -> bool:
        """Whether requests neither bring a container nor put anything into it."""
        grows = self._filled.intersection(spelled(self._index.scope(gid), container))
        return not grows and not self._request_data.is_from_request(gid, container)

    def _is_passed(self, gid: int, test: int, holds: bool, expr: int, path: str) -> bool:
        """Whether a test says that a function has found nothing wrong: `if error is not None: return error`."""
        scope = self._index.scope(gid)
        return any(
            self._refuses(gid, behind_names(scope, asked), expr, path, "error") for asked in nothing(scope, test, holds)
        )

    def _refuses(self, gid: int, call: int, expr: int, path: str, how: str) -> bool:
        """Whether a call is of a function that lets a value, or its attribute, pass only where a list has it."""
        scope = self._index.scope(gid)
        node = scope.exprs[call]
        if not isinstance(node, Call):
            return False
        functions = self._inference.functions(self._inference.type(self._inference.plain_frame(gid), node.func))
        if len(functions) != 1:
            return False
        frame = self._inference.binding.frame_of(functions[0])
        skip = int(frame.receiver is not None)
        for one in self._refusals_of(frame.gid):
            parameter = frame.scope.params[one.number]
            given = argument_at(scope, node, one.number - skip, parameter.name, parameter.kind)
            if one.how != how or given == NONE:
                continue
            if one.path == path and same(scope, given, expr):
                return True
            if one.path and not path and _is_at(scope, expr, given, one.path):
                return True
            if path and not one.path and _is_at(scope, given, expr, path):
                return True
        return False

    def _refusals_of(self, gid: int) -> tuple[_Refusal, ...]:
        known = self._refusals.get(gid)
        if known is None:
            self._refusals[gid] = ()  # a function that asks itself
            known = self._refusals[gid] = tuple(self._find_refusals(gid))
        return known

    def _find_refusals(self, gid: int) -> Iterator[_Refusal]:
        scope = self._index.scope(gid)
        for number, region in enumerate(scope.regions):
            if region.kind not in ("if", "else") or region.expr == NONE:
                continue
            if stands_in(scope, region.parent, *_CONDITIONAL):
                continue
            how = self._way_out(gid, number)
            for part, is_true in implied(scope, region.expr, region.kind == "if") if how else ():
                for held in self._held_by(gid, part, not is_true):
                    yield from _of_parameter(scope, held, how)
        for event in scope.events:
            if event.kind == EventKind.ITEM and not stands_in(scope, event.region, "try", *_CONDITIONAL):
                key = self._look_ups.key(gid, event.expr)
                yield from _of_parameter(scope, key, "raise") if key != NONE else ()

    def _way_out(self, gid: int, region: int) -> str:
        """How a branch leaves its function: `raise`, `error` if it gives something, or not at all (empty)."""
        scope = self._index.scope(gid)
        here = scope.regions[region]
        if any(one.behind == "raise" and (one.parent, one.expr) == (here.parent, here.expr) for one in scope.regions):
            return "raise" if here.kind == "if" else ""
        events = [event for event in scope.events if event.region == region]
        if events and self._is_exception(gid, events[-1].expr):
            return "raise"
        given = [event.expr for event in events if event.kind == EventKind.RETURN]
        if given:
            return "error" if given[-1] != NONE and not isinstance(scope.exprs[given[-1]], Lit) else ""
        return "error" if _gives_what_is_set(scope, region) else ""

    def _is_exception(self, gid: int, expr: int) -> bool:
        node = self._index.scope(gid).exprs[expr] if expr != NONE else None
        made = self._inference.type(self._inference.plain_frame(gid), node.func) if isinstance(node, Call) else ()
        names = [
            value.name if isinstance(value, ExternalV) else self._index.scope(value.gid).name
            for value in made
            if isinstance(value, (ClassV, ExternalV))
        ]
        return bool(names) and all(name.endswith(("Error", "Exception")) for name in names)

    @cached_property
    def _filled(self) -> frozenset[str]:
        """The names of the containers that request code puts things into: they may hold whatever requests bring."""
        gids = {frame.gid for frame in self._contexts.reached("request")}
        found = (
            (gid, target)
            for gid in gids
            for event in self._index.scope(gid).events
            if (target := put_in(self._index, gid, event)[0]) != NONE
        )
        return frozenset(name for gid, target in found for name in spelled(self._index.scope(gid), target))


def _is_at(scope: Scope, expr: int, base: int, path: str) -> bool:
    """Whether an expression is what another one is, or its attribute `path`."""
    if not path:
        return same(scope, expr, base)
    node = scope.exprs[expr]
    return isinstance(node, Attr) and node.name == path and same(scope, node.base, base)


def _of_parameter(scope: Scope, expr: int, how: str) -> Iterator[_Refusal]:
    """The parameter, or the attribute of one, that an expression is."""
    node: Expr = scope.exprs[expr]
    path = ""
    if isinstance(node, Attr):
        path = node.name
        node = scope.exprs[node.base]
    made = scope.exprs[scope.defs[node.defs[0]].value] if isinstance(node, Use) and len(node.defs) == 1 else None
    if isinstance(made, Param):
        yield _Refusal(made.index, path, how)


def _gives_what_is_set(scope: Scope, region: int) -> bool:
    """Whether all that a function returns is what a branch has set last, where it was taken: `ret = Error()`."""
    set_here = [
        number
        for number, one in enumerate(scope.defs)
        if one.region == region and not isinstance(scope.exprs[one.value], Lit)
    ]
    given = [scope.exprs[event.expr] for event in scope.events if event.kind == EventKind.RETURN and event.expr != NONE]
    return (
        not scope.falls_through
        and bool(given)
        and all(isinstance(node, Use) and max(node.defs, default=NONE) in set_here for node in given)
    )
