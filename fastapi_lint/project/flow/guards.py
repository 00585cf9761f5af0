"""Is a local name known to hold something, and not None, where a call stands?

`if db is None: raise ...` says so for all that follows, `if db:` for its branch.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Bin, Call, Choice, EventKind, Lit, Narrow, Scope, Use
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.regions import branches


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
        region = self._calls(gid).get(call.place, NONE)
        return any(_excludes(scope, here.expr, here.kind == "if", name) for here in branches(scope, region))

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


def _excludes(scope: Scope, test: int, holds: bool, name: frozenset[int]) -> bool:
    """Whether a name cannot be None where a condition holds (or does not)."""
    node = scope.exprs[test]
    if isinstance(node, Bin) and node.op == "not":
        return _excludes(scope, node.left, not holds, name)
    if isinstance(node, Bin) and node.op == "and":
        return holds and any(_excludes(scope, part, True, name) for part in (node.left, node.right))
    if isinstance(node, Choice) and node.test == NONE:
        return not holds and any(_excludes(scope, item, False, name) for item in node.items)
    if isinstance(node, Bin) and node.op in ("is", "is not"):
        is_none = scope.exprs[node.right] == Lit(None)
        return is_none and (node.op == "is not") is holds and name <= _origins(scope, node.left)
    return holds and name <= _origins(scope, test)


def _origins(scope: Scope, expr: int) -> frozenset[int]:
    """The definitions of a local name, those before `isinstance` told more of it."""
    node = scope.exprs[expr]
    if not isinstance(node, Use):
        return frozenset()
    found: set[int] = set()
    for number in node.defs:
        value = scope.exprs[scope.defs[number].value]
        found |= _origins(scope, value.value) if isinstance(value, Narrow) else {number}
    return frozenset(found)
