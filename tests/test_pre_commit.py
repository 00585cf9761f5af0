"""The pre-commit hooks, run by pre-commit itself in an environment that it builds."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
SOURCES = ("fastapi_lint", "rules", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]

HELPER = "import time\n\n\ndef wait() -> None:\n    time.sleep(1)\n"
ROUTES = """\
from fastapi import FastAPI

from helper import wait

app = FastAPI()


@app.get("/")
async def index() -> None:
    wait()
"""


def _git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def _repository(folder: Path) -> Path:
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "first")
    return folder


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as another one's configuration would name it, committed and clean."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SOURCES:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder / name)
    return _repository(folder)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Environments are built once, in a folder of the tests."""
    hidden = ("GIT_", "PRE_COMMIT", "PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**inherited, "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")), "NO_COLOR": "1"}


def _project(folder: Path) -> Path:
    (folder / "helper.py").write_text(HELPER)
    (folder / "routes.py").write_text(ROUTES)
    (folder / "notes.txt").write_text("time.sleep(1)\n")
    return _repository(folder)


def _run_hook(
    hooks: Path, project: Path, environment: Mapping[str, str], *words: str, hook: str = "fastapi-lint"
) -> subprocess.CompletedProcess[str]:
    # `pre-commit run` with a configuration that names the repository, as users have it; try-repo builds anew each time
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=hooks, check=True, capture_output=True, text=True
    ).stdout.strip()
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n"
    )
    _git(project, "add", ".pre-commit-config.yaml")
    command = [sys.executable, "-m", "pre_commit", "run", hook, "--color", "never", *words]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=600)


def test_hook(hooks: Path, environment: Mapping[str, str], tmp_path: Path) -> None:
    project = _project(tmp_path)

    everything = _run_hook(hooks, project, environment, "--all-files")
    assert everything.returncode == 1, everything.stdout + everything.stderr
    assert "routes.py:10:5" in everything.stdout
    assert "FAL101" in everything.stdout
    assert "Found 1 diagnostic" in everything.stdout

    # The chain needs helper.py, which is not among the files that are handed over.
    one = _run_hook(hooks, project, environment, "--files", "routes.py")
    assert one.returncode == 1
    assert "routes.py:10:5" in one.stdout
    other = _run_hook(hooks, project, environment, "--files", "helper.py", "notes.txt")
    assert other.returncode == 0, other.stdout

    (project / "fastapi-lint.toml").write_text('extend-exclude = ["routes.py"]\n')
    excluded = _run_hook(hooks, project, environment, "--files", "routes.py")
    assert excluded.returncode == 0, excluded.stdout


def test_fixing_hook(hooks: Path, environment: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.fastapi-lint]\nselect = ['FAL002', 'FAL101']\n")
    (tmp_path / "rest.py").write_text("x = 1  # noqa: FAL101\n")
    project = _project(tmp_path)
    (project / "helper.py").write_text(HELPER.replace("(1)", "(1)  # noqa: FAL101"))
    _git(project, "add", "--all")

    changed = _run_hook(hooks, project, environment, "--files", "helper.py", "routes.py", hook="fastapi-lint-fix")
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "files were modified by this hook" in changed.stdout
    assert "(1 fixed, 1 remaining)" in changed.stdout
    assert (project / "helper.py").read_text() == HELPER
    assert (project / "rest.py").read_text() == "x = 1  # noqa: FAL101\n"

    (project / "routes.py").write_text(ROUTES.replace("    wait()", "    pass"))
    _git(project, "add", "--all")
    again = _run_hook(hooks, project, environment, "--files", "helper.py", "routes.py", hook="fastapi-lint-fix")
    assert again.returncode == 0, again.stdout + again.stderr


def test_try_repo(hooks: Path, environment: Mapping[str, str], tmp_path: Path) -> None:
    project = _project(tmp_path)
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "fastapi-lint", "--all-files"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAL101" in done.stdout
