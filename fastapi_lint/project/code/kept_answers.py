"""How are answers kept to questions that may lead to themselves?

Whatever lies on the way from a question back to itself has no answer, whoever was asked first: kept answers must not
depend on that. What rests on a type that is not known yet, or on a way that was too long to follow, is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST = 60

Answer = TypeVar("Answer")


class KeptAnswers(Generic[Answer]):
    """Answers to questions of one kind, by key; None where there is no answer."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: dict[Hashable, Answer | None] = {}
        self._open: dict[Hashable, int] = {}
        self._lowest = _DEEPEST
        self._cuts = 0

    def get(self, key: Hashable, find: Callable[[], Answer | None]) -> Answer | None:
        """The answer that is kept under a key, or what `find` finds now."""
        if key in self._known:
            return self._known[key]
        if key in self._open:
            self._lowest = min(self._lowest, self._open[key])
            return None
        level, cuts = len(self._open), self._cuts
        if level >= _DEEPEST:
            self._cuts += 1
            return None
        around, self._lowest = self._lowest, _DEEPEST
        self._open[key] = level
        try:
            found, is_settled = self._inference.apart(find)
        finally:
            del self._open[key]
            lowest = self._lowest
            self._lowest = min(around, lowest) if lowest < level else around
        if lowest <= level:
            found = None
        if is_settled and self._cuts == cuts:
            self._known[key] = found
        return found
