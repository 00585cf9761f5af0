"""From where do imports come in an environment? Its folders, what `.pth` files add, and editable installs.

`.pth` files are read as the module `site` of the standard library reads them, but for lines of code, which are not run.
What such a line would import is read as text: the finder that setuptools writes for an editable install
(`setuptools/command/editable_wheel.py`) has its targets in the literals MAPPING and NAMESPACES, that of the package
`editables` in calls of `map_module`. `direct_url.json` (PEP 610) names the folder of an editable install, whatever
wrote it.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

_IMPORTED = re.compile(r"\bimport\s+([A-Za-z_]\w*)")


class SearchPath:
    """Folders that are searched for modules, and single modules and packages that stand elsewhere (`mapped`)."""

    def __init__(self, site: Iterable[Path]) -> None:
        self.site = tuple(site)
        self.mapped: dict[str, list[Path]] = {}
        folders: dict[Path, None] = dict.fromkeys(self.site)
        for folder in self.site:
            for file in _files(folder, ".pth"):
                folders.update(dict.fromkeys(self._read(folder, file)))
        self.folders = tuple(folders)

    def _read(self, folder: Path, file: Path) -> Iterator[Path]:
        for raw in _text(file).splitlines():
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith(("import ", "import\t")):
                for name in _IMPORTED.findall(line):
                    self._read_finder(folder / f"{name}.py")
                continue
            target = Path(os.path.normpath(folder / line))
            if target.is_dir():
                yield target

    def _read_finder(self, file: Path) -> None:
        """Literals of a module that the environment would run at start-up."""
        with contextlib.suppress(SyntaxError, ValueError):
            for statement in ast.parse(_text(file)).body:
                for name, paths in _targets(statement):
                    self.mapped.setdefault(name, []).extend(Path(path) for path in paths)

    def editable_folders(self) -> dict[str, tuple[Path, ...]]:
        """The project folders of editable installs, by normalised name of the distribution."""
        found: dict[str, tuple[Path, ...]] = {}
        for name, info in self.distributions():
            folder = _editable(info / "direct_url.json")
            if folder is not None:
                found.setdefault(name, (folder / "src", folder))
        return found

    def distributions(self) -> Iterator[tuple[str, Path]]:
        """The normalised name and the metadata folder of every installed distribution."""
        for folder in self.site:
            for suffix in (".dist-info", ".egg-info"):
                for info in _files(folder, suffix):
                    yield normalised(info.name[: -len(suffix)].partition("-")[0]), info


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _targets(statement: ast.stmt) -> Iterator[tuple[str, list[str]]]:
    """`MAPPING = {"acme": "/src/acme"}`, `NAMESPACES = {"acme": ["/a", "/b"]}`, `F.map_module("acme", "/src/...")`."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        names = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if any(isinstance(name, ast.Name) and name.id in ("MAPPING", "NAMESPACES") for name in names):
            table: dict[str, Any] = ast.literal_eval(statement.value)
            for name, target in table.items():
                yield name, [target] if isinstance(target, str) else [str(path) for path in target]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "map_module" and len(call.args) == 2:
            name, target = (str(ast.literal_eval(argument)) for argument in call.args)
            yield name, [target]


def _editable(file: Path) -> Path | None:
    if not file.is_file():
        return None
    with contextlib.suppress(ValueError, AttributeError):
        record = json.loads(_text(file))
        url = urlsplit(record["url"])
        if url.scheme == "file" and record.get("dir_info", {}).get("editable"):
            return Path(url2pathname(unquote(url.path) if os.name != "nt" else url.path))
    return None


def _files(folder: Path, suffix: str) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(suffix))
    except OSError:
        return []


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
    except OSError:
        return ""
