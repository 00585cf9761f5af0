"""What is built and installed is what stands in the repository: nothing dropped, nothing too much."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest

import fastapi_lint
from fastapi_lint.registry import load_rules

REPOSITORY = Path(__file__).parent.parent
# Outside of the repository nothing but these may be needed to build.
SOURCES = ("fastapi_lint", "rules", "pyproject.toml", "README.md", "LICENSE")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist, built from a copy so that nothing is left in the repository."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in SOURCES:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return output


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def _tree(folder: Path, prefix: str) -> Iterable[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{prefix}/{path.relative_to(folder).as_posix()}"


def test_wheel_holds_both_trees_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {*_tree(REPOSITORY / "fastapi_lint", "fastapi_lint"), *_tree(REPOSITORY / "rules", "fastapi_lint/rules")}
    assert names == expected
    assert "fastapi_lint/py.typed" in names
    assert any(name.startswith("fastapi_lint/data/") and name.endswith(".toml") for name in names)


def test_sdist_holds_all_that_a_build_needs(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    trees = {*_tree(REPOSITORY / "fastapi_lint", "fastapi_lint"), *_tree(REPOSITORY / "rules", "rules")}
    assert trees | {"pyproject.toml", "README.md", "LICENSE"} <= names


def test_wheel_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = {name.rpartition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        entry_points = archive.read(info["entry_points.txt"]).decode()
        metadata = archive.read(info["METADATA"]).decode()
    assert "fastapi-lint = fastapi_lint.cli:main" in entry_points
    assert "FAL = fastapi_lint.flake8_plugin:FastapiLintPlugin" in entry_points
    assert f"Version: {fastapi_lint.__version__}" in metadata
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.10" in metadata
    assert "LICENSE" in info


def test_installed_wheel_runs_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    target, folder = tmp_path / "target", tmp_path / "empty"
    folder.mkdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120)

    def python(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        # what PYTHONPATH names comes before the editable install that the tests run on
        environment = {**os.environ, "PYTHONPATH": str(target)}
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=120,
        )

    where = python("-c", "import fastapi_lint; print(fastapi_lint.__file__)").stdout
    assert Path(where.strip()).parent == target / "fastapi_lint"
    version = python("-m", "fastapi_lint", "--version")
    assert (version.returncode, version.stdout) == (0, f"fastapi-lint {fastapi_lint.__version__}\n")
    listed = {line.split()[0] for line in python("-m", "fastapi_lint", "rules").stdout.splitlines()}
    assert listed == {info.code for info in load_rules().rules}
    app = "import time\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\nasync def f(): time.sleep(1)\n"
    linted = python("-m", "fastapi_lint", "--output-format", "concise", "-", stdin=app)
    assert linted.returncode == 1
    assert "FAL101" in linted.stdout
    assert linted.stderr == ""


def test_tests_run_on_an_editable_install() -> None:
    """A default editable install finds both trees where they stand, so that an edit needs no new install."""
    assert Path(fastapi_lint.__file__).parent == REPOSITORY / "fastapi_lint"
    rules = sys.modules["fastapi_lint.rules"]
    assert Path(rules.__file__ or "").parent == REPOSITORY / "rules"
    scripts = {point.name for point in distribution("fastapi-lint").entry_points}
    assert {"fastapi-lint", "FAL"} <= scripts
