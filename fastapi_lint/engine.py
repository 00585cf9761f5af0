"""One run: files in, diagnostics out. The straight line of the design, from end to end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from fastapi_lint.cache import FOLDER, Analyses, Contents, Database, FixesCache, KeptFixes, digest
from fastapi_lint.config import Settings, oldest_python
from fastapi_lint.deep_stack import with_deep_stack
from fastapi_lint.deployment import visible_workers
from fastapi_lint.diagnosis import STAGE_TEXTS, Diagnosis, relative_key
from fastapi_lint.diagnostic import Diagnostic, Position
from fastapi_lint.environment import follow
from fastapi_lint.facts import FOLLOWED
from fastapi_lint.files import discover
from fastapi_lint.findings import Analysis
from fastapi_lint.garbage import uncollected
from fastapi_lint.source import SourceError

if TYPE_CHECKING:
    from fastapi_lint.analysis import Analyser, Fixes
    from fastapi_lint.facts import ModuleFacts
    from fastapi_lint.fix import Repaired
    from fastapi_lint.project.flow.resolution import Resolution
    from fastapi_lint.repair import OpenedFiles

Result = TypeVar("Result")
Progress = Callable[[int, int], object]


class CheckRequest(msgspec.Struct, frozen=True):
    """What to check: `paths` as the user gave them; `stdin` is a file name and the bytes that stand in for it.

    `fixes` asks for the fix of each diagnostic, which takes opening its file again.
    """

    paths: tuple[Path, ...]
    settings: Settings
    root: Path
    stdin: tuple[str, bytes] | None = None
    fixes: bool = False
    wants_resolution: bool = False


class CheckResult(msgspec.Struct, frozen=True):
    """What came out. `timings` are seconds by phase; `internal_errors` are tracebacks, one a crash.

    `unasked` are the codes of rules that have fixes which nobody asked for. `resolution` is there if the request wants
    it; its paths are spelled as those of diagnostics are.
    """

    diagnostics: tuple[Diagnostic, ...]
    files_checked: int
    notes: tuple[str, ...] = ()
    internal_errors: tuple[str, ...] = ()
    timings: dict[str, float] = {}
    unasked: frozenset[str] = frozenset()
    resolution: Resolution | None = None


def check(request: CheckRequest, progress: Progress | None = None) -> CheckResult:
    """Analyses the project and reports on the files asked for; `progress` hears how many files of how many are read."""
    return _Run(request, progress).run()


def fix(request: CheckRequest, unsafe: bool, progress: Progress | None = None) -> Repaired[CheckResult]:
    """Checks, and works out what the files asked for would be with all fixes that may be applied. Writes nothing."""
    from fastapi_lint.fix import repair  # no other run needs it

    run = _Run(msgspec.structs.replace(request, fixes=True), progress, repairs=True)
    return with_deep_stack(lambda: repair(run, unsafe))


class _Run:
    def __init__(self, request: CheckRequest, progress: Progress | None, repairs: bool = False) -> None:
        """`repairs` says that fixes are not only shown: what comes of them will be checked."""
        self.request = request
        self.repairs = repairs
        self.progress = progress
        self.settings = request.settings
        self.notes: list[str] = []
        self.errors: list[str] = []
        self.timings: dict[str, float] = {}
        self.shown: dict[str, str] = {}
        self.followed: dict[str, Path] = {}
        self.source_roots: tuple[Path, ...] = self.settings.src_roots
        self.contents: dict[str, bytes] = {}
        self.changes: Mapping[str, bytes] = {}
        self.extracted: dict[bytes, ModuleFacts] = {}
        self.analyser: Analyser | None = None
        self.diagnosis: Diagnosis | None = None
        self.opened: OpenedFiles | None = None
        self.kept_fixes: KeptFixes | None = None
        self.files = self._timed("discover", self._discover)
        self.workers = visible_workers(request.root)

    def asked(self) -> dict[str, bytes]:
        """What was read of the files to report on, by the names that they are reported under."""
        return {name: self.contents[key] for key, name in self.shown.items() if key in self.contents}

    def run(self) -> CheckResult:
        """Checks what was read, with fixes if they are asked for."""
        checked = self.check({})
        return self.with_fixes({}, checked) if self.request.fixes else checked

    def check(self, changes: Mapping[str, bytes]) -> CheckResult:
        """Checks what was read, with new contents by the names that files are reported under."""
        self.changes = changes
        self.errors, self.analyser = [], None
        database = self._database()
        try:
            analysis = self._analysis(database)
        finally:
            if database is not None:
                database.close()
        diagnosis = Diagnosis(self.request.settings, self.request.root, analysis, self.shown, self.followed)
        self.diagnosis = diagnosis
        return CheckResult(
            diagnostics=self._timed("report", diagnosis.diagnostics),
            files_checked=len(self.shown),
            notes=tuple(self.notes),
            internal_errors=tuple(self.errors),
            timings=dict(self.timings),
            unasked=frozenset() if self.request.fixes else diagnosis.fixable(),
            resolution=self._resolution(),
        )

    def _timed(self, phase: str, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.timings[phase] = self.timings.get(phase, 0.0) + time.perf_counter() - start

    def with_fixes(self, changes: Mapping[str, bytes], checked: CheckResult) -> CheckResult:
        """What a check of these contents gave, each diagnostic with its fix."""
        if changes != self.changes:
            self.check(changes)
        analyser, diagnosis = self.analyser, self.diagnosis
        if diagnosis is not None and self.kept_fixes is not None:
            found = diagnosis.with_fixes(checked.diagnostics, self.kept_fixes)
            return msgspec.structs.replace(checked, diagnostics=found)
        if analyser is None or diagnosis is None:
            return checked
        if self.opened is None:
            from fastapi_lint.repair import OpenedFiles

            self.opened = OpenedFiles()
        fixes = analyser.fixes(self._present, self.opened)
        with uncollected():
            found = self._timed("fixes", lambda: diagnosis.with_fixes(checked.diagnostics, fixes))
        if analyser.kept_as is not None and not (self.repairs or fixes.errors):
            self._keep_fixes(analyser.kept_as, fixes)
        errors = (*checked.internal_errors, *fixes.errors)
        return msgspec.structs.replace(checked, diagnostics=found, internal_errors=errors, timings=dict(self.timings))

    def _resolution(self) -> Resolution | None:
        return self.analyser.resolution(self.shown) if self.analyser and self.request.wants_resolution else None

    # -- files

    def _discover(self) -> dict[str, Path]:
        """All files of the project by path relative to the root; `shown` keeps those to report on."""
        root = self.request.root
        files: dict[str, Path] = {}
        for path in discover(self.request.paths, self.settings, self.notes.append):
            key = relative_key(path, root)
            files[key] = path
            self.shown[key] = str(path)
        if self.request.stdin is not None:
            name = Path(self.request.stdin[0])
            files[relative_key(name, root)] = name
            self.shown[relative_key(name, root)] = self.request.stdin[0]
        for path in self._context_files(root):
            files.setdefault(relative_key(path, root), path)
        self._follow(files)
        return dict(sorted({**files, **self.followed}.items()))

    def _context_files(self, root: Path) -> Iterable[Path]:
        """Chains need the whole project, whatever files were asked for."""
        if any(os.path.abspath(path) == str(root) for path in self.request.paths):
            return []
        if not self.settings.is_marked:  # who knows how much lies below: a file's neighbours have to do
            return discover(sorted(root.glob("*.py")), self.settings)
        return discover([root], self.settings) if root.is_dir() else []

    def _follow(self, files: dict[str, Path]) -> None:
        """The files of followed packages; those that are files of the project need no more than to be found."""
        settings = self.settings
        if not settings.follow:
            return
        folders = (settings.root, settings.base)
        found = follow(settings.follow, settings.python, folders, settings.max_file_size, self.notes.append)
        own = {os.path.realpath(path) for path in files.values()}
        inside = [root for root in found.roots if not relative_key(root, settings.root).startswith("..")]
        for name, path in found.files.items():
            if os.path.realpath(path) in own and any(root / name == path for root in inside):
                self.source_roots += tuple(root for root in inside if root / name == path)
            else:
                self.followed[f"{FOLLOWED}/{name}"] = path
        self.source_roots = tuple(dict.fromkeys(self.source_roots))

    def _stdin_content(self, key: str) -> bytes | None:
        stdin = self.request.stdin
        return stdin[1] if stdin is not None and self.shown.get(key) == stdin[0] else None

    def _present(self, key: str) -> bytes:
        """The content of a file as this check sees it; raises OSError."""
        changed = self.changes.get(self.shown.get(key, ""))
        if changed is not None:
            return changed
        known = self.contents.get(key)
        if known is None:
            stdin = self._stdin_content(key)
            known = self.contents[key] = self.files[key].read_bytes() if stdin is None else stdin
        return known

    # -- the analysis

    def _database(self) -> Database | None:
        # A plugin's rules may change at any time, and nothing would tell; half-fixed files are not worth keeping.
        if not self.settings.cache or self.settings.plugins or self.changes:
            return None
        return Database(self.settings.cache_dir or self.request.root / FOLDER)

    def _analysis(self, database: Database | None) -> Analysis:
        """A kept analysis if there is one of these very files and it is enough, else a new one."""
        if database is None:
            return self._analyse(None, None)
        kept = Analyses(database, self._relevant_settings())
        if self.repairs or self.request.wants_resolution:
            return self._analyse(database, kept)
        known = self._timed("cache", lambda: self._look_up(database, kept))
        if known is not None:
            return known
        with database.alone():  # whoever comes second finds what the first one has kept
            return self._look_up(database, kept) or self._analyse(database, kept)

    def _look_up(self, database: Database, kept: Analyses) -> Analysis | None:
        contents = Contents(database, self.request.root)
        digests: dict[str, bytes] = {}
        for key, path in self.files.items():
            stdin = self._stdin_content(key)
            try:
                digests[key] = contents.digest(key, path) if stdin is None else digest(stdin)
            except OSError:
                return None
        contents.keep()
        state = kept.key(digests)
        known = kept.load(state)
        if known is None or not self.request.fixes:
            return known
        self.kept_fixes = FixesCache(database, state, self._fix_settings()).load()
        return known if self.kept_fixes is not None else None

    def _keep_fixes(self, analysis: bytes, fixes: Fixes) -> None:
        database = self._database()
        if database is not None:
            FixesCache(database, analysis, self._fix_settings()).store(fixes.answers)
            database.close()

    def _fix_settings(self) -> bytes:
        """What decides which fixes are asked for, and how they look."""
        return repr((self.settings, oldest_python(self.settings), sorted(self.shown))).encode()

    def _relevant_settings(self) -> list[bytes]:
        """What of the settings an analysis depends on; the rest only shapes the report."""
        settings = self.settings
        sources = [(layer.select, layer.extend_select, layer.ignore) for layer in settings.layers]
        layers = [source for source in sources if source != (None, (), ())]
        silent = [stage for stage in STAGE_TEXTS if settings.level(stage) == "silent"]
        parts: tuple[Any, ...] = (layers, settings.libraries, silent, self._roots(), self.workers)
        return [msgspec.json.encode(part) for part in parts]

    def _roots(self) -> list[str]:
        roots = [relative_key(path, self.request.root) for path in self.source_roots]
        return [root for root in roots if not root.startswith("..")]

    def _analyse(self, database: Database | None, kept: Analyses | None) -> Analysis:
        from fastapi_lint.analysis import Analyser

        extracted = self.extracted if self.request.fixes else {}
        roots, workers = self._roots(), self.workers
        analyser = self.analyser = Analyser(self.settings, roots, workers, database, self.progress, extracted)
        contents: dict[str, bytes] = {}
        complete = True
        for key in self.files:
            try:
                contents[key] = self._present(key)
            except OSError as error:
                complete = False
                analyser.unreadable(key, SourceError(f"cannot be read: {error.strerror}", Position(1, 1)))
        is_enough = not (self.request.fixes or self.request.wants_resolution)
        known = kept if complete and is_enough else None
        keep = kept if complete and self.request.stdin is None else None
        analysis = with_deep_stack(lambda: analyser.run(contents, self.files, known, keep))
        self.errors += analyser.errors
        for phase, seconds in analyser.timings.items():
            self.timings[phase] = self.timings.get(phase, 0.0) + seconds
        return analysis
