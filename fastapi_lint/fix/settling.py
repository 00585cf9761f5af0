"""Which fixes of a batch do no harm?

All of them are tried at once, which is nearly always right. Where it is not, and the harm shows on lines that single
fixes wrote, the others are tried without these. Where that does not help either, the batch is split: those that stand
where the harm shows are set apart, and halved until the one that does it is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from fastapi_lint.fix.candidates import Candidate
from fastapi_lint.fix.places import FileEdits, Rows
from fastapi_lint.fix.verdict import Checked, Fault, is_same

R = TypeVar("R", bound=Checked)

_MOST_CHECKS = 60


class Trial(msgspec.Struct, Generic[R], frozen=True):
    """Some fixes applied to the files as they are: what that gives, and what is wrong with it.

    `result` is None where the project was not checked, because a file is broken.
    """

    applied: tuple[Candidate, ...]
    edits: dict[str, FileEdits]
    result: R | None
    faults: tuple[Fault, ...]


Attempt = Callable[[Sequence[Candidate]], Trial[R]]


class Settled(msgspec.Struct, Generic[R], frozen=True):
    """The fixes that do no harm, tried together, and the others, each with the reason."""

    trial: Trial[R] | None
    dropped: tuple[tuple[Candidate, str], ...]


def settle(attempt: Attempt[R], batch: Sequence[Candidate]) -> Settled[R]:
    """As many fixes of the batch as can be applied without a fault."""
    settling = _Settling(attempt)
    settling.add(list(batch), _MOST_CHECKS)
    return Settled(settling.good, tuple(settling.dropped))


class _Settling(Generic[R]):
    def __init__(self, attempt: Attempt[R]) -> None:
        self.good: Trial[R] | None = None
        self.dropped: list[tuple[Candidate, str]] = []
        self._attempt = attempt
        self._tried: dict[frozenset[int], Trial[R]] = {}
        self._checks = 0
        self._excused: set[tuple[str, str, str]] = set()

    def add(self, rest: list[Candidate], checks: int) -> None:
        """Accepts what it can of `rest` beside what is accepted already, with so many checks of the project."""
        limit = self._checks + checks
        trial = self._try(rest) if self._checks < limit or self._is_known(rest) else None
        if trial is None:
            self.dropped += [(candidate, "too many fixes of this run do harm") for candidate in rest]
            return
        faults = [fault for fault in trial.faults if _key(fault) not in self._excused]
        if faults and len(rest) == 1 and _only_unveiled(rest[0], faults, trial.edits):
            self._excused |= {_key(fault) for fault in faults}
            faults = []
        if not faults:
            self.good = trial
        elif len(rest) == 1:
            self.dropped.append((rest[0], faults[0].reason))
        elif not self._convict(rest, faults, trial.edits):
            first, second = _parts(rest, faults, trial.edits)
            left = limit - self._checks
            kept = min(left // 2, 2 * len(second).bit_length())  # what it takes to find one that does harm
            self.add(first, left - kept)
            self.add(second, limit - self._checks)

    def _convict(self, rest: list[Candidate], faults: Sequence[Fault], edits: dict[str, FileEdits]) -> bool:
        """Drops those that did it, if every fault shows whose it is, and there is none without them."""
        guilty: dict[int, str] = {}
        for fault in faults:
            owners = _owners(rest, fault, edits)
            if len(owners) != 1:
                return False
            guilty.setdefault(owners[0], fault.reason)
        innocent = [candidate for number, candidate in enumerate(rest) if number not in guilty]
        if innocent:
            trial = self._try(innocent)
            if any(_key(fault) not in self._excused for fault in trial.faults):
                return False
            self.good = trial
        self.dropped += [(rest[number], reason) for number, reason in guilty.items()]
        return True

    def _together(self, rest: Sequence[Candidate]) -> tuple[Candidate, ...]:
        return (*(self.good.applied if self.good is not None else ()), *rest)

    def _is_known(self, rest: Sequence[Candidate]) -> bool:
        return frozenset(map(id, self._together(rest))) in self._tried

    def _try(self, rest: Sequence[Candidate]) -> Trial[R]:
        chosen = self._together(rest)
        key = frozenset(map(id, chosen))
        if key not in self._tried:
            self._tried[key] = trial = self._attempt(chosen)
            self._checks += trial.result is not None
        return self._tried[key]


def _key(fault: Fault) -> tuple[str, str, str]:
    appeared = fault.appeared
    return ("", "", fault.reason) if appeared is None else (appeared.filename, appeared.code, appeared.message)


def _only_unveiled(candidate: Candidate, faults: Sequence[Fault], edits: dict[str, FileEdits]) -> bool:
    """Whether one of its kind shows elsewhere only because the repaired one was reported in its stead.

    Of several places that reach a sink through a cached function, for example, only the nearest is reported.
    """
    appeared = faults[0].appeared
    if len(faults) != 1 or appeared is None or appeared.code != candidate.diagnostic.code:
        return False
    place = Rows(appeared.filename, appeared.location.row, appeared.location.row)
    return not any(rows.meets(place) for rows in _rows(candidate, edits))


def _parts(
    rest: list[Candidate], faults: Sequence[Fault], edits: dict[str, FileEdits]
) -> tuple[list[Candidate], list[Candidate]]:
    """The innocent and the suspects, or two halves where that tells nothing."""
    suspects = {number for fault in faults for number in _suspects(rest, fault, edits)}
    if 0 < len(suspects) < len(rest):
        return (
            [candidate for number, candidate in enumerate(rest) if number not in suspects],
            [candidate for number, candidate in enumerate(rest) if number in suspects],
        )
    half = len(rest) // 2
    return rest[:half], rest[half:]


def _owners(rest: list[Candidate], fault: Fault, edits: dict[str, FileEdits]) -> list[int]:
    """The fixes whose own diagnostic remains, or that wrote the line on which another one appeared."""
    if fault.unresolved is not None:
        return [number for number, candidate in enumerate(rest) if is_same(candidate.diagnostic, fault.unresolved)]
    return [
        number
        for number, candidate in enumerate(rest)
        if fault.rows and any(mine.meets(fault.rows[0]) for mine in _rows(candidate, edits))
    ]


def _suspects(rest: list[Candidate], fault: Fault, edits: dict[str, FileEdits]) -> list[int]:
    """The fixes that may have done it, by the nearest thing known about it."""
    tests: tuple[Callable[[Candidate], bool], ...] = (
        lambda each: fault.unresolved is not None and is_same(each.diagnostic, fault.unresolved),
        lambda each: any(mine.meets(rows) for mine in _rows(each, edits) for rows in fault.rows),
        lambda each: any(filename in fault.files for filename in each.changes),
    )
    for test in tests:
        found = [number for number, candidate in enumerate(rest) if test(candidate)]
        if found:
            return found
    return []


def _rows(candidate: Candidate, edits: dict[str, FileEdits]) -> list[Rows]:
    """The lines that a fix has changed, as they are now; none in files that could not be changed."""
    return [
        edits[filename].new_rows(splice)
        for filename, changes in candidate.changes.items()
        if filename in edits
        for splice in changes
    ]
