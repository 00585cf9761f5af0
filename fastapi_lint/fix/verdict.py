"""Did an attempt do harm? Compares the diagnostics before with those after.

Diagnostics are the same where code and place are, the place followed through the edits. Messages and chains do not
count: they name other calls as soon as the nearest one is repaired.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from fastapi_lint.diagnostic import Diagnostic, Position
from fastapi_lint.fix.candidates import Candidate
from fastapi_lint.fix.places import FileEdits, Rows, Span, moved
from fastapi_lint.suppress import UNUSED

Identity = tuple[str, str, Position]


class Checked(Protocol):
    """What a check of the project gives."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What remains."""

    @property
    def internal_errors(self) -> tuple[str, ...]:
        """Crashes."""


class Fault(msgspec.Struct, frozen=True):
    """Something that must not be: why, where to look for the fix that did it, and what appeared."""

    reason: str
    rows: tuple[Rows, ...] = ()
    files: tuple[str, ...] = ()
    appeared: Diagnostic | None = None
    unresolved: Diagnostic | None = None


def verdict(
    before: Checked, after: Checked, edits: Mapping[str, FileEdits], applied: Iterable[Candidate]
) -> tuple[Fault, ...]:
    """Every fault of an attempt."""
    found = []
    if len(after.internal_errors) > len(before.internal_errors):
        found.append(Fault("the linter fails on the result"))
    known = _known(before.diagnostics, edits)
    repaired = {_identity(candidate.diagnostic) for candidate in applied}
    for diagnostic in after.diagnostics:
        old = _claim(known, diagnostic, repaired)
        if old is None:
            if not _is_left_over(diagnostic):
                found.append(_appeared(diagnostic))
        elif _identity(old) in repaired and old.message == diagnostic.message:
            found.append(Fault("it would still be reported", _rows(diagnostic), unresolved=old))
    return tuple(found)


def _is_left_over(diagnostic: Diagnostic) -> bool:
    """Whether it is a suppression of what was repaired; the next round removes it."""
    return diagnostic.code == UNUSED and diagnostic.fix is not None


def _appeared(diagnostic: Diagnostic) -> Fault:
    reason = f"{diagnostic.code} would appear in `{diagnostic.filename}`"
    files = (diagnostic.filename, *(hop.filename for hop in diagnostic.chain))
    return Fault(reason, _rows(diagnostic), files, appeared=diagnostic)


def _rows(diagnostic: Diagnostic) -> tuple[Rows, ...]:
    own = Rows(diagnostic.filename, diagnostic.location.row, diagnostic.end_location.row)
    return (own, *(Rows(hop.filename, hop.row, hop.row) for hop in diagnostic.chain))


_Known = dict[tuple[str, str], list[tuple[Span, Diagnostic]]]


def _known(diagnostics: Sequence[Diagnostic], edits: Mapping[str, FileEdits]) -> _Known:
    known: _Known = {}
    for each in diagnostics:
        span = moved(edits, each.filename, Span(each.location, each.location))
        known.setdefault((each.filename, each.code), []).append((span, each))
    return known


def _claim(known: _Known, diagnostic: Diagnostic, repaired: Collection[Identity]) -> Diagnostic | None:
    """The diagnostic of before that this one is, which no other may be then.

    One that nobody has repaired is more likely to be it, and so is one whose place is certain.
    """
    choices = known.get((diagnostic.filename, diagnostic.code), [])
    fitting = [choice for choice in choices if choice[0].holds(diagnostic.location)]
    if not fitting:
        return None
    chosen = min(fitting, key=lambda choice: (_identity(choice[1]) in repaired, choice[0].first != choice[0].last))
    choices.remove(chosen)
    return chosen[1]


def is_same(one: Diagnostic, other: Diagnostic) -> bool:
    """Whether two are the same one of one check, with its fix or without."""
    return _identity(one) == _identity(other)


def _identity(diagnostic: Diagnostic) -> Identity:
    return diagnostic.filename, diagnostic.code, diagnostic.location
