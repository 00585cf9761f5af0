"""The analysis of a whole project: facts of every file, linked, and what the rules find in them."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from fastapi_lint.cache import Analyses, CatalogueCache, Database, FactsCache, digest
from fastapi_lint.catalogue import load_catalogue
from fastapi_lint.config import Settings, oldest_python, selected_rules
from fastapi_lint.diagnostic import Fix, Position
from fastapi_lint.extraction import Extraction
from fastapi_lint.facts import ModuleFacts, Place
from fastapi_lint.findings import UNREADABLE, Analysis, Finding
from fastapi_lint.garbage import uncollected
from fastapi_lint.project import Project, Spot
from fastapi_lint.project.code.file_roles import file_role
from fastapi_lint.project.flow.resolution import Resolution
from fastapi_lint.project.serving.contexts import STAGES
from fastapi_lint.registry import Registry, load_rules
from fastapi_lint.relocation import Move, UnplacedError, relocated
from fastapi_lint.repair import OpenedFiles, Opener
from fastapi_lint.rule import Report
from fastapi_lint.source import SourceError, SourceFile
from fastapi_lint.suppress import Suppressions, parse_suppressions
from fastapi_lint.workers import Job, Outcome, Progress, RuleChoice, extract_all

Result = TypeVar("Result")


class Analyser:
    """One analysis. `errors` are tracebacks, one a crash; `timings` are seconds by phase.

    `kept_as` is the key under which its outcome was kept.
    """

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
        self.kept_as: bytes | None = None
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

    def run(
        self,
        contents: Mapping[str, bytes],
        paths: Mapping[str, Path],
        known: Analyses | None = None,
        keep: Analyses | None = None,
    ) -> Analysis:
        """Everything there is to find in files with these contents, by their paths relative to the project root.

        What is `known` is used again where it may be; then there is no project to compute fixes from. What was found
        goes to `keep`.
        """
        digests = {key: digest(content) for key, content in contents.items()}
        with uncollected():
            extraction = self._timed("extract", lambda: self._extraction(contents, digests, paths))
            analysis = None
            if known is not None:
                analysis = self._timed("cache", lambda: self._same_elsewhere(known, extraction, contents, digests))
            if analysis is None:
                analysis = self._link(extraction, contents, paths)
        if keep is not None and not self.errors:
            self.kept_as = keep.key(digests)
            keep.store(self.kept_as, analysis)
            keep.store_state(keep.key(extraction.shapes()), self.kept_as, digests)
        return analysis

    def _link(self, extraction: Extraction, contents: Mapping[str, bytes], paths: Mapping[str, Path]) -> Analysis:
        facts = self._timed("extract", lambda: list(extraction.facts()))
        for outcome in extraction.failures:
            if outcome.crash is not None:
                self.errors.append(outcome.crash)
            elif outcome.error is not None:
                self.unreadable(outcome.key, SourceError(outcome.error, outcome.position))
        self._timed("rules", lambda: self._check(facts))
        suppressions, unreadable = self._timed("comments", lambda: _comments(contents))
        rules = tuple(msgspec.structs.replace(rule, doc="") for rule in self._registry.rules)
        unjudged = tuple(key for key in paths if key in self._unparsed or self._is_silent(key))
        return Analysis(rules, tuple(self._findings), suppressions, unreadable, unjudged)

    def _same_elsewhere(
        self,
        known: Analyses,
        extraction: Extraction,
        contents: Mapping[str, bytes],
        digests: Mapping[str, bytes],
    ) -> Analysis | None:
        """A kept analysis of the same facts, but for their places, if it can be told what stands where now."""
        kept = known.like(known.key(extraction.shapes()))
        if kept is None:
            return None
        analysis, then = kept
        changed = {key: then[key] for key in contents if then[key] != digests[key]}
        before, now = extraction.at(changed), extraction.load(changed)
        if not changed.keys() == before.keys() == now.keys():
            return None
        try:
            moves = {key: Move(before[key], now[key]) for key in changed}
            moved = relocated(analysis, moves)
        except UnplacedError:
            return None
        comments, _ = _comments({key: contents[key] for key in changed})
        others = {key: found for key, found in analysis.suppressions.items() if key not in changed}
        return msgspec.structs.replace(moved, suppressions={**others, **comments})

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
        settings = self._settings
        opener = Opener(self._project, read, settings.offload_style, files, oldest_python(settings) != "py38")
        return Fixes(opener, self._registry, self._reports)

    def _timed(self, phase: str, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.timings[phase] = self.timings.get(phase, 0.0) + time.perf_counter() - start

    def _extraction(
        self, contents: Mapping[str, bytes], digests: Mapping[str, bytes], paths: Mapping[str, Path]
    ) -> Extraction:
        rules = RuleChoice(self._settings.plugins, frozenset(self._node_rules()))

        def parse(jobs: list[Job]) -> Iterator[Outcome]:
            return extract_all(jobs, rules, self._settings.jobs, self._progress)

        before = self._extracted if self._extracted is not None else {}
        return Extraction(contents, digests, paths, parse, self._cache(), before)

    def _cache(self) -> FactsCache | None:
        if self._database is None:
            return None
        return FactsCache(self._database, self._node_rules())

    def _node_rules(self) -> list[str]:
        return [rule.code for rule in self._registry.node_rules() if rule.code in self._selected]

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
    """Fixes of what an analysis found. `errors` are tracebacks, one a crash; `answers` is what was asked and said."""

    def __init__(self, opener: Opener, registry: Registry, reports: Mapping[tuple[str, str, Position], Report]) -> None:
        self.errors: list[str] = []
        self.answers: list[tuple[str, str, Position, Fix | None]] = []
        self._opener = opener
        self._registry = registry
        self._reports = reports

    def fix(self, code: str, path: str, at: Position) -> Fix | None:
        """What repairs an occurrence, or None; file names are relative to the project root."""
        found = self._fix(code, path, at)
        self.answers.append((code, path, at, found))
        return found

    def _fix(self, code: str, path: str, at: Position) -> Fix | None:
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
