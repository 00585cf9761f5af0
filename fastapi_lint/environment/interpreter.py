"""Which environment is the project's, and where are its packages? Answered from folders and names alone.

The layout is that of `venv` (PEP 405): `lib/pythonX.Y/site-packages`, on Windows `Lib/site-packages`, with a
`pyvenv.cfg` at the top. Interpreters of a system may have `dist-packages`, as on Debian.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from fastapi_lint.environment.errors import FollowError

_IN_PROJECT = (".venv", "venv")
_SCRIPT_FOLDERS = frozenset({"bin", "scripts"})


def site_folders(python: Path | None, folders: tuple[Path, ...], variables: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders of installed packages: of `python` if it is given, else of the project's environment.

    `python` is an interpreter or the folder of an environment; `folders` are where `.venv` and `venv` are looked for.
    Raises FollowError where there is none.
    """
    if python is not None:
        return _given(python)
    tried: list[str] = []
    active = variables.get("VIRTUAL_ENV")
    if active:
        found = tuple(_packages_of(Path(active)))
        if found:
            return found
        tried.append(f"VIRTUAL_ENV ({active})")
    else:
        tried.append("VIRTUAL_ENV (not set)")
    for folder in dict.fromkeys(folder / name for folder in folders for name in _IN_PROJECT):
        found = tuple(_packages_of(folder))
        if found:
            return found
        tried.append(str(folder))
    raise FollowError(
        "`follow`: no environment to look for packages in; tried "
        + ", ".join(tried)
        + "; name one with `--python PATH` or the key `python`"
    )


def _given(python: Path) -> tuple[Path, ...]:
    path = python
    if not path.exists() and path.name == str(path):
        path = Path(shutil.which(str(path)) or path)
    found = tuple(_packages_of(path) if path.is_dir() else _packages_beside(path))
    if found:
        return found
    reason = "has no site-packages" if path.exists() else "does not exist"
    raise FollowError(f"`python`: {python} {reason}: neither an interpreter nor the folder of an environment")


def _packages_beside(interpreter: Path) -> Iterator[Path]:
    """The packages of an interpreter; a virtual environment's is a link to another one and must not be resolved."""
    if not interpreter.is_file():
        return
    folder = Path(os.path.abspath(interpreter)).parent
    prefix = folder.parent if folder.name.lower() in _SCRIPT_FOLDERS else folder
    version = re.search(r"\d+\.\d+", interpreter.name)
    found = list(_packages_of(prefix))
    same = [path for path in found if version and f"python{version.group()}" in path.parts]
    yield from same or found


def _packages_of(prefix: Path) -> Iterator[Path]:
    candidates = [
        *sorted(prefix.glob("lib*/python3*/site-packages"), key=_version, reverse=True),
        prefix / "Lib" / "site-packages",
        *sorted(prefix.glob("lib/python3*/dist-packages"), key=_version, reverse=True),
        *sorted(prefix.glob("local/lib/python3*/dist-packages"), key=_version, reverse=True),
    ]
    seen: set[str] = set()
    for folder in candidates:
        real = os.path.realpath(folder)
        if folder.is_dir() and real not in seen:  # `lib64` is often a link to `lib`, and `Lib` may be `lib`
            seen.add(real)
            yield folder
    yield from _packages_of_system(prefix, seen)


def _packages_of_system(prefix: Path, seen: set[str]) -> Iterator[Path]:
    """What an environment made with `--system-site-packages` sees of the interpreter that made it."""
    settings = _pyvenv(prefix / "pyvenv.cfg")
    home = settings.get("home")
    if home and settings.get("include-system-site-packages", "").lower() == "true":
        base = Path(home)
        base = base.parent if base.name.lower() in _SCRIPT_FOLDERS else base
        if os.path.realpath(base) != os.path.realpath(prefix):
            yield from (folder for folder in _packages_of(base) if os.path.realpath(folder) not in seen)


def _pyvenv(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _version(folder: Path) -> tuple[int, ...]:
    found = re.search(r"python(\d+(?:\.\d+)*)", folder.parent.name)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()
