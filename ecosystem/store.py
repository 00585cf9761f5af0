"""What a run leaves behind: diagnostics, measurements, and the folder that keeps both."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecosystem.errors import EcosystemError

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Hop:
    """One step of a diagnostic's chain."""

    filename: str
    row: int
    column: int
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One diagnostic of one project; filenames are relative to the project's root where they lie in it."""

    project: str
    code: str
    name: str
    severity: str
    message: str
    filename: str
    row: int
    column: int
    chain: tuple[Hop, ...] = ()
    entry_points: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where to look, as editors open it."""
        return f"{self.filename}:{self.row}:{self.column}"


@dataclass(frozen=True)
class ProjectRun:
    """How the linter fared on one project."""

    project: str
    version: str
    files: int
    lines: int
    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    crashes: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    def by_rule(self) -> Counter[str]:
        """How many diagnostics each code has."""
        return Counter(diagnostic.code for diagnostic in self.diagnostics)


def parse_diagnostics(project: str, objects: Sequence[dict[str, Any]]) -> tuple[Diagnostic, ...]:
    """Reads the linter's JSON objects; a missing key is an error, since the format is what we test."""
    return tuple(
        Diagnostic(
            project=project,
            code=item["code"],
            name=item["name"],
            severity=item["severity"],
            message=item["message"],
            filename=item["filename"],
            row=item["location"]["row"],
            column=item["location"]["column"],
            chain=tuple(Hop(hop["filename"], hop["row"], hop["column"], hop["text"]) for hop in item["chain"]),
            entry_points=tuple(f"{entry['kind']} {entry['label']}" for entry in item["entry_points"]),
        )
        for item in objects
    )


def relative_filenames(value: Any, base: Path, root: Path) -> Any:
    """The same JSON with every `filename` relative to the project's root, so that a stored run can be compared."""
    if isinstance(value, list):
        return [relative_filenames(item, base, root) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _relative(item, base, root)
        if key == "filename" and isinstance(item, str)
        else relative_filenames(item, base, root)
        for key, item in value.items()
    }


def _relative(filename: str, base: Path, root: Path) -> str:
    path = (base / filename).resolve()
    resolved_root = root.resolve()
    return path.relative_to(resolved_root).as_posix() if path.is_relative_to(resolved_root) else path.as_posix()


def prepare_folder(folder: Path) -> None:
    """Empties the folder of an earlier run; a folder that holds anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / SUMMARY).is_file():
            raise EcosystemError(f"{folder} holds something else than a stored run; name another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Written first: an interrupted run leaves a folder that the next one may empty.
    save_summary(folder, ())


def save_summary(folder: Path, runs: Iterable[ProjectRun]) -> None:
    """Stores the measurements; each project's diagnostics have a file of their own."""
    entries = [{key: value for key, value in asdict(run).items() if key != "diagnostics"} for run in runs]
    (folder / SUMMARY).write_text(json.dumps(entries, indent=1) + "\n", "utf-8")


def load_run(folder: Path) -> tuple[ProjectRun, ...]:
    """Reads a stored run back."""
    try:
        entries = json.loads((folder / SUMMARY).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EcosystemError(f"no stored run in {folder}: run `python -m ecosystem run` first ({error})") from error
    return tuple(_load_entry(folder, entry) for entry in entries)


def _load_entry(folder: Path, entry: dict[str, Any]) -> ProjectRun:
    stored = folder / f"{entry['project']}.json"
    objects = json.loads(stored.read_text("utf-8")) if stored.is_file() else []
    crashes = tuple(entry.pop("crashes"))
    return ProjectRun(**entry, crashes=crashes, diagnostics=parse_diagnostics(entry["project"], objects))
