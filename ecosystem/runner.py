"""Runs the linter's command line on the projects, one process each, and measures the process."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecosystem.errors import EcosystemError
from ecosystem.projects import PinnedProject
from ecosystem.store import Diagnostic, ProjectRun, parse_diagnostics, prepare_folder, relative_filenames, save_summary

TIMEOUT_SECONDS = 1800.0
_MEASURED_PROCESS = Path(__file__).with_name("measured_process.py")
_INTERNAL_ERROR = re.compile(r"internal[ -]error|crash", re.IGNORECASE)


@dataclass(frozen=True)
class Linter:
    """How to call the linter."""

    command: tuple[str, ...] = (sys.executable, "-m", "fastapi_lint")
    select: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    timeout: float = TIMEOUT_SECONDS
    running: set[int] = field(default_factory=set, compare=False)

    def arguments(self, paths: Sequence[Path]) -> list[str]:
        """The whole command line for these paths."""
        selected = ["--select", ",".join(self.select)] if self.select else []
        options = ["--output-format", "json", "--no-cache", "--isolated", *selected]
        return [*self.command, "check", *(str(path.resolve()) for path in paths), *options]


@dataclass(frozen=True)
class Measured:
    """What one process printed and cost; memory is that of its largest process, CPU that of all it waited for."""

    exit_code: int
    timed_out: bool
    seconds: float
    stdout: str
    stderr: str
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


def measure(linter: Linter, arguments: Sequence[str], cwd: Path) -> Measured:
    """Runs the command to its end, or kills it and its children when the time is up."""
    if shutil.which(arguments[0]) is None:
        raise EcosystemError(f"cannot start the linter: {arguments[0]} is not there")
    with tempfile.TemporaryDirectory() as folder:
        costs = Path(folder, "costs.json")
        stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
        started = time.perf_counter()
        with stdout.open("wb") as output, stderr.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-I", str(_MEASURED_PROCESS), str(costs), *arguments],
                cwd=cwd,
                env=linter.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                # A group of its own, so that a timeout reaches the linter and its worker processes.
                start_new_session=True,
            )
            timed_out = _wait(process, linter)
        measured: dict[str, Any]
        measured = {"exit_code": process.returncode, "seconds": time.perf_counter() - started}
        if costs.is_file() and not timed_out:
            measured = json.loads(costs.read_text("utf-8"))
        texts = [file.read_text("utf-8", errors="replace") for file in (stdout, stderr)]
        return Measured(**measured, timed_out=timed_out, stdout=texts[0], stderr=texts[1])


def _wait(process: subprocess.Popen[bytes], linter: Linter) -> bool:
    linter.running.add(process.pid)
    try:
        process.wait(linter.timeout)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()
        return True
    finally:
        linter.running.discard(process.pid)
    return False


def kill_group(pid: int) -> None:
    """Ends a process and everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def crash_reasons(measured: Measured, diagnostics: Sequence[Diagnostic] | None) -> tuple[str, ...]:
    """Everything that shows that the linter itself failed; `diagnostics` is None when its output was unreadable."""
    reasons = []
    if measured.timed_out:
        reasons.append(f"killed after {measured.seconds:.0f} s")
    elif measured.exit_code not in (0, 1):
        reasons.append(f"exit code {measured.exit_code}")
    if "Traceback (most recent call last)" in measured.stderr:
        reasons.append("traceback on stderr")
    if diagnostics is None:
        reasons.append("stdout is not the JSON that is documented")
        return tuple(reasons)
    if measured.exit_code == 0 and diagnostics:
        reasons.append("exit code 0 with diagnostics")
    if measured.exit_code == 1 and not diagnostics:
        reasons.append("exit code 1 without diagnostics")
    internal = sum(reports_internal_error(diagnostic) for diagnostic in diagnostics)
    if internal:
        reasons.append(f"{internal} internal errors reported")
    return tuple(reasons)


def reports_internal_error(diagnostic: Diagnostic) -> bool:
    """FAL0xx is about the tool itself; what it says decides, since an unreadable source is no failure of the tool."""
    text = f"{diagnostic.name} {diagnostic.message}"
    return diagnostic.code.startswith("FAL0") and _INTERNAL_ERROR.search(text) is not None


def count_sources(paths: Sequence[Path]) -> tuple[int, int]:
    """How many Python files and lines are linted."""
    files = [file for path in paths for file in (path.rglob("*.py") if path.is_dir() else (path,))]
    return len(files), sum(file.read_bytes().count(b"\n") for file in files)


def run_project(linter: Linter, project: PinnedProject, cache: Path, folder: Path) -> ProjectRun:
    """Lints one project and stores its JSON and what it said on stderr."""
    paths, root = project.lint_paths(cache), project.root_folder(cache)
    # `python -m` puts the working folder on the import path, so it must hold no code of a project.
    with tempfile.TemporaryDirectory() as empty:
        measured = measure(linter, linter.arguments(paths), Path(empty))
        objects, diagnostics = _read_output(project.name, measured.stdout, Path(empty), root)
    if diagnostics is None:
        (folder / f"{project.name}.stdout").write_text(measured.stdout, "utf-8")
    else:
        (folder / f"{project.name}.json").write_text(json.dumps(objects, indent=1) + "\n", "utf-8")
    (folder / f"{project.name}.stderr").write_text(measured.stderr, "utf-8")
    files, lines = count_sources(paths)
    return ProjectRun(
        project=project.name,
        version=project.version,
        files=files,
        lines=lines,
        exit_code=measured.exit_code,
        seconds=round(measured.seconds, 3),
        cpu_seconds=round(measured.cpu_seconds, 3),
        peak_mb=round(measured.peak_mb, 1),
        crashes=crash_reasons(measured, diagnostics),
        diagnostics=diagnostics or (),
    )


def _read_output(name: str, stdout: str, base: Path, root: Path) -> tuple[Any, tuple[Diagnostic, ...] | None]:
    try:
        objects = relative_filenames(json.loads(stdout), base, root)
        return objects, parse_diagnostics(name, objects)
    except (ValueError, KeyError, TypeError):
        return None, None


def run_projects(
    linter: Linter, projects: Sequence[PinnedProject], cache: Path, folder: Path, *, jobs: int = 1
) -> tuple[ProjectRun, ...]:
    """Lints all of them, `jobs` at a time, and stores the run in the folder."""
    prepare_folder(folder)
    runs = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for run in pool.map(lambda project: run_project(linter, project, cache, folder), projects):
                _show_progress(run)
                runs.append(run)
                save_summary(folder, runs)
        except BaseException:
            # Ctrl-C does not reach the linters, each of which leads a session of its own.
            for pid in tuple(linter.running):
                kill_group(pid)
            raise
    return tuple(runs)


def _show_progress(run: ProjectRun) -> None:
    crashes = f"  CRASH: {'; '.join(run.crashes)}" if run.crashes else ""
    print(f"{run.project}: {len(run.diagnostics)} in {run.seconds:.1f} s{crashes}", file=sys.stderr, flush=True)
