"""From findings to diagnostics: what of an analysis is reported, with which severity, silenced by whom, fixed how."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from fastapi_lint.config import (
    Level,
    PerFileIgnores,
    Settings,
    fixable_rules,
    selected_rules,
    severity_overrides,
)
from fastapi_lint.diagnostic import Diagnostic, Edit, Fix, Hop, Position
from fastapi_lint.findings import UNREADABLE, Analysis, Finding
from fastapi_lint.suppress import Suppressions, apply, unused

UNUSED_SUPPRESSION = "FAL002"

STAGE_TEXTS = {
    "startup": "at start-up",
    "workers": "in a worker",
    "scripts": "in a script",
    "tests": "in a test",
    "benchmarks": "in a benchmark",
    "migrations": "in a migration",
    "conditional": "if many conditions hold",
}
"""What is reported only if it is asked for, as settings name it and as messages say it: above all code that serves no
request."""


class FixSource(Protocol):
    """Who computes fixes: `path` is relative to the project root, and so are the file names of the fix."""

    def fix(self, code: str, path: str, at: Position) -> Fix | None: ...


class Diagnosis:
    """The diagnostics of the files asked for. `shown` are these files, by path relative to the root, as to be named."""

    def __init__(
        self, settings: Settings, root: Path, analysis: Analysis, shown: dict[str, str], followed: dict[str, Path]
    ) -> None:
        self._settings = settings
        self._root = root
        self._analysis = analysis
        self._shown = shown
        self._followed = followed
        self._selected = selected_rules(settings, analysis)
        self._severities = severity_overrides(settings, analysis)
        self._fixable = fixable_rules(settings, analysis)
        self._infos = {rule.code: rule for rule in analysis.rules}

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In the order of files and places, each once."""
        by_file: dict[str, list[Diagnostic]] = {}
        for finding in self._analysis.findings:
            if finding.path in self._shown and self._level(finding.stage) != "silent":
                by_file.setdefault(finding.path, []).append(self._diagnostic(finding))
        kept = self._unsuppressed(by_file)
        once = {(d.filename, d.location, d.code): d for d in reversed(kept)}
        found = sorted(once.values(), key=lambda d: d.sort_key)
        return tuple(d if d.fix is None or d.code in self._fixable else _with(d, None) for d in found)

    def fixable(self) -> frozenset[str]:
        """The rules whose fixes have to be asked for."""
        own = {UNREADABLE, UNUSED_SUPPRESSION}
        return self._fixable & {info.code for info in self._analysis.rules if info.fix != "none"} - own

    def with_fixes(self, diagnostics: Iterable[Diagnostic], source: FixSource) -> tuple[Diagnostic, ...]:
        """Each diagnostic with the fix that its rule has for it."""
        wanted = self.fixable()
        keys = {name: key for key, name in self._shown.items()}
        return tuple(
            _with(each, self._fix(each, keys[each.filename], source)) if each.code in wanted else each
            for each in diagnostics
        )

    def _fix(self, diagnostic: Diagnostic, key: str, source: FixSource) -> Fix | None:
        found = source.fix(diagnostic.code, key, diagnostic.location)
        if found is None:
            return None
        return msgspec.structs.replace(found, edits=tuple(self._shown_edit(each, key) for each in found.edits))

    def _shown_edit(self, edit: Edit, key: str) -> Edit:
        other = None if edit.filename in (None, key) else self._shown_path(edit.filename)
        return msgspec.structs.replace(edit, filename=other)

    def _level(self, stage: str) -> Level:
        """What becomes of diagnostics in code that runs there; the empty string is request handling."""
        return self._settings.level(stage) if stage else "report"

    def _diagnostic(self, finding: Finding) -> Diagnostic:
        info = self._infos[finding.code]
        place, stage = finding.place, finding.stage
        severity = self._severities.get(info.code, finding.severity or info.severity)
        return Diagnostic(
            code=info.code,
            name=info.name,
            severity=severity.lowered() if self._level(stage) == "lower" else severity,
            message=f"{finding.message} ({STAGE_TEXTS[stage]})" if stage else finding.message,
            filename=self._shown[finding.path],
            location=Position(place.row, place.column),
            end_location=Position(place.end_row, place.end_column),
            chain=tuple(self._shown_hop(hop) for hop in finding.chain),
            entry_points=finding.entry_points,
        )

    def _shown_hop(self, hop: Hop) -> Hop:
        return msgspec.structs.replace(hop, filename=self._shown_path(hop.filename))

    def _shown_path(self, key: str) -> str:
        """A path as the user may open it from where he stands."""
        if key in self._shown:
            return self._shown[key]
        followed = self._followed.get(key)
        if followed is not None:
            near = Path(os.path.abspath(followed)).is_relative_to(Path.cwd())
            return os.path.relpath(followed) if near else str(followed)
        return os.path.relpath(self._root / key)

    def _unsuppressed(self, by_file: dict[str, list[Diagnostic]]) -> list[Diagnostic]:
        """What no comment and no `per-file-ignores` silences, and the comments that silence nothing."""
        kept: list[Diagnostic] = []
        ignores = PerFileIgnores(self._settings, self._analysis)
        known = {info.name: info.code for info in self._analysis.rules}
        narrowed = self._selected < {info.code for info in self._analysis.rules if info.default}
        unread, unjudged = set(self._analysis.unreadable), set(self._analysis.unjudged)
        for key, filename in self._shown.items():
            suppressions = self._analysis.suppressions.get(key, Suppressions())
            if key not in by_file and not suppressions.entries:
                continue
            found = tuple(by_file.get(key, ()))
            if key in unread:
                kept += found
                continue
            ignored = ignores(Path(os.path.abspath(filename)))
            if self._settings.ignore_noqa:
                suppressions = suppressions.without_noqa()
            if suppressions.skips_file:
                continue
            inside, used = apply((d for d in found if d.code not in ignored), suppressions)
            kept += inside
            active = self._selected - ignored
            if UNUSED_SUPPRESSION in active and key not in unjudged:
                kept += unused(filename, suppressions, used, known, active, narrowed)
        return kept


def _with(diagnostic: Diagnostic, fix: Fix | None) -> Diagnostic:
    return msgspec.structs.replace(diagnostic, fix=fix)


def relative_key(path: Path, root: Path) -> str:
    """The path relative to the project root, with slashes."""
    return Path(os.path.relpath(os.path.abspath(path), root)).as_posix()
