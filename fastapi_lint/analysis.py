"""The analysis of a whole project: facts of every file, linked, and what the rules find in them."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from fastapi_lint.cache import CatalogueCache, Database, FactsCache, digest
from fastapi_lint.catalogue import load_catalogue
from fastapi_lint.config import Settings, selected_rules
from fastapi_lint.diagnostic import Fix, Position
from fastapi_lint.facts import ModuleFacts, Place
from fastapi_lint.findings import UNREADABLE, Analysis, Finding
from fastapi_lint.garbage import uncollected
from fastapi_lint.project import Project, Spot
from fastapi_lint.project.code.file_roles import file_role
from fastapi_lint.project.flow.resolution import Resolution
from fastapi_lint.project.serving.contexts import STAGES
from fastapi_lint.registry import Registry, load_rules
from fastapi_lint.repair import OpenedFiles, Opener
from fastapi_lint.rule import Report
from fastapi_lint.source import SourceError, SourceFile
from fastapi_lint.suppress import Suppressions, parse_suppressions
from fastapi_lint.workers import Job, Progress, RuleChoice, extract_all

Result = TypeVar("Result")


class Analyser:
    """One analysis. `errors` are tracebacks, one a crash; `timings` are seconds by phase."""

    def __init__(
        self,
        settings: Settings,
        roots: list[str],
        workers: str | None,
        database: Database | None,
        progress: Progress | None = None,
        extracted: dict[bytes, ModuleFacts] | None = None,
    ) -> None:
        """`roots` are the folders that first-party imports start from, relative to the project root.

        `workers` says where several worker processes are started, if a deployment file does.

        `extracted` are facts by content that were extracted before; it is filled with those of this analysis.
        """
        self.errors: list[str] = []
        self.timings: dict[str, float] = {}
        self._settings = settings
        self._roots = roots
        self._workers = workers
        self._database = database
        self._progress: Progress = progress or (lambda _done, _all: None)
        self._registry: Registry = load_rules(settings.plugins)
        self._selected = selected_rules(settings, self._registry)
        self._findings: list[Finding] = []
        self._extracted = extracted
        self._unparsed: set[str] = set()
        self._project: Project | None = None
        self._reports: dict[tuple[str, str, Position], Report] = {}

    def run(self, contents: Mapping[str, bytes], paths: Mapping[str, Path]) -> Analysis:
        """Everything there is to find in files with these contents, by their paths relative to the project root."""
        with uncollected():
            facts = self._timed("extract", lambda: list(self._extract(contents, paths)))
            self._timed("rules", lambda: self._check(facts))
            suppressions, unreadable = self._timed("comments", lambda: _comments(contents))
        rules = tuple(msgspec.structs.replace(rule, doc="") for rule in self._registry.rules)
        unjudged = tuple(key for key in paths if key in self._unparsed or self._is_silent(key))
        return Analysis(rules, tuple(self._findings), suppressions, unreadable, unjudged)

    def resolution(self, shown: Mapping[str, str]) -> Resolution | None:
        """How many calls were understood in the files of `shown`, by their keys; paths come as they are to be named."""
        if self._project is None:
            return None
        found = self._project.resolution(shown)
        calls = [msgspec.structs.replace(call, path=shown[call.path]) for call in found.unresolved]
        return Resolution(found.calls, tuple(calls))

    def fixes(self, read: Callable[[str], bytes], files: OpenedFiles) -> Fixes:
        """Who computes fixes for what was found; `read` gives the bytes of a file by its path relative to the root."""
        if self._project is None:
            raise LookupError("nothing was analysed")
        return Fixes(Opener(self._project, read, self._settings.offload_style, files), self._registry, self._reports)

    def _timed(self, phase: str, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.timings[phase] = time.perf_counter() - start

    # -- facts

    def _extract(self, contents: Mapping[str, bytes], paths: Mapping[str, Path]) -> Iterator[tuple[str, ModuleFacts]]:
        """The facts of every file that has any: kept ones where the content was seen before."""
        cache = self._cache()
        keys = {key: cache.key(digest(content)) for key, content in contents.items()} if cache is not None else {}
        known = cache.load(set(keys.values())) if cache is not None else {}
        before = self._extracted if self._extracted is not None else {}
        jobs = [
            Job(key, str(paths[key]), content)
            for key, content in contents.items()
            if keys.get(key) not in known and content not in before
        ]
        fresh: dict[str, ModuleFacts] = {}
        rules = RuleChoice(self._settings.plugins, self._selected)
        for outcome in extract_all(jobs, rules, self._settings.jobs, self._progress):
            if outcome.facts is not None:
                fresh[outcome.key] = outcome.facts
            elif outcome.crash is not None:
                self.errors.append(outcome.crash)
            elif outcome.error is not None:
                self.unreadable(outcome.key, SourceError(outcome.error, outcome.position))
        if cache is not None:
            cache.store({keys[key]: facts for key, facts in fresh.items()})
        for key, content in contents.items():
            facts = fresh.get(key) or known.get(keys.get(key, b"")) or before.get(content)
            if facts is not None:
                if self._extracted is not None:
                    self._extracted[content] = facts
                yield key, facts

    def _cache(self) -> FactsCache | None:
        if self._database is None:
            return None
        codes = [rule.code for rule in self._registry.node_rules() if rule.code in self._selected]
        return FactsCache(self._database, codes)

    def unreadable(self, key: str, error: SourceError) -> None:
        """Reports a file that cannot be read, decoded or parsed."""
        self._unparsed.add(key)
        if UNREADABLE in self._selected:
            at = error.position
            self._findings.append(Finding(UNREADABLE, key, Place(at.row, at.column, at.row, at.column + 1), str(error)))

    # -- rules

    def _is_silent(self, key: str) -> bool:
        """Whether a file is one of those that the settings leave out: tests, migrations, ..."""
        role = file_role(key)
        return role is not None and self._settings.level(role) == "silent"

    def _check(self, files: list[tuple[str, ModuleFacts]]) -> None:
        served = [key for key, _ in files if not self._is_silent(key)]
        stages = [stage for stage in STAGES if self._settings.level(stage) != "silent"]
        kept = None if self._database is None else CatalogueCache(self._database)
        catalogue = load_catalogue(self._settings.libraries, kept)
        project = Project(files, catalogue, self._roots, served, stages, self._workers)
        self._project = project
        for key, facts in files:
            if not self._is_silent(key):
                for local in facts.diagnostics:
                    self._report(local.code, Report(Spot(key, facts.places[local.place]), local.message))
        for rule in self._registry.project_rules():
            if rule.code not in self._selected:
                continue
            try:
                for report in rule.check(project):
                    self._report(rule.code, report)
            except Exception:  # noqa: BLE001 - a crash in one rule must not hide the others
                self.errors.append(f"{rule.code}: {traceback.format_exc()}")

    def _report(self, code: str, report: Report) -> None:
        spot = report.spot
        chain, entries, stage = report.chain, report.entry_points, file_role(spot.path) or report.stage
        self._findings.append(
            Finding(code, spot.path, spot.place, report.message, report.severity, chain, entries, stage)
        )
        self._reports.setdefault((code, spot.path, Position(spot.place.row, spot.place.column)), report)


class Fixes:
    """Fixes of what an analysis found. `errors` are tracebacks, one a crash."""

    def __init__(self, opener: Opener, registry: Registry, reports: Mapping[tuple[str, str, Position], Report]) -> None:
        self.errors: list[str] = []
        self._opener = opener
        self._registry = registry
        self._reports = reports

    def fix(self, code: str, path: str, at: Position) -> Fix | None:
        """What repairs an occurrence, or None; file names are relative to the project root."""
        report = self._reports.get((code, path, at))
        rule = self._registry.rule(code)
        if report is None or rule is None or rule.fix is None:
            return None
        try:
            return rule.repair(report, self._opener)
        except Exception:  # noqa: BLE001 - a crash in one fix must not hide the diagnostics
            self.errors.append(f"{code}: {traceback.format_exc()}")
            return None


def _comments(contents: Mapping[str, bytes]) -> tuple[dict[str, Suppressions], tuple[str, ...]]:
    """The suppression comments of each file that has any, and the files that have no text."""
    found: dict[str, Suppressions] = {}
    unreadable: list[str] = []
    for key, content in contents.items():
        try:
            suppressions = parse_suppressions(SourceFile(key, content).text)
        except SourceError:
            unreadable.append(key)
            continue
        if suppressions.entries:
            found[key] = suppressions
    return found, tuple(unreadable)
