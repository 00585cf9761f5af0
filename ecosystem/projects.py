"""The pinned projects: what `projects.toml` says, checked, and where each lies in the cache."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from ecosystem.errors import EcosystemError
from ecosystem.toml import read_toml

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_PROJECTS_FILE = REPOSITORY / "ecosystem" / "projects.toml"
DEFAULT_CACHE = REPOSITORY / ".ecosystem"

Kind = Literal["sdist", "wheel"]

_REQUIRED = ("name", "version", "kind", "sha256", "root", "note")
_KEYS = frozenset((*_REQUIRED, "paths"))
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EXACT_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PinnedProject:
    """One archive of the package index, by content."""

    name: str
    version: str
    kind: Kind
    sha256: str
    root: str
    paths: tuple[str, ...]
    note: str

    def folder(self, cache: Path) -> Path:
        """Where the archive is unpacked."""
        return cache / "projects" / f"{self.name}-{self.version}"

    def root_folder(self, cache: Path) -> Path:
        """What the linter is to take for the project root."""
        return self.folder(cache) / self.root

    def lint_paths(self, cache: Path) -> tuple[Path, ...]:
        """The files and folders handed to the linter."""
        root = self.root_folder(cache)
        return tuple(root / path for path in self.paths) or (root,)

    def archive(self, cache: Path) -> Path:
        """Where the downloaded archive is kept; its own name does not matter, its content is pinned."""
        suffix = ".whl" if self.kind == "wheel" else ".tar.gz"
        return cache / "archives" / f"{self.name}-{self.version}{suffix}"


def load_projects(file: Path = DEFAULT_PROJECTS_FILE) -> tuple[PinnedProject, ...]:
    """Reads and checks the list; every mistake is named with its project."""
    document = read_toml(file)
    entries = document.get("project")
    if not isinstance(entries, list) or not entries or set(document) != {"project"}:
        raise EcosystemError(f"{file} must hold [[project]] tables and nothing else")
    projects = tuple(_parse(entry) for entry in entries)
    names = [project.name for project in projects]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise EcosystemError(f"{file} lists {', '.join(repeated)} more than once")
    return projects


def select_projects(projects: Sequence[PinnedProject], names: Sequence[str]) -> tuple[PinnedProject, ...]:
    """The projects asked for by name, in the order of the list; all of them when no name is given."""
    unknown = sorted(set(names) - {project.name for project in projects})
    if unknown:
        known = ", ".join(project.name for project in projects)
        raise EcosystemError(f"unknown project {', '.join(unknown)}; known: {known}")
    return tuple(project for project in projects if not names or project.name in names)


def _parse(entry: dict[str, Any]) -> PinnedProject:
    label = entry.get("name", "a project without a name")
    missing = [key for key in _REQUIRED if not isinstance(entry.get(key), str) or not entry[key]]
    unknown = sorted(set(entry) - _KEYS)
    if missing or unknown:
        raise EcosystemError(f"{label}: missing or empty: {missing}, unknown: {unknown}")
    paths = entry.get("paths", [])
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise EcosystemError(f"{label}: paths must be a list of strings")
    _check_values(label, entry, paths)
    return PinnedProject(
        name=entry["name"],
        version=entry["version"],
        kind=cast(Kind, entry["kind"]),
        sha256=entry["sha256"],
        root=entry["root"],
        paths=tuple(paths),
        note=entry["note"],
    )


def _check_values(label: str, entry: dict[str, str], paths: Sequence[str]) -> None:
    if not _NAME.fullmatch(entry["name"]):
        raise EcosystemError(f"{label}: the name must be normalised (lower case, single hyphens)")
    if not _EXACT_VERSION.fullmatch(entry["version"]):
        raise EcosystemError(f"{label}: {entry['version']!r} is not an exact version")
    if entry["kind"] not in ("sdist", "wheel"):
        raise EcosystemError(f"{label}: kind must be sdist or wheel")
    if not _SHA256.fullmatch(entry["sha256"]):
        raise EcosystemError(f"{label}: sha256 must be 64 lower-case hexadecimal digits")
    for path in (entry["root"], *paths):
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path:
            raise EcosystemError(f"{label}: {path!r} leaves the archive")
