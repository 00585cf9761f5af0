"""The tools: each in an environment of its own, at a fixed version, from the package index that pip is configured for.

None of them gets the dependencies of the projects it lints: no tool here needs them. ruff, ty-async, flake8-async and
fixit go by names; hydroid resolves imports against an environment and does without what is not there, which makes it
report less and saves it time.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Tool:
    """A tool by name: what is installed for it, and the programs that it is run by."""

    name: str
    requirements: tuple[str, ...]
    distribution: str
    program: str


OURS = Tool("fastapi-lint", (str(REPOSITORY), "flake8==7.5.0"), "fastapi-lint", "fastapi-lint")
PEERS = (
    Tool("ruff", ("ruff==0.17.5",), "ruff", "ruff"),
    Tool("hydroid", ("hydroid-cli==0.5.0",), "hydroid-cli", "hydroid"),
    Tool("ty-async", ("ty-async==0.4.0",), "ty-async", "ty-async"),
    Tool("flake8-async", ("flake8-async==26.8.1", "flake8==7.5.0"), "flake8-async", "flake8"),
    Tool("fixit", ("fixit==2.2.1",), "fixit", "fixit"),
)


class Installed:
    """A tool in its environment."""

    def __init__(self, tool: Tool, folder: Path) -> None:
        self.tool = tool
        self._bin = folder / tool.name / "bin"
        if not (self._bin / tool.program).exists():
            venv.create(folder / tool.name, with_pip=True)
            self._pip("install", "--quiet", *tool.requirements)
        elif tool is OURS:  # the working tree may have changed
            self._pip("install", "--quiet", "--no-deps", "--force-reinstall", str(REPOSITORY))

    def _pip(self, *arguments: str) -> str:
        command = [self.python, "-m", "pip", "--disable-pip-version-check", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    @property
    def python(self) -> str:
        """The interpreter of the environment."""
        return str(self._bin / "python")

    def path(self, program: str) -> str:
        """A program of the environment."""
        return str(self._bin / program)

    def version(self) -> str:
        """What is installed."""
        lines = self._pip("show", self.tool.distribution).splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("Version: "))


def python_version() -> str:
    """The interpreter that all of them run on."""
    return sys.version.split()[0]
