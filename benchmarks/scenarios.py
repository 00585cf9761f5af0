"""What is measured on a corpus: a command, and what must be so before it runs."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpora import Corpus
from benchmarks.tools import Installed

_BARE_PARSE = Path(__file__).with_name("bare_parse.py")
_SLOW_PEERS = 1_000_000
_SETTLED = 2.5
"""Seconds after which a file's times tell whether it was changed: tools that look at them wait that long."""


@dataclass(frozen=True)
class Scenario:
    """`setup` runs once, `prepare` before each measurement; neither is measured.

    `on_any` says that it is measured on each number of cores, and not on the largest only. `most` is the size of the
    largest corpus in bytes on which it is measured: some peers take minutes for each megabyte.
    """

    name: str
    command: Callable[[int], list[str]]
    setup: Callable[[], object] = lambda: None
    prepare: Callable[[], object] = lambda: None
    on_any: bool = False
    most: int | None = None

    def fits(self, size: int, is_largest: bool) -> bool:
        """Whether it is measured on a corpus of `size` bytes, on the largest number of cores or on another one."""
        return (self.on_any or is_largest) and (self.most is None or size <= self.most)


def scenarios(corpus: Corpus, tools: Mapping[str, Installed], run: Callable[[list[str]], object]) -> list[Scenario]:
    """Everything that is measured on a corpus. `run` runs a command without measuring it."""
    ours = tools["fastapi-lint"]
    found = [
        Scenario("python -c pass", lambda _cores: [ours.python, "-c", "pass"]),
        Scenario("libcst.parse_module", lambda cores: [ours.python, str(_BARE_PARSE), ".", str(cores)], on_any=True),
        *_ours(corpus, ours, run),
    ]
    for name, installed in tools.items():
        if name != "fastapi-lint":
            found += _PEERS[name](corpus, installed, run)
    return found


def _ours(corpus: Corpus, tool: Installed, run: Callable[[list[str]], object]) -> list[Scenario]:
    cache, program, flake8 = corpus.folder / ".fastapi_lint_cache", tool.path("fastapi-lint"), tool.path("flake8")
    file = corpus.medium_file()
    one = str(file.relative_to(corpus.folder))
    numbers = itertools.count()

    def forget() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    def append(line: str) -> Callable[[], None]:
        def change() -> None:
            run([program, ".", "--silent"])
            with file.open("a", encoding="utf-8") as stream:
                stream.write(f"{line} {next(numbers)}\n")

        return change

    def warm() -> None:
        run([program, ".", "--silent"])
        time.sleep(_SETTLED)
        run([program, ".", "--silent"])

    def lint(*arguments: str) -> Callable[[int], list[str]]:
        return lambda cores: [program, *arguments, "--jobs", str(cores)]

    def plugin(*paths: str) -> Callable[[int], list[str]]:
        return lambda cores: [flake8, "--isolated", "--select", "FAL", "--jobs", str(cores), *paths]

    return [
        Scenario("fastapi-lint --help", lambda _cores: [program, "--help"]),
        Scenario("fastapi-lint, cold", lint("."), prepare=forget, on_any=True),
        Scenario("fastapi-lint, nothing changed", lint("."), prepare=warm),
        Scenario("fastapi-lint, one file changed", lint("."), prepare=append("changed =")),
        Scenario("fastapi-lint, one comment added", lint("."), prepare=append("#")),
        Scenario("fastapi-lint, pre-commit on an unchanged file", lint(one), prepare=warm),
        Scenario("fastapi-lint, pre-commit on a changed file", lint(one), prepare=append("changed =")),
        Scenario("fastapi-lint in flake8, cold", plugin("."), prepare=forget),
        Scenario("fastapi-lint in flake8, nothing changed", plugin("."), prepare=warm),
        Scenario("fastapi-lint in flake8, a changed file", plugin(one), prepare=append("changed =")),
    ]


def _ruff(corpus: Corpus, tool: Installed, run: Callable[[list[str]], object]) -> list[Scenario]:
    check = [tool.path("ruff"), "check", "--isolated", "--quiet", "--select", "ASYNC"]
    cached = [*check, "--cache-dir", str(corpus.folder.parent / f"{corpus.folder.name}-ruff"), "."]
    return [
        Scenario("ruff --select ASYNC, no cache", lambda _cores: [*check, "--no-cache", "."]),
        Scenario("ruff --select ASYNC, nothing changed", lambda _cores: cached, prepare=lambda: run(cached)),
    ]


def _hydroid(corpus: Corpus, tool: Installed, run: Callable[[list[str]], object]) -> list[Scenario]:
    program = tool.path("hydroid")
    return [
        Scenario("hydroid --no-cache", lambda _cores: [program, "--no-cache", "."], on_any=True),
        Scenario("hydroid, nothing changed", lambda _cores: [program, "."], setup=lambda: run([program, "."])),
    ]


def _ty_async(corpus: Corpus, tool: Installed, run: Callable[[list[str]], object]) -> list[Scenario]:
    command = [tool.path("ty-async"), "--async200-stdlib", "--async200-transitive", "."]
    return [Scenario("ty-async, transitive", lambda _cores: command)]


def _flake8_async(corpus: Corpus, tool: Installed, run: Callable[[list[str]], object]) -> list[Scenario]:
    command = [tool.path("flake8"), "--isolated", "--select", "ASYNC"]
    return [Scenario("flake8-async", lambda cores: [*command, "--jobs", str(cores), "."], most=_SLOW_PEERS)]


def _fixit(corpus: Corpus, tool: Installed, run: Callable[[list[str]], object]) -> list[Scenario]:
    command = [tool.path("fixit"), "--quiet", "lint", "."]
    return [Scenario("fixit, built-in rules", lambda _cores: command, most=_SLOW_PEERS)]


_PEERS: dict[str, Callable[[Corpus, Installed, Callable[[list[str]], object]], list[Scenario]]] = {
    "ruff": _ruff,
    "hydroid": _hydroid,
    "ty-async": _ty_async,
    "flake8-async": _flake8_async,
    "fixit": _fixit,
}
