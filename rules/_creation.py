"""The family FAL2xx as far as it is about creating per request what should be created once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from fastapi_lint.api import (
    Applicability,
    Creation,
    EntryPointLabel,
    Fix,
    LocalModel,
    Opener,
    Project,
    ProjectRule,
    Report,
    Severity,
    is_conditional,
)

OF_THE_REQUEST = "its address or credentials come with the request: keep one for each of them, if they are few"

_LOST = {
    "certificates": "the TLS certificates are loaded anew",
    "configuration": "its configuration and credentials are looked for, and the descriptions of services loaded, anew",
    "tokens": "the tokens that it keeps are lost, and asked for anew",
    "connection": "no connection is reused, and it loads TLS certificates first",
    "file": "the file is opened, and what stands in the database read, anew",
}
_WAYS_OUT = {
    "connection": "use a client with a pool, made once, in the lifespan, for this one serves one request at a time",
    "file": "keep one connection open, from the lifespan on, and give each request a cursor of it",
}


class SharingRule(ProjectRule):
    """Makes once what all requests may share, if it is made from constants and used so that nobody would notice."""

    fix: ClassVar[Applicability | None] = Applicability.UNSAFE

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.creation(report.about) if isinstance(report.about, Creation) else None


class CreationRule(SharingRule):
    """Reports each constructor or connect call of some kinds that request handling reaches.

    What a loop makes in each pass is FAL210's to report.
    """

    kinds: ClassVar[frozenset[str]]
    cost: ClassVar[str]
    way_out: ClassVar[str]

    def check(self, project: Project) -> Iterator[Report]:
        for creation in project.creations(self.kinds):
            if not creation.in_loop:
                yield report(project, creation, self.message(project, creation), self.severity_of(creation))

    def severity_of(self, _creation: Creation) -> Severity | None:
        """How bad this one is, if not as bad as the others."""
        return None

    def message(self, project: Project, creation: Creation) -> str:
        """What is made, how often, what it costs, and the way out."""
        loses = creation.call.spec.loses
        cost = _LOST[loses] if loses is not None else self.cost
        made = f"{project.creation_name(creation)} is created {when(creation)}{often(creation)}: {cost}; "
        if creation.from_request and loses != "connection":  # a client with a pool serves all hosts
            return made + OF_THE_REQUEST
        return made + _WAYS_OUT.get(loses or "", self.way_out)


def report(project: Project, creation: Creation, message: str, severity: Severity | None = None) -> Report:
    """A creation where it stands, with the shortest way in and all entry points."""
    spot, chain = project.creation_place(creation)
    is_seldom = creation.after_error or creation.after_miss
    lowered = Severity.INFO if creation.from_request or is_seldom else severity
    stage = "conditional" if is_conditional(creation.way) else ""
    return Report(spot, message, chain, labels(creation), lowered, stage, about=creation)


def when(creation: Creation) -> str:
    """How often it is made: for each request or websocket, or for those that an error or a cache brings there."""
    if creation.after_error:
        return "anew after an error"
    if creation.after_miss:
        return "whenever a look-up in a cache misses"
    kinds = {entry.kind for entry in creation.entries}
    return "for each websocket connection" if kinds == {"websocket"} else "for each request"


def labels(found: Creation | LocalModel) -> tuple[EntryPointLabel, ...]:
    """All entry points that lead there, the nearest one first."""
    return tuple(dict.fromkeys(EntryPointLabel(entry.kind, entry.label) for entry in found.entries))


def often(found: Creation | LocalModel) -> str:
    """How many entry points lead there, if it is more than one."""
    return f" ({len(found.entries)} entry points lead here)" if len(found.entries) > 1 else ""
