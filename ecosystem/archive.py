"""Downloading, verifying and unpacking: nothing of a project is installed, imported or executed."""

from __future__ import annotations

import email.parser
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from ecosystem.errors import EcosystemError
from ecosystem.projects import PinnedProject

# Front ends' bundles make up most of some archives, and no linter reads them.
_KEPT_SUFFIXES = frozenset(
    (".py", ".pyi", ".toml", ".cfg", ".ini", ".conf", ".yml", ".yaml", ".sh", ".service", ".md", ".txt")
)
_KEPT_NAMES = ("dockerfile", "containerfile", "procfile", "makefile", "metadata", "py.typed", "pkg-info")
_STAMP = ".unpacked"
_DOWNLOAD_SECONDS = 900


class UnsafeArchiveError(EcosystemError):
    """An archive that tries to write outside its folder."""


def fetch(project: PinnedProject, cache: Path) -> bool:
    """Brings the project's sources into the cache; says whether there was anything to do."""
    folder = project.folder(cache)
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text("ascii") == project.sha256:
        return False
    archive = project.archive(cache)
    if not archive.is_file():
        download(project, archive)
    verify(project, archive)
    # A half-unpacked folder must never look finished: the stamp is the last thing written.
    shutil.rmtree(folder, ignore_errors=True)
    unpack(archive, folder)
    mark_project_root(project, folder / project.root)
    stamp.write_text(project.sha256, "ascii")
    return True


def require_fetched(project: PinnedProject, cache: Path) -> None:
    """Refuses to lint a project that is missing or of another pin."""
    stamp = project.folder(cache) / _STAMP
    if not stamp.is_file() or stamp.read_text("ascii") != project.sha256:
        raise EcosystemError(f"{project.name} {project.version} is not in {cache}: run `python -m ecosystem fetch`")


def download(project: PinnedProject, archive: Path) -> None:
    """Asks pip for exactly the pinned wheel, from wherever pip is configured to look."""
    if project.kind == "sdist":
        # pip would run the sdist's build backend for its metadata, and nothing of a project may be executed.
        raise EcosystemError(f"{project.name}: download its sdist by hand and put it at {archive}")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as temporary:
        requirements = Path(temporary, "requirements.txt")
        requirements.write_text(f"{project.name}=={project.version} --hash=sha256:{project.sha256}\n", "utf-8")
        wheels = Path(temporary, "wheels")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir", "--no-deps"]
        command += ["--only-binary", ":all:", "--ignore-requires-python", "--require-hashes"]
        command += ["--dest", str(wheels), "--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS, check=False)
        found = sorted(wheels.glob("*.whl")) if wheels.is_dir() else []
        if done.returncode != 0 or len(found) != 1:
            raise EcosystemError(f"{project.name}: pip could not download it:\n{done.stderr.strip()}")
        found[0].replace(archive)


def verify(project: PinnedProject, archive: Path) -> None:
    """Compares the content with the pin."""
    digest = hashlib.sha256()
    with archive.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != project.sha256:
        raise EcosystemError(
            f"{project.name}: {archive} has sha256 {digest.hexdigest()}, pinned is {project.sha256}; remove it"
        )


def unpack(archive: Path, folder: Path) -> int:
    """Writes the text files of the archive below the folder; links and special files are left out."""
    opened = _wheel_files if zipfile.is_zipfile(archive) else _sdist_files
    # Nothing is written before every name has been judged.
    for name, _ in opened(archive, read=False):
        _check_member(archive, name)
    count = 0
    for name, content in opened(archive, read=True):
        target = folder.joinpath(*PurePosixPath(name).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        count += 1
    return count


def mark_project_root(project: PinnedProject, root: Path) -> None:
    """Gives a wheel the `pyproject.toml` that its sources had.

    Without one, a linter that looks for the project root upwards would find the repository that holds the cache.
    """
    if not root.is_dir():
        raise EcosystemError(f"{project.name}: its archive has no folder {project.root!r}")
    marker = root / "pyproject.toml"
    if marker.exists():
        return
    lines = ["[project]", f"name = {json.dumps(project.name)}", f"version = {json.dumps(project.version)}"]
    requires_python = _requires_python(root)
    if requires_python:
        lines.append(f"requires-python = {json.dumps(requires_python)}")
    marker.write_text("\n".join(lines) + "\n", "utf-8")


def _requires_python(root: Path) -> str | None:
    for metadata in sorted(root.glob("*.dist-info/METADATA")):
        headers = email.parser.HeaderParser().parsestr(metadata.read_text("utf-8", errors="replace"))
        return headers.get("Requires-Python")
    return None


def _check_member(archive: Path, name: str) -> None:
    # A name may be harmless on one system and climb out on another, so it is judged as both.
    windows = PureWindowsPath(name)
    if not name or windows.drive or windows.root or ".." in windows.parts or "\x00" in name:
        raise UnsafeArchiveError(f"{archive} holds {name!r}, which leaves its folder; nothing was unpacked")


def _is_kept(name: str) -> bool:
    base = PurePosixPath(name).name.lower()
    return base.startswith(_KEPT_NAMES) or PurePosixPath(base).suffix in _KEPT_SUFFIXES


def _wheel_files(archive: Path, *, read: bool) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if not read:
                yield member.orig_filename, b""
            elif not member.is_dir() and _is_kept(member.filename):
                yield member.filename, opened.read(member)


def _sdist_files(archive: Path, *, read: bool) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            if not read:
                yield member.name, b""
            elif member.isfile() and _is_kept(member.name):
                stream = opened.extractfile(member)
                yield member.name, stream.read() if stream else b""
