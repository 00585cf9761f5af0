"""Revisions of the linter itself, laid out so that each can be run beside the others without installing anything."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ecosystem.errors import EcosystemError
from ecosystem.projects import REPOSITORY
from ecosystem.toml import read_toml

WORKTREE = "WORKTREE"
_PACKAGE = "fastapi_lint"
_WHERE = """
import importlib.util, sys
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    print(*(spec.submodule_search_locations or ()) if spec else ("missing",))
"""


@contextlib.contextmanager
def revision_environment(revision: str, repository: Path = REPOSITORY) -> Iterator[dict[str, str]]:
    """The environment in which `python -m fastapi_lint` is the linter of that revision."""
    with tempfile.TemporaryDirectory(prefix="fastapi-lint-revision-") as temporary:
        tree, site = Path(temporary, "tree"), Path(temporary, "site")
        with _checked_out(revision, tree, repository):
            packages = assemble(tree, site)
        environment = {**os.environ, "PYTHONPATH": str(site)}
        _require_own_packages(revision, packages, site, environment)
        yield environment


def assemble(tree: Path, site: Path) -> list[str]:
    """Copies the packages of a source tree to where an installation would put them, and names them.

    The rules lie outside the package folder in the tree, so the tree itself cannot be put on the import path.
    """
    document = read_toml(tree / "pyproject.toml")
    folders = document.get("tool", {}).get("setuptools", {}).get("package-dir", {})
    ignored = shutil.ignore_patterns("__pycache__")
    mapped = {name: folder for name, folder in folders.items() if name.startswith(f"{_PACKAGE}.")}
    for name, folder in {_PACKAGE: _PACKAGE, **mapped}.items():
        shutil.copytree(tree / folder, site.joinpath(*name.split(".")), ignore=ignored, dirs_exist_ok=True)
    _write_metadata(document.get("project", {}), site)
    return [_PACKAGE, *mapped]


def _write_metadata(project: dict[str, Any], site: Path) -> None:
    # The linter may ask for its own version, and must not be given that of an installed copy.
    name, version = project.get("name", "fastapi-lint"), project.get("version", "0")
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")


@contextlib.contextmanager
def _checked_out(revision: str, tree: Path, repository: Path) -> Iterator[None]:
    if revision == WORKTREE:
        _copy_worktree(tree, repository)
        yield
        return
    _git(repository, "worktree", "add", "--quiet", "--detach", str(tree), revision)
    try:
        yield
    finally:
        _git(repository, "worktree", "remove", "--force", str(tree))


def _copy_worktree(tree: Path, repository: Path) -> None:
    listed = _git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted(set(listed.split("\0")) - {""}):
        source, target = repository / name, tree / name
        # A file that git knows may have been removed from the work tree.
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(("git", "-C", str(repository), *arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EcosystemError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _require_own_packages(revision: str, packages: list[str], site: Path, environment: dict[str, str]) -> None:
    # An editable installation could win over PYTHONPATH, and both sides of a diff would run the same code.
    command = (sys.executable, "-c", _WHERE, *packages)
    done = subprocess.run(command, cwd=site.parent, env=environment, capture_output=True, text=True, check=False)
    found = done.stdout.splitlines()
    expected = [str(site.joinpath(*name.split("."))) for name in packages]
    if found != expected:
        raise EcosystemError(f"{revision} would not run its own code: {found or done.stderr.strip()}")
