"""One run: files in, diagnostics out. The straight line of the design, from end to end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fastapi_lint.cache import FOLDER, Analyses, Contents, Database, digest
from fastapi_lint.config import (
    PerFileIgnores,
    Settings,
    selected_rules,
    severity_overrides,
)
from fastapi_lint.deep_stack import with_deep_stack
from fastapi_lint.diagnostic import Diagnostic, Hop, Position
from fastapi_lint.files import discover
from fastapi_lint.findings import Analysis, Finding
from fastapi_lint.source import SourceError
from fastapi_lint.suppress import Suppressions, apply, unused

UNUSED_SUPPRESSION = "FAL002"

Result = TypeVar("Result")
Progress = Callable[[int, int], object]


class CheckRequest(msgspec.Struct, frozen=True):
    """What to check: `paths` as the user gave them; `stdin` is a file name and the bytes that stand in for it."""

    paths: tuple[Path, ...]
    settings: Settings
    root: Path
    stdin: tuple[str, bytes] | None = None


class CheckResult(msgspec.Struct, frozen=True):
    """What came out. `timings` are seconds by phase; `internal_errors` are tracebacks, one a crash."""

    diagnostics: tuple[Diagnostic, ...]
    files_checked: int
    notes: tuple[str, ...] = ()
    internal_errors: tuple[str, ...] = ()
    timings: dict[str, float] = {}


def check(request: CheckRequest, progress: Progress | None = None) -> CheckResult:
    """Analyses the project and reports on the files asked for; `progress` hears how many files of how many are read."""
    return _Run(request, progress).run()


class _Run:
    def __init__(self, request: CheckRequest, progress: Progress | None) -> None:
        self.request = request
        self.progress = progress
        self.settings = request.settings
        self.notes: list[str] = []
        self.errors: list[str] = []
        self.timings: dict[str, float] = {}
        self.shown: dict[str, str] = {}

    def run(self) -> CheckResult:
        files = self._timed("discover", self._discover)
        database = self._database()
        try:
            analysis = self._analysis(files, database)
        finally:
            if database is not None:
                database.close()
        found = self._timed("report", lambda: _Reporting(self.request, analysis, self.shown).diagnostics())
        return CheckResult(
            diagnostics=found,
            files_checked=len(self.shown),
            notes=tuple(self.notes),
            internal_errors=tuple(self.errors),
            timings=self.timings,
        )

    def _timed(self, phase: str, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.timings[phase] = time.perf_counter() - start

    # -- files

    def _discover(self) -> dict[str, Path]:
        """All files of the project by path relative to the root; `shown` keeps those to report on."""
        root = self.request.root
        files: dict[str, Path] = {}
        for path in discover(self.request.paths, self.settings, self.notes.append):
            key = _key(path, root)
            files[key] = path
            self.shown[key] = str(path)
        if self.request.stdin is not None:
            name = Path(self.request.stdin[0])
            files[_key(name, root)] = name
            self.shown[_key(name, root)] = self.request.stdin[0]
        for path in self._context_files(root):
            files.setdefault(_key(path, root), path)
        return dict(sorted(files.items()))

    def _context_files(self, root: Path) -> Iterable[Path]:
        """Chains need the whole project, whatever files were asked for."""
        if any(os.path.abspath(path) == str(root) for path in self.request.paths):
            return []
        return discover([root], self.settings) if root.is_dir() else []

    def _stdin_content(self, key: str) -> bytes | None:
        stdin = self.request.stdin
        return stdin[1] if stdin is not None and self.shown.get(key) == stdin[0] else None

    # -- the analysis

    def _database(self) -> Database | None:
        # A plugin's rules may change at any time, and nothing would tell.
        if not self.settings.cache or self.settings.plugins:
            return None
        return Database(self.settings.cache_dir or self.request.root / FOLDER)

    def _analysis(self, files: dict[str, Path], database: Database | None) -> Analysis:
        """A kept analysis if there is one of these very files, else a new one."""
        if database is None:
            return self._analyse(files, None, None)
        kept = Analyses(database, self._relevant_settings())
        known = self._timed("cache", lambda: self._look_up(files, database, kept))
        if known is not None:
            return known
        with database.alone():  # whoever comes second finds what the first one has kept
            return self._look_up(files, database, kept) or self._analyse(files, database, kept)

    def _look_up(self, files: dict[str, Path], database: Database, kept: Analyses) -> Analysis | None:
        contents = Contents(database, self.request.root)
        digests: dict[str, bytes] = {}
        for key, path in files.items():
            stdin = self._stdin_content(key)
            try:
                digests[key] = contents.digest(key, path) if stdin is None else digest(stdin)
            except OSError:
                return None
        contents.keep()
        return kept.load(kept.key(digests))

    def _relevant_settings(self) -> list[bytes]:
        """What of the settings an analysis depends on; the rest only shapes the report."""
        settings = self.settings
        sources = [(layer.select, layer.extend_select, layer.ignore) for layer in settings.layers]
        layers = [source for source in sources if source != (None, (), ())]
        parts: tuple[Any, ...] = (layers, settings.libraries, settings.include_tests, self._source_roots())
        return [msgspec.json.encode(part) for part in parts]

    def _source_roots(self) -> list[str]:
        roots = [_key(path, self.request.root) for path in self.settings.src_roots]
        return [root for root in roots if not root.startswith("..")]

    def _analyse(self, files: dict[str, Path], database: Database | None, kept: Analyses | None) -> Analysis:
        from fastapi_lint.analysis import Analyser

        analyser = Analyser(self.settings, self._source_roots(), database, self.progress)
        contents: dict[str, bytes] = {}
        complete = True
        for key, path in files.items():
            stdin = self._stdin_content(key)
            try:
                contents[key] = path.read_bytes() if stdin is None else stdin
            except OSError as error:
                complete = False
                analyser.unreadable(key, SourceError(f"cannot be read: {error.strerror}", Position(1, 1)))
        analysis = with_deep_stack(lambda: analyser.run(contents, files))
        self.errors += analyser.errors
        self.timings |= analyser.timings
        if kept is not None and complete and not analyser.errors and self.request.stdin is None:
            kept.store(kept.key({key: digest(content) for key, content in contents.items()}), analysis)
        return analysis


class _Reporting:
    """The diagnostics of the files asked for, out of an analysis of the project."""

    def __init__(self, request: CheckRequest, analysis: Analysis, shown: dict[str, str]) -> None:
        self.request = request
        self.settings = request.settings
        self.analysis = analysis
        self.shown = shown
        self.selected = selected_rules(self.settings, analysis)
        self.severities = severity_overrides(self.settings, analysis)
        self.infos = {rule.code: rule for rule in analysis.rules}

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In the order of files and places, each once."""
        by_file: dict[str, list[Diagnostic]] = {}
        for finding in self.analysis.findings:
            if finding.path in self.shown:
                by_file.setdefault(finding.path, []).append(self._diagnostic(finding))
        kept = self._unsuppressed(by_file)
        once = {(d.filename, d.location, d.code): d for d in reversed(kept)}
        return tuple(sorted(once.values(), key=lambda d: d.sort_key))

    def _diagnostic(self, finding: Finding) -> Diagnostic:
        info = self.infos[finding.code]
        place = finding.place
        return Diagnostic(
            code=info.code,
            name=info.name,
            severity=self.severities.get(info.code, finding.severity or info.severity),
            message=finding.message,
            filename=self.shown[finding.path],
            location=Position(place.row, place.column),
            end_location=Position(place.end_row, place.end_column),
            chain=tuple(msgspec.structs.replace(hop, filename=self._shown_path(hop)) for hop in finding.chain),
            entry_points=finding.entry_points,
        )

    def _shown_path(self, hop: Hop) -> str:
        """A path as the user may open it from where he stands."""
        if hop.filename in self.shown:
            return self.shown[hop.filename]
        return os.path.relpath(self.request.root / hop.filename)

    def _unsuppressed(self, by_file: dict[str, list[Diagnostic]]) -> list[Diagnostic]:
        """What no comment and no `per-file-ignores` silences, and the comments that silence nothing."""
        kept: list[Diagnostic] = []
        ignores = PerFileIgnores(self.settings, self.analysis)
        known = {info.name: info.code for info in self.analysis.rules}
        narrowed = self.selected < {info.code for info in self.analysis.rules if info.default}
        unreadable = set(self.analysis.unreadable)
        for key, filename in self.shown.items():
            suppressions = self.analysis.suppressions.get(key, Suppressions())
            if key not in by_file and not suppressions.entries:
                continue
            found = tuple(by_file.get(key, ()))
            if key in unreadable:
                kept += found
                continue
            ignored = ignores(Path(os.path.abspath(filename)))
            if self.settings.ignore_noqa:
                suppressions = suppressions.without_noqa()
            if suppressions.skips_file:
                continue
            inside, used = apply((d for d in found if d.code not in ignored), suppressions)
            kept += inside
            active = self.selected - ignored
            if UNUSED_SUPPRESSION in active:
                kept += unused(filename, suppressions, used, known, active, narrowed)
        return kept


def _key(path: Path, root: Path) -> str:
    """The path relative to the project root, with slashes."""
    return Path(os.path.relpath(os.path.abspath(path), root)).as_posix()
