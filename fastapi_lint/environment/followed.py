"""The source files of the packages to follow, by the path that imports give them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from fastapi_lint.environment.errors import FollowError
from fastapi_lint.environment.interpreter import site_folders
from fastapi_lint.environment.search_path import SearchPath, normalised

_SUFFIX = ".py"
_SKIPPED = frozenset({"__pycache__", "node_modules"})


class Followed(msgspec.Struct, frozen=True):
    """`files` by import path (`acme/client.py`); `roots` are the folders that hold followed packages."""

    files: dict[str, Path]
    roots: tuple[Path, ...]


def follow(
    packages: Iterable[str],
    python: Path | None,
    folders: tuple[Path, ...],
    most_bytes: int,
    note: Callable[[str], None],
    variables: Mapping[str, str] | None = None,
) -> Followed:
    """Finds the source of `packages`, each an import name (`acme`, `acme.client`) or the name of a distribution.

    See `site_folders` for the environment. Larger files than `most_bytes` are left out. Raises FollowError for a
    package that is not there.
    """
    site = site_folders(python, folders, os.environ if variables is None else variables)
    path = SearchPath(site)
    files: dict[str, Path] = {}
    roots: dict[Path, None] = {}
    for package in packages:
        found = list(_find(path, package))
        if not found:
            where = ", ".join(str(folder) for folder in path.folders)
            raise FollowError(f"`follow`: no package `{package}` in the environment; looked in {where}")
        before = len(files)
        for name, place in found:
            _collect(files, name.replace(".", "/"), place, most_bytes, note)
            roots.update(dict.fromkeys(_roots(name, place)))
        if len(files) == before:
            note(f"follow: `{package}` has no Python source in {found[0][1]}")
    return Followed(files, tuple(roots))


def _find(path: SearchPath, package: str) -> Iterator[tuple[str, Path]]:
    """The modules and packages that a name means, with their files or folders: an import name goes first."""
    found = list(_importable(path, package)) if _is_dotted_name(package) else []
    if found:
        yield from found
        return
    wanted = normalised(package)
    for name, info in path.distributions():
        if name == wanted:
            for module in _modules(info, wanted):
                yield from _importable(path, module)


def _importable(path: SearchPath, name: str) -> list[tuple[str, Path]]:
    """Where `import name` finds source: every portion of a namespace package, else the first that is there."""
    portions: list[tuple[str, Path]] = []
    for place in _candidates(path, name):
        if (place / "__init__.py").is_file():
            return [(name, place), *_mapped_below(path, name)]
        module = place if place.suffix == _SUFFIX else place.with_name(place.name + _SUFFIX)
        if module.is_file():
            return [(name, module)]
        if place.is_dir() and (name, place) not in portions:
            portions.append((name, place))
    return portions + _mapped_below(path, name)


def _mapped_below(path: SearchPath, name: str) -> list[tuple[str, Path]]:
    """Parts of a package that an editable install keeps elsewhere."""
    below = [(each, place) for each, places in path.mapped.items() for place in places if each.startswith(f"{name}.")]
    return [(each, place.parent if place.name == "__init__.py" else place) for each, place in below]


def _candidates(path: SearchPath, name: str) -> Iterator[Path]:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        for place in path.mapped.get(".".join(parts[:length]), ()):
            base = place.parent if place.name == "__init__.py" else place
            yield base.joinpath(*parts[length:])
    for folder in path.folders:
        yield folder.joinpath(*parts)
    for folders in path.editable_folders().values():
        for folder in folders:
            yield folder.joinpath(*parts)


def _modules(info: Path, name: str) -> list[str]:
    """The import names of a distribution: what it declares, what it installed, else its own name."""
    declared = _lines(info / "top_level.txt")
    if declared:
        return declared
    installed: dict[str, None] = {}
    for row in csv.reader(_lines(info / "RECORD")):
        head, slash, _ = row[0].partition("/") if row else ("", "", "")
        module = head if slash else head.removesuffix(_SUFFIX)
        is_source = row and row[0].endswith(_SUFFIX) and not head.startswith(("__editable__", "_editable_impl"))
        if is_source and module.isidentifier():
            installed[module] = None
    return list(installed) or [name.replace("-", "_"), name.replace("-", ".")]


def _collect(files: dict[str, Path], key: str, place: Path, most_bytes: int, note: Callable[[str], None]) -> None:
    if place.is_file():
        _add(files, key + _SUFFIX, place, most_bytes, note)
        return
    try:
        with os.scandir(place) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        note(f"follow: {place}: skipped: {error.strerror or error}")
        return
    for entry in entries:
        if entry.is_symlink() and entry.is_dir():  # it may lead anywhere, and in circles
            continue
        if entry.is_dir():
            if entry.name.isidentifier() and entry.name not in _SKIPPED:
                _collect(files, f"{key}/{entry.name}", place / entry.name, most_bytes, note)
        elif entry.name.endswith(_SUFFIX):
            _add(files, f"{key}/{entry.name}", place / entry.name, most_bytes, note)


def _add(files: dict[str, Path], key: str, file: Path, most_bytes: int, note: Callable[[str], None]) -> None:
    try:
        size = file.stat().st_size
    except OSError:
        return
    if size > most_bytes:
        note(f"follow: {file}: skipped: {size} bytes are more than `max-file-size`")
        return
    files.setdefault(key, file)


def _roots(name: str, place: Path) -> list[Path]:
    """The folder from which the package is imported, if its path follows its name."""
    parts = tuple(name.split("."))
    return [place.parents[len(parts) - 1]] if place.with_suffix("").parts[-len(parts) :] == parts else []


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _lines(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()]
