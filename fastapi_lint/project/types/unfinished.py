"""Which classes leave an abstract method of theirs without a body, so that Python makes no instance of them?

A class with abstract methods of its own is there to derive from; one that only inherits them has been forgotten.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE
from fastapi_lint.project.types.classes import PLAIN_BASES

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_ABSTRACT = frozenset({"abc.abstractmethod", "abc.abstractproperty"})
_HARMLESS = frozenset({"dataclasses.dataclass", "typing.final", "typing_extensions.final"})


class Unfinished:
    """Answers by class, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[int, bool] = {}

    def holds(self, gid: int) -> bool:
        """Whether a method, or what stands in it, belongs to such a class."""
        owner = self._index.class_of(self._index.method_around(gid))
        if owner == NONE:
            return False
        known = self._known.get(owner)
        if known is None:
            known = self._known[owner] = self._is_unfinished(owner)
        return known

    def _is_unfinished(self, gid: int) -> bool:
        mro = self._inference.classes.mro(gid)
        if "abc.ABC" not in mro or not all(entry in PLAIN_BASES for entry in mro if isinstance(entry, str)):
            return False
        scopes = [entry for entry in mro if isinstance(entry, int)]
        if gid in self._abstract or self._inference.classes.subclasses(gid) or not all(map(self._is_plain, scopes)):
            return False
        filled: set[str] = set()
        for one in scopes:
            if not self._abstract.get(one, set()) <= filled:
                return True
            filled.update(self._index.scope(one).names)
        return False

    @cached_property
    def _abstract(self) -> dict[int, set[str]]:
        """The abstract methods that each class declares itself."""
        found: dict[int, set[str]] = {}
        for gid, scope in enumerate(self._index.scopes):
            owner = self._index.class_of(gid) if scope.decorators else NONE
            if owner != NONE and not _ABSTRACT.isdisjoint(self._inference.decorators.names(gid)):
                found.setdefault(owner, set()).add(scope.name)
        return found

    def _is_plain(self, gid: int) -> bool:
        """Whether all bases of a class are known, and nothing fills it from outside."""
        scope = self._index.scope(gid)
        frame = self._inference.plain_frame(self._index.parent(gid))
        known = self._inference.decorators.names(gid)
        if scope.keywords or len(known) != len(scope.decorators) or not _HARMLESS.issuperset(known):
            return False
        return all(self._inference.type(frame, base) for base in scope.bases)
