"""Which branches are one of many that a value selects?

`if provider == "a": ... elif provider == "b": ...` takes one of its branches for a value that is mostly unknown here,
and its callers mostly mean a certain one. What only such a branch reaches is a possibility, not a certainty.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Bin, Scope
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.spelling import dotted, strings

_MANY = 6
"""A function that tells this many values of a variable apart selects. A choice, not a measurement: two or three
values are modes that a deployment really uses side by side, a list of providers is longer."""

Subject = tuple[str, ...]


class Dispatch:
    """Answers by scope, kept."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[int, frozenset[int]] = {}

    def selected(self, gid: int) -> frozenset[int]:
        """The regions of a scope whose condition selects one of many, without those nested in them."""
        known = self._known.get(gid)
        if known is None:
            known = self._known[gid] = _selected(self._index.scope(gid))
        return known


def _selected(scope: Scope) -> frozenset[int]:
    told_apart: dict[Subject, set[str]] = {}
    regions: dict[int, Subject] = {}
    for number, region in enumerate(scope.regions):
        node = scope.exprs[region.expr] if region.kind == "if" and region.expr != NONE else None
        if type(node) is Bin and node.op in ("equals", "among"):
            subject = dotted(scope, node.left)
            values = _values(scope, node.right)
            if subject and values:
                told_apart.setdefault(subject, set()).update(values)
                regions[number] = subject
    return frozenset(number for number, subject in regions.items() if len(told_apart[subject]) >= _MANY)


def _values(scope: Scope, expr: int) -> list[str]:
    """The strings of a comparison, or the spelled constants (`Provider.OPENAI.value`)."""
    return strings(scope, expr) or [".".join(name) for name in [dotted(scope, expr)] if name]
