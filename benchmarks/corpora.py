"""What is linted: copies of pinned projects, and generated projects of any size."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from ecosystem.archive import fetch
from ecosystem.projects import load_projects, select_projects


@dataclass(frozen=True)
class Corpus:
    """A project to lint; it may be changed at will."""

    name: str
    folder: Path

    def files(self) -> list[Path]:
        """Its Python files."""
        return sorted(self.folder.rglob("*.py"))

    def size(self) -> dict[str, int]:
        """Files, lines and bytes."""
        contents = [file.read_bytes() for file in self.files()]
        lines = sum(content.count(b"\n") for content in contents)
        return {"files": len(contents), "lines": lines, "bytes": sum(map(len, contents))}

    def medium_file(self) -> Path:
        """The file that a developer is working on: the one closest to 300 lines."""
        return min(self.files(), key=lambda file: (abs(file.read_bytes().count(b"\n") - 300), file))


def pinned(name: str, cache: Path, folder: Path) -> Corpus:
    """A copy of a project of the ecosystem run, which is downloaded if it is not there."""
    (project,) = select_projects(load_projects(), [name])
    fetch(project, cache)
    target = folder / name
    shutil.copytree(project.root_folder(cache), target)
    return Corpus(f"{name} {project.version}", target)


_MODULES_PER_PACKAGE = 20


def generated(count: int, folder: Path) -> Corpus:
    """An application of `count` modules in layers, as they are written: routes, services, repositories, models.

    Each module imports a few of its own package and of the layer below, some functions block, some are async.
    """
    target = folder / f"generated-{count}"
    target.mkdir()
    (target / "pyproject.toml").write_text(f'[project]\nname = "generated"\nversion = "{count}"\n', "utf-8")
    chance = random.Random(count)
    app = target / "app"
    app.mkdir()
    (app / "__init__.py").write_text("", "utf-8")
    names: list[str] = []
    for number in range(count):
        package = app / f"package{number // _MODULES_PER_PACKAGE}"
        if not package.exists():
            package.mkdir()
            (package / "__init__.py").write_text("", "utf-8")
        near = names[-(number % _MODULES_PER_PACKAGE) :] if number % _MODULES_PER_PACKAGE else []
        used = [*chance.sample(near, min(3, len(near))), *chance.sample(names, min(2, len(names)))]
        (package / f"module{number}.py").write_text(_module(number, sorted(set(used)), chance), "utf-8")
        names.append(f"app.package{number // _MODULES_PER_PACKAGE}.module{number}")
    return Corpus(f"generated {count}", target)


def _module(number: int, used: list[str], chance: random.Random) -> str:
    imports = "".join(f"from {name} import Service{name.rpartition('module')[2]}\n" for name in used)
    made = "".join(f"        self.part{at} = Service{name.rpartition('module')[2]}()\n" for at, name in enumerate(used))
    calls = "".join(f"        found.append(self.part{at}.load(key))\n" for at in range(len(used)))
    sink = chance.choice(["requests.get(key).json()", "time.sleep(1)", "json.loads(key)", "open(key).read()"])
    return f'''"""Module {number}."""

import json
import time

import requests
from fastapi import APIRouter, Depends
{imports}
router = APIRouter(prefix="/things{number}")


class Service{number}:
    """Loads things."""

    def __init__(self) -> None:
        self.seen: dict[str, object] = {{}}
{made}
    def load(self, key: str) -> list[object]:
        """Loads what belongs to the key, from the other services, too."""
        found: list[object] = []
        if key in self.seen:
            return [self.seen[key]]
{calls}        for name in sorted(self.seen, key=len):
            if name.startswith(key):
                found.append(self.seen[name])
        return found

    def fetch(self, key: str) -> object:
        """Gets one thing from outside."""
        value = {sink}
        self.seen[key] = value
        return value


def service() -> Service{number}:
    """The service of a request."""
    return Service{number}()


@router.get("/{{key}}")
async def read(key: str, wanted: Service{number} = Depends(service)) -> list[object]:
    """One thing with its parts."""
    return wanted.load(key)


@router.post("/{{key}}")
async def refresh(key: str, wanted: Service{number} = Depends(service)) -> object:
    """Gets one thing anew."""
    return wanted.fetch(key)


@router.get("/")
def everything(wanted: Service{number} = Depends(service)) -> dict[str, object]:
    """All that is there."""
    return {{name: value for name, value in wanted.seen.items() if value is not None}}
'''
