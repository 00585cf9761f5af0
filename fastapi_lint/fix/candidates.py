"""Which fixes may be applied, and which of them in one round?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from fastapi_lint.diagnostic import Diagnostic, Edit, Fix
from fastapi_lint.fix.edits import EditError, Splice, splices
from fastapi_lint.source import SourceFile

Refuse = Callable[[Diagnostic, str], None]


class Candidate(msgspec.Struct, frozen=True):
    """A diagnostic whose fix may be applied, and what that does to which files."""

    diagnostic: Diagnostic
    changes: dict[str, tuple[Splice, ...]]

    def clashes(self, taken: Mapping[str, set[Splice]]) -> bool:
        """Whether it meets what others change already; an edit that both want, such as an import, is no clash."""
        for filename, changes in self.changes.items():
            theirs = taken.get(filename, set())
            others = theirs.difference(changes)
            if any(mine.touches(other) for mine in changes if mine not in theirs for other in others):
                return True
        return False


def candidates(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile], unsafe: bool, refuse: Refuse
) -> list[Candidate]:
    """The applicable fixes that can be made; `refuse` hears of the others. `sources` are the files asked for."""
    found = []
    for diagnostic in diagnostics:
        if diagnostic.fix is None or not diagnostic.fix.applies(unsafe):
            continue
        try:
            found.append(Candidate(diagnostic, _changes(diagnostic.filename, diagnostic.fix, sources)))
        except EditError as error:
            refuse(diagnostic, str(error))
    return found


def _changes(filename: str, fix: Fix, sources: Mapping[str, SourceFile]) -> dict[str, tuple[Splice, ...]]:
    by_file: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_file.setdefault(edit.filename or filename, []).append(edit)
    missing = sorted(set(by_file) - set(sources))
    if missing:
        raise EditError(f"it takes a change of `{missing[0]}`, which was not asked for")
    return {name: splices(sources[name], edits) for name, edits in by_file.items()}


def batch(found: Iterable[Candidate]) -> list[Candidate]:
    """Those that can be applied together, the first of each group that meets."""
    taken: dict[str, set[Splice]] = {}
    chosen = []
    for candidate in found:
        if not candidate.clashes(taken):
            chosen.append(candidate)
            for filename, changes in candidate.changes.items():
                taken.setdefault(filename, set()).update(changes)
    return chosen
