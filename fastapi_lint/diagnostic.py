"""What a run reports: diagnostics, their places, their chains and their fixes.

Everything here is plain, immutable data, so that it can be cached, sent between processes and printed as JSON.
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Severity(str, Enum):
    """How much a diagnostic hurts; the order of the members is from worst to mildest."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    def lowered(self) -> Severity:
        """The next milder severity; `INFO` stays as it is."""
        return Severity.WARNING if self is Severity.ERROR else Severity.INFO


class Applicability(str, Enum):
    """When a fix may be applied without asking: `SAFE` always, `UNSAFE` on request, `DISPLAY` never."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a file: 1-based row and 1-based column, both counted in characters as editors do."""

    row: int
    column: int


class Range(msgspec.Struct, frozen=True, order=True):
    """A stretch of text; `end` is exclusive."""

    start: Position
    end: Position


class Edit(msgspec.Struct, frozen=True):
    """Replaces the text between `location` and `end_location`; `filename` None is the diagnostic's own file."""

    content: str
    location: Position
    end_location: Position
    filename: str | None = None


class Fix(msgspec.Struct, frozen=True):
    """A repair as a list of text edits that are applied together or not at all."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]

    def applies(self, unsafe: bool) -> bool:
        """Whether it may be applied without a look at it: safe ones always, unsafe ones where these are wanted."""
        return self.applicability is Applicability.SAFE or (unsafe and self.applicability is Applicability.UNSAFE)


class Hop(msgspec.Struct, frozen=True):
    """One step of a chain: the code at this place does what `text` says."""

    filename: str
    row: int
    column: int
    text: str


class EntryPointLabel(msgspec.Struct, frozen=True):
    """Where request handling (or start-up, ...) enters the code, e.g. kind `route`, label `GET /items`."""

    kind: str
    label: str


class Diagnostic(msgspec.Struct, frozen=True):
    """One occurrence of a rule's anti-pattern.

    `filename` is the path as the run found it. `chain` leads from the reported place to the sink, one hop a call; for
    rules whose context flows down it begins at the entry point. Both are empty where the place speaks for itself.
    """

    code: str
    name: str
    severity: Severity
    message: str
    filename: str
    location: Position
    end_location: Position
    fix: Fix | None = None
    chain: tuple[Hop, ...] = ()
    entry_points: tuple[EntryPointLabel, ...] = ()

    @property
    def sort_key(self) -> tuple[str, Position, str]:
        """Reports are ordered by file, place and code."""
        return (self.filename, self.location, self.code)
