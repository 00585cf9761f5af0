"""The family FAL2xx as far as it is about creating per request what should be created once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from fastapi_lint.api import Creation, EntryPointLabel, Project, ProjectRule, Report


class CreationRule(ProjectRule):
    """Reports each constructor or connect call of some kinds that request handling reaches."""

    kinds: ClassVar[frozenset[str]]
    cost: ClassVar[str]
    way_out: ClassVar[str]

    def check(self, project: Project) -> Iterator[Report]:
        for creation in project.creations(self.kinds):
            spot, chain = project.creation_place(creation)
            yield Report(spot, self.message(creation), chain, _labels(creation))

    def message(self, creation: Creation) -> str:
        """What is made, how often, what it costs, and the way out."""
        often = "in a loop for each request" if creation.in_loop else "for each request"
        return f"`{creation.call.name}` is created {often}: {self.cost}; {self.way_out}"


def _labels(creation: Creation) -> tuple[EntryPointLabel, ...]:
    return tuple(EntryPointLabel(a.entry.kind, a.entry.label) for a in creation.way if a.entry is not None)
