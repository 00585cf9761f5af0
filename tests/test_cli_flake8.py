"""The flake8 plugin, by itself and inside flake8."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_lint import engine
from fastapi_lint.flake8_plugin import FastapiLintPlugin, _project_diagnostics

HELPER = "import time\n\n\ndef nap():\n    time.sleep(1)\n"
APP = """\
from fastapi import FastAPI

from helper import nap

app = FastAPI()


@app.get("/")
async def index():
    nap()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "app.py").write_text(APP)
    _project_diagnostics.cache_clear()
    return tmp_path


def plugin(filename: str, text: str) -> list[tuple[int, int, str]]:
    lines = text.splitlines(keepends=True)
    return [found[:3] for found in FastapiLintPlugin(ast.parse(text), filename, lines).run()]


def flake8(*words: str, stdin: str | None = None) -> str:
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "FAL", *words]
    done = subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=120)
    assert done.stderr == ""
    return done.stdout


def test_sees_through_other_files_of_the_project(project: Path) -> None:
    ((row, column, text),) = plugin("app.py", APP)
    assert (row, column) == (10, 4)
    assert text.startswith("FAL101 `time.sleep`")
    assert plugin("helper.py", HELPER) == []


def test_one_analysis_serves_all_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, runs = engine.check, []

    def count(request: engine.CheckRequest) -> engine.CheckResult:
        runs.append(request)
        return real(request)

    monkeypatch.setattr(engine, "check", count)
    assert plugin("app.py", APP) and plugin("./app.py", APP)
    assert plugin("helper.py", HELPER) == []
    assert len(runs) == 1


def test_lines_given_count_not_those_on_disk(project: Path) -> None:
    assert [found[0] for found in plugin("app.py", f"# edited\n{APP}")] == [11]
    assert plugin("app.py", APP.replace("    nap()", "    pass")) == []


def test_files_that_our_configuration_excludes_are_flake8s_choice(project: Path) -> None:
    (project / "fastapi-lint.toml").write_text('extend-exclude = ["app.py"]')
    assert len(plugin("app.py", APP)) == 1


@pytest.mark.parametrize("name", ["-", "stdin"])
def test_stdin_names(project: Path, name: str) -> None:
    assert len(plugin(name, APP)) == 1


def test_declared_encoding(project: Path) -> None:
    text = f"# coding: latin-1\n{APP}".replace("    nap()", "    'é'; nap()")
    assert [found[:2] for found in plugin("app.py", text)] == [(11, 9)]


def test_never_raises(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "fastapi-lint.toml").write_text("selekt = []")
    assert plugin("app.py", APP) == []
    assert "unknown key `selekt`" in capsys.readouterr().err


def test_inside_flake8(project: Path) -> None:
    assert flake8("app.py", "helper.py").startswith("app.py:10:5: FAL101 ")
    assert flake8("--extend-ignore", "FAL1", "app.py") == ""
    assert flake8("-", stdin=APP).startswith("stdin:10:5: FAL101 ")
    assert flake8("--stdin-display-name", "app.py", "-", stdin=f"\n{APP}").startswith("app.py:11:5: FAL101 ")


def test_suppressions_inside_flake8(project: Path) -> None:
    (project / "app.py").write_text(APP.replace("nap()", "nap()  # noqa: FAL101"))
    assert flake8("app.py") == ""
    assert flake8("--disable-noqa", "app.py").startswith("app.py:10:5: FAL101 ")
    (project / "app.py").write_text(APP.replace("nap()", "nap()  # fastapi-lint: ignore[blocking-sleep]"))
    assert flake8("--disable-noqa", "app.py") == ""
