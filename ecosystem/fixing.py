"""Applies all fixes to a copy of a project and looks for what they broke."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ecosystem.damage import changed_files, found_by_ruff, unreadable
from ecosystem.projects import PinnedProject
from ecosystem.runner import Linter, Measured, crash_reasons, measure
from ecosystem.store import Diagnostic, parse_diagnostics, relative_filenames

_FIXED = re.compile(r"^ +(\d+) \N{MULTIPLICATION SIGN} ([A-Z]+\d+) ", re.MULTILINE)
_DROPPED = "was not fixed"
_CACHE_FOLDER = ".fastapi_lint_cache"  # left by whoever linted the original; another run may be writing to it


@dataclass(frozen=True)
class FixRun:
    """What fixing did to one project: counts by code, fixes that the linter dropped, and what is wrong."""

    project: str
    version: str
    seconds: float
    files: int
    before: dict[str, int]
    fixed: dict[str, int]
    after: dict[str, int]
    dropped: tuple[str, ...]
    problems: tuple[str, ...]


def fix_project(linter: Linter, project: PinnedProject, cache: Path, folder: Path) -> FixRun:
    """Fixes a copy, checks the result, and stores the patch in the folder."""
    root = project.root_folder(cache)
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary, "project")
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(_CACHE_FOLDER))
        fixing = _Fixing(linter, [copy / path for path in project.paths] or [copy], Path(temporary))
        run = fixing.run(project, root, copy)
        patch = "".join(_patch(root, copy))
    (folder / f"{project.name}.diff").write_text(patch, "utf-8", errors="surrogateescape")
    return run


class _Fixing:
    """The runs of the linter on one copy."""

    def __init__(self, linter: Linter, paths: Sequence[Path], temporary: Path) -> None:
        self._linter = linter
        self._paths = [str(path.resolve()) for path in paths]
        self._temporary = temporary
        self._empty = temporary / "empty"  # `python -m` puts the working folder on the import path
        self._empty.mkdir()
        self.problems: list[str] = []

    def run(self, project: PinnedProject, root: Path, copy: Path) -> FixRun:
        before = self._report("before", project, copy, "--unfixable", "ALL")  # the fixes are for the next run
        fixing = self._measure("--fix", "--unsafe-fixes", "--show-fixes", "--output-format", "concise")
        if fixing.timed_out or fixing.exit_code not in (0, 1) or "Traceback" in fixing.stderr:
            self.problems.append(f"fixing: exit code {fixing.exit_code}: {fixing.stderr.strip()[-500:]}")
        changed = changed_files(root, copy)
        once = {name: (copy / name).read_bytes() for name in changed}
        after = self._report("again", project, copy, "--fix", "--unsafe-fixes")
        self.problems += [f"changed by a second run: {name}" for name in changed_files(root, copy, once)]
        self.problems += unreadable(root, copy, changed)
        self.problems += _more(before, after)
        ruff = found_by_ruff(copy, changed) - found_by_ruff(root, changed)
        self.problems += [f"ruff: {found} ({count} more)" for found, count in sorted(ruff.items())]
        fixed: Counter[str] = Counter()
        for count, code in _FIXED.findall(fixing.stdout):
            fixed[code] += int(count)
        return FixRun(
            project=project.name,
            version=project.version,
            seconds=round(fixing.seconds, 1),
            files=len(changed),
            before=_by_code(before),
            fixed=dict(sorted(fixed.items())),
            after=_by_code(after),
            dropped=tuple(self._relative(line, copy) for line in fixing.stderr.splitlines() if _DROPPED in line),
            problems=tuple(self.problems),
        )

    def _measure(self, *options: str) -> Measured:
        selected = ["--select", ",".join(self._linter.select)] if self._linter.select else []
        places = ["--isolated", "--cache-dir", str(self._temporary / "cache")]
        return measure(
            self._linter, [*self._linter.command, "check", *self._paths, *places, *selected, *options], self._empty
        )

    def _report(self, label: str, project: PinnedProject, copy: Path, *options: str) -> tuple[Diagnostic, ...]:
        measured = self._measure("--output-format", "json", *options)
        try:
            objects = relative_filenames(json.loads(measured.stdout), self._empty, copy)
            found = parse_diagnostics(project.name, objects)
        except (ValueError, KeyError, TypeError):
            self.problems.append(f"{label}: {'; '.join(crash_reasons(measured, None))}")
            return ()
        self.problems += [f"{label}: {reason}" for reason in crash_reasons(measured, found)]
        return found

    def _relative(self, line: str, copy: Path) -> str:
        return line.removeprefix("warning: ").replace(f"{copy.resolve()}/", "")


def _by_code(diagnostics: Sequence[Diagnostic]) -> dict[str, int]:
    return dict(sorted(Counter(each.code for each in diagnostics).items()))


def _more(before: Sequence[Diagnostic], after: Sequence[Diagnostic]) -> Iterator[str]:
    """Rules that report more than before, with the files where they do."""
    totals = Counter(each.code for each in after) - Counter(each.code for each in before)
    files = Counter((each.code, each.filename) for each in after) - Counter((e.code, e.filename) for e in before)
    for code, count in sorted(totals.items()):
        where = sorted(filename for other, filename in files if other == code)
        yield f"{code}: {count} more than before, in {', '.join(where)}"


def _patch(root: Path, copy: Path) -> Iterator[str]:
    for name in changed_files(root, copy):
        texts = [(folder / name).read_bytes().decode("utf-8", "surrogateescape") for folder in (root, copy)]
        before, after = (text.splitlines(keepends=True) for text in texts)
        for line in difflib.unified_diff(before, after, name, name, n=6):
            yield line if line.endswith("\n") else f"{line}\n"


def fix_projects(linter: Linter, projects: Sequence[PinnedProject], cache: Path, folder: Path) -> tuple[FixRun, ...]:
    """One project after the other; the results so far are stored after each."""
    folder.mkdir(parents=True, exist_ok=True)
    runs: list[FixRun] = []
    for project in projects:
        run = fix_project(linter, project, cache, folder)
        runs.append(run)
        problems = f"  {len(run.problems)} PROBLEMS" if run.problems else ""
        print(
            f"{run.project}: {sum(run.fixed.values())} fixed in {run.files} files, {run.seconds} s{problems}",
            file=sys.stderr,
            flush=True,
        )
        (folder / "fixes.json").write_text(json.dumps([asdict(each) for each in runs], indent=1) + "\n", "utf-8")
    return tuple(runs)
