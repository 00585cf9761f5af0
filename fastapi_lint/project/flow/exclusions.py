"""Which attributes of an object exclude each other, because branches of its constructor fill one or the other?

`if protocol == "a2a": self.a2a = A2A()`, `else: self.native = Native()`: where `self.native` is filled, `self.a2a` is
None or missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Declared, Lit, Scope
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.types.values import InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_NONE_EXCLUDED: frozenset[str] = frozenset()


class Exclusions:
    """Answers by class and attribute, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._filled: dict[tuple[int, str], tuple[int, tuple[int, ...]] | None] = {}

    def exclude(self, owner: InstanceV, filled: frozenset[str], name: str) -> bool:
        """Whether an attribute of an object is empty where others are filled."""
        mine = self._where(owner, name)
        if mine is None:
            return False
        others = (self._where(owner, other) for other in filled if other != name)
        return any(other is not None and self._exclude(mine, other) for other in others)

    def _exclude(self, one: tuple[int, tuple[int, ...]], other: tuple[int, tuple[int, ...]]) -> bool:
        if one[0] != other[0]:
            return False
        scope = self._index.scope(one[0])
        return all(_are_apart(scope, first, second) for first in one[1] for second in other[1])

    def _where(self, owner: InstanceV, name: str) -> tuple[int, tuple[int, ...]] | None:
        """The only function that stores something in an attribute, a constructor, and in which regions of it."""
        key = (owner.gid, name)
        if key not in self._filled:
            known, is_settled = self._inference.apart(lambda: self._find(owner, name))
            if not is_settled:
                return known
            self._filled[key] = known
        return self._filled[key]

    def _find(self, owner: InstanceV, name: str) -> tuple[int, tuple[int, ...]] | None:
        classes = self._inference.classes
        makers = {site.gid for site in classes.stored(owner.gid, name)}
        maker = makers.pop() if len(makers) == 1 else NONE
        if maker == NONE or self._index.scope(maker).name != "__init__":
            return None
        if classes.stored_outside(InstanceV(owner.gid), name) or self._has_default(owner, name):
            return None
        scope = self._index.scope(maker)
        stores = [event for event in self._index.stores(maker) if event.name == name]
        filling = tuple(event.region for event in stores if not _is_nothing(scope, event.value))
        return (maker, filling) if filling else None

    def _has_default(self, owner: InstanceV, name: str) -> bool:
        """Whether a class itself gives the attribute a value, or something takes its place."""
        for entry in self._inference.classes.mro(owner.gid):
            if isinstance(entry, int):
                scope = self._index.scope(entry)
                values = [scope.exprs[scope.defs[number].value] for number in scope.names.get(name, ())]
                if not all(isinstance(one, Declared) and _is_nothing(scope, one.value) for one in values):
                    return True
        return False


def _is_nothing(scope: Scope, value: int) -> bool:
    return value == NONE or scope.exprs[value] == Lit(None)


def _are_apart(scope: Scope, one: int, other: int) -> bool:
    """Whether two regions stand in the two branches of one test, which is made once."""
    mine, its = list(around(scope, one)), list(around(scope, other))
    if any(scope.regions[number].kind == "loop" for number in (*mine, *its)):
        return False
    sides = {(scope.regions[n].parent, scope.regions[n].expr, scope.regions[n].kind) for n in mine}
    return any(
        (region.parent, region.expr, "if" if region.kind == "else" else "else") in sides
        for region in (scope.regions[number] for number in its)
        if region.kind in ("if", "else") and region.expr != NONE
    )
