"""Is a local name known to hold something, and not None, where a call stands?

`if db is None: raise ...` says so for all that follows, `if db:` for its branch.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Lit, Narrow, Scope, Sub, Use
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.logic import something
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import same, stored_item


class Guards:
    """Answers by call; where calls stand is read off a scope once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._regions: dict[int, dict[int, int]] = {}

    def is_present(self, gid: int, call: Call, expr: int) -> bool:
        """Whether the branches around a call exclude that the name `expr` is None."""
        scope = self._index.scope(gid)
        name = _origins(scope, expr)
        if not name:
            return False
        known = (
            found
            for here in branches(scope, self.region(gid, call))
            for found in present(scope, here.expr, here.kind == "if")
        )
        return any(name <= found for found in known)

    def item(self, gid: int, call: Call, name: str) -> str | None:
        """The text that stands under `name` in a dictionary which a call spreads, as far as branches around it tell.

        `if settings.get("type") != "redis": return` says so for `Cache(**settings)`.
        """
        scope = self._index.scope(gid)
        spread = [value for key, value in call.keywords if key == "**"]
        if len(spread) != 1:
            return None
        for here in branches(scope, self.region(gid, call)):
            test = scope.exprs[here.expr]
            if not isinstance(test, Bin) or test.op != ("equals" if here.kind == "if" else "differs"):
                continue
            text = scope.exprs[test.right]
            if isinstance(text, Lit) and isinstance(text.value, str) and _is_item(scope, test.left, spread[0], name):
                is_stored = any(_stores_item(scope, event, name) for event in scope.events)
                return None if is_stored else text.value
        return None

    def region(self, gid: int, call: Call) -> int:
        """The region that a call stands in."""
        return self._calls(gid).get(call.place, NONE)

    def _calls(self, gid: int) -> dict[int, int]:
        known = self._regions.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            known = self._regions[gid] = {
                node.place: event.region
                for event in scope.events
                if event.kind == EventKind.CALL and isinstance(node := scope.exprs[event.expr], Call)
            }
        return known


def _is_item(scope: Scope, expr: int, holder: int, name: str) -> bool:
    """Whether an expression is `holder[name]` or `holder.get(name)`."""
    node = scope.exprs[expr]
    if isinstance(node, Sub):
        return scope.exprs[node.index] == Lit(name) and same(scope, node.base, holder)
    func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
    if not isinstance(node, Call) or not isinstance(func, Attr) or func.name != "get":
        return False
    return scope.exprs[node.args[0]] == Lit(name) and same(scope, func.base, holder)


def _stores_item(scope: Scope, event: Event, name: str) -> bool:
    target = stored_item(scope, event)
    return target is not None and scope.exprs[target.index] == Lit(name)


def present(scope: Scope, test: int, holds: bool) -> Iterator[frozenset[int]]:
    """The definitions of each name that cannot be None where a condition holds (or does not)."""
    for part in something(scope, test, holds):
        yield _origins(scope, part)


def _origins(scope: Scope, expr: int) -> frozenset[int]:
    """The definitions of a local name, those before `isinstance` told more of it."""
    node = scope.exprs[expr]
    if type(node) is not Use:
        return frozenset()
    found: set[int] = set()
    seen: set[int] = set()
    waiting = list(node.defs)
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        value = scope.exprs[scope.defs[number].value]
        narrowed = scope.exprs[value.value] if type(value) is Narrow else None
        if narrowed is None:
            found.add(number)
        elif type(narrowed) is Use:
            waiting.extend(narrowed.defs)
    return frozenset(found)
