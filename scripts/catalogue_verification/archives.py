"""Wheels and folders as they lie on the disk: which module is in which file, and its text."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

# Stubs say more about types than the source does, and more than a compiled file does either.
SUFFIXES = (".pyi", ".py", ".so", ".pyd")
_DATA_FOLDER = re.compile(r"^[^/]+\.data/(?:purelib|platlib)/")
_INFO_FOLDER = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+?)(?:-py[\d.]+)?\.(?:dist|egg)-info$")


@dataclass(eq=False)
class Archive:
    """One version of one distribution, packed or unpacked."""

    distribution: str
    version: str
    path: Path
    _texts: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        return f"{self.distribution} {self.version}"

    @cached_property
    def _zip(self) -> zipfile.ZipFile | None:
        return zipfile.ZipFile(self.path) if self.path.is_file() else None

    def _names(self) -> Iterator[str]:
        if self._zip is not None:
            yield from self._zip.namelist()
            return
        for file in self.path.rglob("*"):
            yield file.relative_to(self.path).as_posix()

    @cached_property
    def files(self) -> dict[str, tuple[str, ...]]:
        """The files of each module, the most telling first."""
        found: dict[str, list[str]] = {}
        for name in self._names():
            if name.endswith(SUFFIXES):
                found.setdefault(_module_of(name), []).append(name)
        return {module: tuple(sorted(names, key=_rank)) for module, names in found.items()}

    @cached_property
    def packages(self) -> frozenset[str]:
        """The folders, among them those without an `__init__`."""
        return frozenset(
            ".".join(parts[:size])
            for parts in (module.split(".") for module in self.files)
            for size in range(1, len(parts))
        )

    def read(self, name: str) -> str:
        if name not in self._texts:
            raw = self._zip.read(name) if self._zip is not None else (self.path / name).read_bytes()
            self._texts[name] = raw.decode("utf-8-sig", errors="replace")
        return self._texts[name]


def _module_of(name: str) -> str:
    parts = _DATA_FOLDER.sub("", name).split("/")
    parts[0] = parts[0].removesuffix("-stubs")
    parts[-1] = parts[-1].split(".")[0]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def _rank(name: str) -> int:
    return next(rank for rank, suffix in enumerate(SUFFIXES) if name.endswith(suffix))


def typeshed() -> Archive:
    """The stubs of the standard library, as mypy ships them."""
    spec = importlib.util.find_spec("mypy")
    if spec is None or spec.origin is None:
        raise SystemExit("the stubs of the standard library come with mypy, which is not installed")
    return Archive("typeshed of mypy", importlib.metadata.version("mypy"), Path(spec.origin).parent / "typeshed/stdlib")


class Shelf:
    """The distributions below a folder; what is missing is downloaded into it."""

    def __init__(self, folder: Path, download: bool = True) -> None:
        self.folder = folder
        self.download = download
        self._archives: dict[str, dict[Version, Archive]] = {}
        for archive in _archives_below(folder):
            self._add(archive)

    def _add(self, archive: Archive) -> None:
        self._archives.setdefault(archive.distribution, {}).setdefault(Version(archive.version), archive)

    def newest(self) -> list[Archive]:
        """The newest version of each distribution."""
        return [versions[max(versions)] for _, versions in sorted(self._archives.items())]

    def get(self, requirement: str) -> Archive | None:
        """The newest version that fits; None where the index has no wheel of it."""
        found = self._get(requirement)
        if found is None and self.download and self._fetch(requirement):
            found = self._get(requirement)
        return found

    def _get(self, requirement: str) -> Archive | None:
        wanted = Requirement(requirement)
        versions = self._archives.get(canonicalize_name(wanted.name), {})
        fitting = [version for version in versions if wanted.specifier.contains(version, prereleases=True)]
        return versions[max(fitting)] if fitting else None

    def _fetch(self, requirement: str) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        run = subprocess.run([*command, "--dest", str(self.folder), requirement], check=False, capture_output=True)
        for archive in _archives_below(self.folder) if run.returncode == 0 else ():
            self._add(archive)
        return run.returncode == 0


def _archives_below(folder: Path) -> Iterable[Archive]:
    """Wheels first: an unpacked folder may hold several distributions, so that it says less of each."""
    for wheel in sorted(folder.rglob("*.whl")):
        try:
            name, version, *_ = parse_wheel_filename(wheel.name)
        except InvalidWheelFilename:
            continue
        yield Archive(name, str(version), wheel)
    for info in sorted([*folder.rglob("*.dist-info"), *folder.rglob("*.egg-info")]):
        match = _INFO_FOLDER.match(info.name)
        if match:
            try:
                Version(match["version"])
            except InvalidVersion:
                continue
            yield Archive(canonicalize_name(match["name"]), match["version"], info.parent)


class View:
    """What one library sees: its own distributions, and the newest of everything else."""

    def __init__(self, own: Iterable[Archive], others: Iterable[Archive]) -> None:
        self.own = tuple(own)
        names = {archive.distribution for archive in self.own}
        self.others = tuple(archive for archive in others if archive.distribution not in names)
        self._known: dict[str, bool] = {}

    def files(self, module: str) -> list[tuple[Archive, str]]:
        """The files of a module. What the library has itself hides what others have under the same name."""
        for archives in (self.own, self.others):
            found = [(archive, name) for archive in archives for name in archive.files.get(module, ())]
            if found:
                return sorted(found, key=lambda item: _rank(item[1]))
        return []

    def exists(self, module: str) -> bool:
        if module not in self._known:
            archives = (*self.own, *self.others)
            self._known[module] = any(module in archive.files or module in archive.packages for archive in archives)
        return self._known[module]
