"""One run: files in, diagnostics out. The straight line of the design, from end to end."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from fastapi_lint.cache import FOLDER, FactsCache
from fastapi_lint.catalogue import load_catalogue
from fastapi_lint.config import (
    PerFileIgnores,
    Settings,
    selected_rules,
    severity_overrides,
)
from fastapi_lint.deployment import visible_workers
from fastapi_lint.diagnostic import Diagnostic, Hop, Position, Severity
from fastapi_lint.facts import ModuleFacts, Place
from fastapi_lint.files import discover
from fastapi_lint.project import Project
from fastapi_lint.project.file_roles import serves
from fastapi_lint.registry import Registry, RuleInfo, load_rules
from fastapi_lint.rule import Report
from fastapi_lint.source import SourceError, SourceFile
from fastapi_lint.suppress import apply, parse_suppressions, unused
from fastapi_lint.workers import Job, RuleChoice, extract_all, with_deep_stack

UNREADABLE = "FAL001"
UNUSED_SUPPRESSION = "FAL002"

Result = TypeVar("Result")


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


def check(request: CheckRequest) -> CheckResult:
    """Analyses the project and reports on the files asked for."""
    return with_deep_stack(lambda: _Run(request).run())


class _Run:
    def __init__(self, request: CheckRequest) -> None:
        self.request = request
        self.settings = request.settings
        self.registry: Registry = load_rules(self.settings.plugins)
        self.selected = selected_rules(self.settings, self.registry)
        self.severities = severity_overrides(self.settings, self.registry)
        self.notes: list[str] = []
        self.errors: list[str] = []
        self.timings: dict[str, float] = {}
        self.found: list[Diagnostic] = []
        self.shown: dict[str, str] = {}

    def run(self) -> CheckResult:
        files = self._timed("discover", self._discover)
        facts = self._timed("extract", lambda: list(self._extract(files)))
        self._timed("rules", lambda: self._check_project(facts))
        self._timed("suppress", self._suppress)
        once = {(d.filename, d.location, d.code): d for d in reversed(self.found)}
        return CheckResult(
            diagnostics=tuple(sorted(once.values(), key=lambda d: d.sort_key)),
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
        return discover([root], self.settings) if root.is_dir() else []

    def _extract(self, files: dict[str, Path]) -> Iterator[tuple[str, ModuleFacts]]:
        """The facts of every file that has any: kept ones where the content was seen before."""
        contents = {key: content for key, path in files.items() if (content := self._content(key, path)) is not None}
        cache = self._cache()
        keys = {key: cache.key(content) for key, content in contents.items()} if cache is not None else {}
        known = cache.load(set(keys.values())) if cache is not None else {}
        jobs = [Job(key, str(files[key]), content) for key, content in contents.items() if keys.get(key) not in known]
        fresh: dict[str, ModuleFacts] = {}
        for outcome in extract_all(jobs, RuleChoice(self.settings.plugins, self.selected), self.settings.jobs):
            if outcome.facts is not None:
                fresh[outcome.key] = outcome.facts
            elif outcome.crash is not None:
                self.errors.append(outcome.crash)
            elif outcome.error is not None:
                self._unreadable(outcome.key, SourceError(outcome.error, outcome.position))
        if cache is not None:
            cache.store({keys[key]: facts for key, facts in fresh.items()})
            cache.close()
        for key in contents:
            facts = fresh.get(key) or known.get(keys.get(key, b""))
            if facts is not None:
                yield key, facts

    def _cache(self) -> FactsCache | None:
        # A plugin's node rules may change at any time, and nothing would tell.
        if not self.settings.cache or self.settings.plugins:
            return None
        codes = [rule.code for rule in self.registry.node_rules() if rule.code in self.selected]
        return FactsCache(self.settings.cache_dir or self.request.root / FOLDER, codes)

    def _content(self, key: str, path: Path) -> bytes | None:
        stdin = self._stdin_content(key)
        if stdin is not None:
            return stdin
        try:
            return path.read_bytes()
        except OSError as error:
            self._unreadable(key, SourceError(f"cannot be read: {error.strerror}", Position(1, 1)))
            return None

    def _stdin_content(self, key: str) -> bytes | None:
        stdin = self.request.stdin
        return stdin[1] if stdin is not None and self.shown.get(key) == stdin[0] else None

    def _unreadable(self, key: str, error: SourceError) -> None:
        if key not in self.shown:
            return
        if UNREADABLE not in self.selected:
            return
        info = self._info(UNREADABLE)
        end = Position(error.position.row, error.position.column + 1)
        self.found.append(
            Diagnostic(info.code, info.name, info.severity, str(error), self.shown[key], error.position, end)
        )

    def _info(self, code: str) -> RuleInfo:
        info = self.registry.by_code(code)
        if info is None:
            raise LookupError(f"no rule {code}")
        return info

    # -- rules

    def _check_project(self, files: list[tuple[str, ModuleFacts]]) -> None:
        served = None if self.settings.include_tests else [key for key, _ in files if serves(key)]
        catalogue = load_catalogue(self.settings.libraries)
        roots = [_key(path, self.request.root) for path in self.settings.src_roots]
        inside = [root for root in roots if not root.startswith("..")]
        project = Project(files, catalogue, inside, served, visible_workers(self.request.root))
        for key, facts in files:
            self._local(key, facts, served)
        for rule in self.registry.project_rules():
            if rule.code not in self.selected:
                continue
            try:
                for report in rule.check(project):
                    self._report(self._info(rule.code), report)
            except Exception:  # noqa: BLE001 - a crash in one rule must not hide the others
                self.errors.append(f"{rule.code}: {traceback.format_exc()}")

    def _local(self, key: str, facts: ModuleFacts, served: list[str] | None) -> None:
        if key not in self.shown or (served is not None and not serves(key)):
            return
        for local in facts.diagnostics:
            info = self._info(local.code)
            self._add(info, key, facts.places[local.place], local.message, info.severity)

    def _report(self, info: RuleInfo, report: Report) -> None:
        if report.spot.path not in self.shown:
            return
        severity = report.severity or info.severity
        chain = tuple(msgspec.structs.replace(hop, filename=self._shown_path(hop)) for hop in report.chain)
        diagnostic = self._diagnostic(info, report.spot.path, report.spot.place, report.message, severity)
        self.found.append(msgspec.structs.replace(diagnostic, chain=chain, entry_points=report.entry_points))

    def _shown_path(self, hop: Hop) -> str:
        """A path as the user may open it from where he stands."""
        if hop.filename in self.shown:
            return self.shown[hop.filename]
        return os.path.relpath(self.request.root / hop.filename)

    def _add(self, info: RuleInfo, key: str, place: Place, message: str, severity: Severity) -> None:
        self.found.append(self._diagnostic(info, key, place, message, severity))

    def _diagnostic(self, info: RuleInfo, key: str, place: Place, message: str, severity: Severity) -> Diagnostic:
        return Diagnostic(
            code=info.code,
            name=info.name,
            severity=self.severities.get(info.code, severity),
            message=message,
            filename=self.shown[key],
            location=Position(place.row, place.column),
            end_location=Position(place.end_row, place.end_column),
        )

    # -- suppressions

    def _suppress(self) -> None:
        by_file: dict[str, list[Diagnostic]] = {}
        for diagnostic in self.found:
            by_file.setdefault(diagnostic.filename, []).append(diagnostic)
        kept: list[Diagnostic] = []
        ignores = PerFileIgnores(self.settings, self.registry)
        known = {info.name: info.code for info in self.registry.rules}
        narrowed = self.selected < {info.code for info in self.registry.rules if info.default}
        for key, filename in self.shown.items():
            if filename not in by_file and UNUSED_SUPPRESSION not in self.selected:
                continue
            text = self._text(key)
            if text is None:
                continue
            ignored = ignores(Path(os.path.abspath(filename)))
            found = tuple(d for d in by_file.pop(filename, ()) if d.code not in ignored)
            suppressions = parse_suppressions(text)
            if self.settings.ignore_noqa:
                suppressions = suppressions.without_noqa()
            if suppressions.skips_file:
                continue
            inside, used = apply(found, suppressions)
            kept += inside
            active = self.selected - ignored
            if UNUSED_SUPPRESSION in active:
                kept += unused(filename, suppressions, used, known, active, narrowed)
        for rest in by_file.values():  # files that have no readable text
            kept += rest
        self.found = kept

    def _text(self, key: str) -> str | None:
        content = self._stdin_content(key)
        filename = self.shown[key]
        try:
            return SourceFile(filename, Path(filename).read_bytes() if content is None else content).text
        except (OSError, SourceError):
            return None


def _key(path: Path, root: Path) -> str:
    """The path relative to the project root, with slashes."""
    return Path(os.path.relpath(os.path.abspath(path), root)).as_posix()
