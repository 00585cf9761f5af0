"""What runs outside of request handling is silent, or milder, or reported, as the configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import ConfigError, load_settings
from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.engine import CheckRequest, check

STARTUP = """\
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI


async def warm_up():
    time.sleep(1)


@asynccontextmanager
async def lifespan(app):
    await warm_up()
    yield


app = FastAPI(lifespan=lifespan)
"""
ROUTE = """

@app.get("/")
async def index():
    await warm_up()
"""
SCRIPT = """\
import asyncio
import time


async def main():
    time.sleep(1)


asyncio.run(main())
"""
WORKER = """\
import time

import dramatiq


@dramatiq.actor
async def job():
    time.sleep(1)
"""
PLAIN = """\
import time


async def f():
    time.sleep(1)
"""
CONDITIONAL = """\
import time

from fastapi import FastAPI

app = FastAPI()


def wait(kind, urgent):
    if urgent:
        return
    if kind == 1:
        time.sleep(1)


def work(kind, urgent, slowly):
    if slowly:
        wait(kind, urgent)


@app.get("/")
async def index(kind: int, urgent: bool, slowly: bool):
    work(kind, urgent, slowly)
"""


def lint(root: Path, config: str, name: str, text: str) -> tuple[Diagnostic, ...]:
    (root / "fastapi-lint.toml").write_text(f'cache = false\nselect = ["FAL1"]\n{config}')
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    settings = load_settings([root], root)
    result = check(CheckRequest((root,), settings, settings.root))
    assert result.internal_errors == ()
    return result.diagnostics


def told(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, bool]]:
    return [(each.severity.value, each.message.endswith(")")) for each in diagnostics]


PLACES = [
    ("startup", "at start-up", "app.py", STARTUP),
    ("scripts", "in a script", "app.py", SCRIPT),
    ("scripts", "in a script", "noxfile.py", PLAIN),
    ("workers", "in a worker", "app.py", WORKER),
    ("tests", "in a test", "tests/app.py", PLAIN),
    ("tests", "in a test", "test_app.py", PLAIN),
    ("benchmarks", "in a benchmark", "benchmarks/app.py", PLAIN),
    ("migrations", "in a migration", "alembic/versions/0001.py", PLAIN),
    ("conditional", "if many conditions hold", "app.py", CONDITIONAL),
]


@pytest.mark.parametrize(("key", "where", "name", "text"), PLACES)
def test_levels(tmp_path: Path, key: str, where: str, name: str, text: str) -> None:
    assert lint(tmp_path, "", name, text) == ()
    assert lint(tmp_path, f'{key} = "silent"', name, text) == ()
    (lower,) = lint(tmp_path, f'{key} = "lower"', name, text)
    (report,) = lint(tmp_path, f'{key} = "report"', name, text)
    assert (lower.severity.value, report.severity.value) == ("warning", "error")
    assert lower.message == report.message
    assert lower.message.endswith(f" ({where})")
    others = sorted({other for other, *_ in PLACES} - {key})
    assert lint(tmp_path, "\n".join(f'{other} = "report"' for other in others), name, text) == ()


def test_what_serves_requests_too_is_reported_as_ever(tmp_path: Path) -> None:
    (found,) = lint(tmp_path, 'startup = "lower"', "app.py", STARTUP + ROUTE)
    assert found.severity.value == "error"
    assert "start-up" not in found.message
    assert [label.kind for label in found.entry_points] == ["route"]


def test_the_entry_point_of_what_runs_at_start_up_is_named(tmp_path: Path) -> None:
    (found,) = lint(tmp_path, 'startup = "lower"', "app.py", STARTUP)
    assert [label.kind for label in found.entry_points] == ["lifespan"]


def test_the_configured_severity_is_lowered(tmp_path: Path) -> None:
    (found,) = lint(tmp_path, 'startup = "lower"\nseverity = { FAL101 = "warning" }', "app.py", STARTUP)
    assert found.severity.value == "info"


@pytest.mark.parametrize("name", ["tests/app.py", "benchmarks/app.py", "alembic/env.py"])
def test_include_tests_means_all_three_unless_more_is_said(tmp_path: Path, name: str) -> None:
    assert told(lint(tmp_path, "include-tests = true", name, PLAIN)) == [("error", True)]
    said = 'tests = "lower"\nbenchmarks = "lower"\nmigrations = "lower"'
    assert told(lint(tmp_path, f"include-tests = true\n{said}", name, PLAIN)) == [("warning", True)]


def test_include_tests_leaves_start_up_silent(tmp_path: Path) -> None:
    assert lint(tmp_path, "include-tests = true", "app.py", STARTUP) == ()


def test_node_rules_go_by_the_file(tmp_path: Path) -> None:
    loop = "async def f():\n    while True:\n        pass\n"
    assert lint(tmp_path, "", "tests/app.py", loop) == ()
    assert told(lint(tmp_path, 'tests = "lower"', "tests/app.py", loop)) == [("warning", True)]
    assert told(lint(tmp_path, "", "app.py", loop)) == [("error", False)]


def test_a_wrong_level_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`startup`: .*'loud'"):
        lint(tmp_path, 'startup = "loud"', "app.py", PLAIN)
