"""The plugin as users meet it: installed beside flake8, found by its entry point, run by flake8's own processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flake8")

HELPERS = """\
import time


def wait() -> None:
    time.sleep(1)
"""
ROUTES = """\
import time

from fastapi import FastAPI

from shop.helpers import wait

app = FastAPI()


@app.get("/")
async def index() -> str:
    name = "Übergröße"; wait()
    if name:
        time.sleep(
            1,
        )
    return name


@app.get("/sync")
def sync() -> None:
    wait()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    package = tmp_path / "shop"
    package.mkdir()
    (tmp_path / "pyproject.toml").touch()
    (package / "__init__.py").touch()
    (package / "helpers.py").write_text(HELPERS, encoding="utf-8")
    (package / "routes.py").write_text(ROUTES, encoding="utf-8")
    return tmp_path


def flake8(folder: Path, *words: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "flake8", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=120)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_flake8_finds_the_plugin(tmp_path: Path) -> None:
    _, lines = flake8(tmp_path, "--version")
    assert "fastapi-lint: " in " ".join(lines)


def test_rows_and_columns(project: Path) -> None:
    """flake8 counts columns from 1, in characters."""
    code, lines = flake8(project, "--extend-ignore", "E702", "--jobs", "2", "shop")
    assert code == 1
    assert [line.rpartition(": ")[0].split(" ")[:2] for line in _without_tails(lines)] == [
        [f"{Path('shop', 'routes.py')}:12:25:", "FAL101"],
        [f"{Path('shop', 'routes.py')}:14:9:", "FAL101"],
    ]


def _without_tails(lines: list[str]) -> list[str]:
    """`file:row:column: CODE: `, whatever the message."""
    return [" ".join(line.split(" ")[:2]) + ": " for line in sorted(lines)]


def test_clean_project(project: Path) -> None:
    (project / "shop" / "routes.py").write_text(ROUTES.replace("async def", "def").replace("; wait()", ""))
    assert flake8(project, "shop") == (0, [])


def test_flake8_selects_and_ignores_our_codes(project: Path) -> None:
    assert flake8(project, "--select", "FAL2", "shop") == (0, [])
    assert flake8(project, "--extend-ignore", "FAL101,E702", "shop") == (0, [])
    _, lines = flake8(project, "--select", "FAL101", "--per-file-ignores", "shop/routes.py:FAL101", "shop")
    assert lines == []


def test_noqa(project: Path) -> None:
    silenced = ROUTES.replace("; wait()", "; wait()  # noqa: E702, FAL101").replace(
        "sleep(\n", "sleep(  # noqa: FAL101\n"
    )
    (project / "shop" / "routes.py").write_text(silenced, encoding="utf-8")
    assert flake8(project, "shop") == (0, [])
