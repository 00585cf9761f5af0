"""Equal names in facts are one string.

msgspec makes a new string of each that it reads, and the same few names stand everywhere: they were a fifth of what the
facts of a project take.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import force_setattr

from fastapi_lint.facts import ModuleFacts


class SharedStrings:
    """The strings that were met so far."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._fields: dict[type[msgspec.Struct], tuple[str, ...]] = {}

    def share(self, facts: ModuleFacts) -> ModuleFacts:
        """The same facts, which nobody else may know yet: a string takes the place of an equal one."""
        for scope in facts.scopes:
            for part in (scope.exprs, scope.defs, scope.events, scope.regions, scope.params, (scope,)):
                self._share(part)
        return facts

    def _share(self, parts: Iterable[msgspec.Struct]) -> None:
        fields_of, share = self._fields, self._known.setdefault
        for part in parts:
            kind = part.__class__
            fields = fields_of.get(kind)
            if fields is None:
                fields = fields_of[kind] = tuple(one.name for one in msgspec.structs.fields(kind) if one.type is str)
            for field in fields:
                own = getattr(part, field)
                first = share(own, own)
                if first is not own:
                    force_setattr(part, field, first)
