"""Applying fixes until none is left.

Each round applies the fixes that do not meet, and checks the project with the new contents: what repaired one
diagnostic may have moved another, or made its fix possible. A fix that does harm is left out, and so are all fixes of
rules whose fixes come to no end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.fix.candidates import Candidate, batch, candidates
from fastapi_lint.fix.edits import EditError, Splice, spliced
from fastapi_lint.fix.guards import damage
from fastapi_lint.fix.places import FileEdits, Span, moved, nearest_offset
from fastapi_lint.fix.settling import Settled, Trial, settle
from fastapi_lint.fix.verdict import Checked, Fault, verdict
from fastapi_lint.source import SourceError, SourceFile

R = TypeVar("R", bound=Checked)

_MOST_ROUNDS = 30


class Change(msgspec.Struct, frozen=True):
    """A file and its content before and after."""

    filename: str
    before: bytes
    after: bytes


class FixCount(msgspec.Struct, frozen=True, order=True):
    """How many diagnostics of a rule were repaired in a file."""

    filename: str
    code: str
    name: str
    count: int


class Repaired(msgspec.Struct, Generic[R], frozen=True):
    """What came of it: the last check, what of it is left without a fix that was dropped, and the new contents."""

    result: R
    diagnostics: tuple[Diagnostic, ...]
    changes: tuple[Change, ...]
    fixed: tuple[FixCount, ...]
    notes: tuple[str, ...]


class Checker(Protocol[R]):
    """Checks a project as it was read, except for the files whose new contents it is given."""

    def check(self, changes: Mapping[str, bytes]) -> R:
        """What there is to find, without fixes: most attempts only have to be judged."""

    def with_fixes(self, changes: Mapping[str, bytes], checked: R) -> R:
        """What a check of the same contents gave, each diagnostic with its fix."""

    def asked(self) -> Mapping[str, bytes]:
        """What the first check has read of the files asked for, which alone are changed."""


class _Mark(msgspec.Struct, frozen=True):
    """A diagnostic whose fix is not to be tried again."""

    filename: str
    code: str
    span: Span
    reason: str

    def means(self, diagnostic: Diagnostic) -> bool:
        same = (self.filename, self.code) == (diagnostic.filename, diagnostic.code)
        return same and self.span.holds(diagnostic.location)


def repair(checker: Checker[R], unsafe: bool) -> Repaired[R]:
    """Every fix that may be applied, applied in memory."""
    checked = checker.check({})
    first = _State(checked, checker.with_fixes({}, checked))
    sources = dict(_readable(checker.asked()))
    endless: frozenset[str] = frozenset()
    while True:
        rounds = _Rounds(checker, sources, unsafe, first, endless)
        more = rounds.run()
        if not more:
            return rounds.outcome()
        endless |= more


def _readable(contents: Mapping[str, bytes]) -> list[tuple[str, SourceFile]]:
    found = []
    for filename, content in contents.items():
        try:
            found.append((filename, SourceFile(filename, content)))
        except SourceError:
            continue
    return found


class _State(msgspec.Struct, Generic[R], frozen=True):
    """What was found before anybody asked for fixes, and the same with fixes."""

    checked: R
    result: R


class _Rounds(Generic[R]):
    def __init__(
        self,
        checker: Checker[R],
        sources: Mapping[str, SourceFile],
        unsafe: bool,
        first: _State[R],
        endless: frozenset[str],
    ) -> None:
        self.checker = checker
        self.original = sources
        self.sources = dict(sources)
        self.unsafe = unsafe
        self.state = first
        self.endless = endless
        self.marks: list[_Mark] = []
        self.fixed: Counter[tuple[str, str, str]] = Counter()

    def run(self) -> frozenset[str]:
        """Goes on until no fix is left; returns the codes whose fixes would never end."""
        seen: list[dict[str, bytes]] = [{}]
        applied: list[frozenset[str]] = []
        again = False
        while True:
            chosen = batch(self._candidates())
            if not chosen and (again or not applied or not self.marks):
                return frozenset()
            if not chosen:
                # what did harm beside other fixes may do none now, and the next run would try
                self.marks, again = [], True
                continue
            settled = settle(self._attempt, chosen)
            self._take(settled)
            if settled.trial is None:
                continue
            applied.append(frozenset(each.diagnostic.code for each in settled.trial.applied))
            changed = self._changed()
            if changed in seen:
                return frozenset().union(*applied[seen.index(changed) :])
            if len(seen) > _MOST_ROUNDS:
                return applied[-1]
            seen.append(changed)

    def outcome(self) -> Repaired[R]:
        notes = []
        left = []
        for diagnostic in self.state.result.diagnostics:
            reason = self._hindrance(diagnostic)
            if reason is not None:
                at = diagnostic.location
                notes.append(f"{diagnostic.filename}:{at.row}:{at.column}: {diagnostic.code} was not fixed: {reason}")
            left.append(diagnostic if reason is None else msgspec.structs.replace(diagnostic, fix=None))
        fixed = sorted(FixCount(*key, count) for key, count in self.fixed.items())
        before = self.original
        changes = [Change(name, before[name].content, after) for name, after in sorted(self._changed().items())]
        return Repaired(self.state.result, tuple(left), tuple(changes), tuple(fixed), tuple(notes))

    def _hindrance(self, diagnostic: Diagnostic) -> str | None:
        """Why the fix of a diagnostic is not applied, if it has one that might be."""
        if diagnostic.fix is None or not diagnostic.fix.applies(self.unsafe):
            return None
        if diagnostic.code in self.endless:
            return f"fixes of {', '.join(sorted(self.endless))} lead to more of them without end"
        return next((mark.reason for mark in self.marks if mark.means(diagnostic)), None)

    def _candidates(self) -> list[Candidate]:
        free = [each for each in self.state.result.diagnostics if self._hindrance(each) is None]
        return candidates(free, self.sources, self.unsafe, self._mark)

    def _mark(self, diagnostic: Diagnostic, reason: str) -> None:
        span = Span(diagnostic.location, diagnostic.location)
        self.marks.append(_Mark(diagnostic.filename, diagnostic.code, span, reason))

    def _changed(self) -> dict[str, bytes]:
        return {
            name: source.content
            for name, source in self.sources.items()
            if source.content != self.original[name].content
        }

    def _attempt(self, chosen: Sequence[Candidate]) -> Trial[R]:
        edits: dict[str, FileEdits] = {}
        faults: list[Fault] = []
        for filename, changes in _by_file(chosen).items():
            edited, reason = self._edit(filename, changes, chosen)
            if edited is not None:
                edits[filename] = edited
            if reason is not None:
                faults.append(Fault(reason, files=(filename,)))
        if faults:
            return Trial(tuple(chosen), edits, None, tuple(faults))
        result = self.checker.check(self._changed() | {name: each.after.content for name, each in edits.items()})
        return Trial(tuple(chosen), edits, result, verdict(self.state.checked, result, edits, chosen))

    def _edit(
        self, filename: str, changes: Sequence[Splice], chosen: Sequence[Candidate]
    ) -> tuple[FileEdits | None, str | None]:
        before = self.sources[filename]
        try:
            after = spliced(before, changes)
        except EditError as error:
            return None, str(error)
        own = [each.diagnostic for each in chosen if each.diagnostic.filename == filename]
        about = [nearest_offset(before, diagnostic.location) for diagnostic in own]
        return FileEdits(before, after, tuple(changes)), damage(before, after, about)

    def _take(self, settled: Settled[R]) -> None:
        """Makes what was found harmless the state of things."""
        for candidate, reason in settled.dropped:
            self._mark(candidate.diagnostic, reason)
        trial = settled.trial
        if trial is None or trial.result is None:
            return
        self.marks = [
            msgspec.structs.replace(mark, span=moved(trial.edits, mark.filename, mark.span)) for mark in self.marks
        ]
        self.sources.update({name: each.after for name, each in trial.edits.items()})
        self.state = _State(trial.result, self.checker.with_fixes(self._changed(), trial.result))
        self.fixed.update((c.diagnostic.filename, c.diagnostic.code, c.diagnostic.name) for c in trial.applied)


def _by_file(chosen: Sequence[Candidate]) -> dict[str, list[Splice]]:
    """All changes of each file in order; what several fixes want is made once."""
    by_file: dict[str, set[Splice]] = {}
    for candidate in chosen:
        for filename, changes in candidate.changes.items():
            by_file.setdefault(filename, set()).update(changes)
    return {filename: sorted(changes) for filename, changes in by_file.items()}
