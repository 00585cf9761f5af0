"""`--strict-resolution`: which calls on the event loop are understood, and why the others are not."""

from __future__ import annotations

import json
from inspect import signature
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fastapi_lint.cli import main
from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, check
from fastapi_lint.project.flow.resolution import Resolution, UnresolvedCall

SERVICE = """\
class Service:
    def compute_totals(self):
        return 1

    def get(self):
        return 2


ONLY = Service()


def make_service():
    return ONLY
"""


def resolve(root: Path, app: str, **files: str) -> Resolution:
    for name, text in {"app": app, "service": SERVICE, **files}.items():
        (root / f"{name}.py").write_text(dedent(text))
    settings = load_settings([root], root, isolated=True, overrides={"cache": False})
    result = check(CheckRequest((root,), settings, root, wants_resolution=True))
    assert result.internal_errors == ()
    assert result.resolution is not None
    return result.resolution


def only(resolution: Resolution) -> UnresolvedCall:
    (call,) = resolution.unresolved
    return call


@pytest.mark.parametrize(
    ("imports", "call", "kind"),
    [
        ("from service import make_service", "make_service()", "first-party"),
        ("from service import Service", "Service()", "first-party"),
        ("from service import Service", "Service.get", None),
        ("from functools import partial", "partial(f)()", "first-party"),
        ("import requests", "requests.get('x')", "catalogued"),
        ("import textwrap", "textwrap.dedent('x')", "standard-library"),
        ("", "len('x')", "standard-library"),
        ("import unheard_of", "unheard_of.call()", "library"),
        ("", "unknown.call()", "unresolved"),
    ],
)
def test_kinds(tmp_path: Path, imports: str, call: str, kind: str | None) -> None:
    found = resolve(tmp_path, f"{imports}\n\n\nasync def f(unknown):\n    {call}\n").calls
    found["standard-library"] -= "partial(" in call and 1
    assert {name: count for name, count in found.items() if count} == ({kind: 1} if kind else {})


def test_only_code_on_the_event_loop_counts(tmp_path: Path) -> None:
    app = """\
        import asyncio


        def helper(x):
            x.in_helper()


        def thread(x):
            x.in_thread()


        def nobody(x):
            x.never()


        async def f(x):
            helper(x)
            await asyncio.to_thread(thread, x)
    """
    assert [call.callee for call in resolve(tmp_path, app).unresolved] == ["x.in_helper"]


@pytest.mark.parametrize(
    ("line", "callee", "reason", "cause", "origin"),
    [
        ("x.compute_totals()", "x.compute_totals", "unknown receiver", "without annotation", "first-party"),
        ("x.get()", "x.get", "unknown receiver", "without annotation", "ambiguous"),
        ("x.nobody_has_this()", "x.nobody_has_this", "unknown receiver", "without annotation", "other"),
        ("Service().missing()", "Service(...).missing", "unknown name", "no member of `Service`", "first-party"),
        ("service.missing()", "service.missing", "unknown name", "no member of `service`", "first-party"),
        ("missing()", "missing", "unknown name", "the import `service.missing`", "first-party"),
        ("x()", "x", "unknown name", "without annotation", "other"),
        ("x[0]()", "x[...]", "dynamic", "without annotation", "other"),
    ],
)
def test_reasons(tmp_path: Path, line: str, callee: str, reason: str, cause: str, origin: str) -> None:
    app = f"import service\nfrom service import Service, missing\n\n\nasync def f(x):\n    {line}\n"
    call = only(resolve(tmp_path, app))
    assert (call.callee, call.reason, call.origin) == (callee, reason, origin)
    assert cause in call.cause
    assert call.place.row == 6


def test_shares(tmp_path: Path) -> None:
    lines = ["make_service()", "Service()", "x.compute_totals()", "x.get()", "x.other()", "len(x)"]
    app = "from service import Service, make_service\n\n\nasync def f(x):\n" + "".join(
        f"    {line}\n" for line in lines
    )
    found = resolve(tmp_path, app)
    assert found.total == 6
    assert found.resolved == pytest.approx(3 / 6)
    assert found.first_party == pytest.approx(2 / 3)
    assert found.first_party_at_least == pytest.approx(2 / 4)


def test_no_calls_at_all(tmp_path: Path) -> None:
    found = resolve(tmp_path, "x = 1\n")
    assert (found.total, found.resolved, found.first_party) == (0, 1.0, 1.0)


def run(*words: str) -> Result:
    # click before 8.2 mixes stderr into stdout unless told not to.
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**separate).invoke(main, list(words))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "app.py").write_text("async def f(x):\n    x.compute_totals()\n    len(x)\n")
    return tmp_path


def test_the_command_line_says_it_on_stderr(project: Path) -> None:
    result = run("check", "--isolated", "-n", "--output-format", "json", "--strict-resolution", ".")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == []
    assert "2 calls in code on the event loop" in result.stderr
    assert "resolved: 50.0 %" in result.stderr
    assert "first-party callees resolved: 0.0 %" in result.stderr
    assert "app.py:2:5: `x.compute_totals` is not resolved: unknown receiver: a parameter" in result.stderr
    assert run("check", "--isolated", "-n", "--strict-resolution", "--silent", ".").stderr == ""


def test_the_file_has_it_as_json(project: Path) -> None:
    result = run("check", "--isolated", "-n", "--resolution-file", "resolution.json", ".")
    assert (result.exit_code, "event loop" in result.stderr) == (0, False)
    document = json.loads((project / "resolution.json").read_text())
    assert document["calls"]["total"] == 2
    assert document["first_party"] == {"resolved": 0.0, "resolved_at_least": 0.0}
    (call,) = document["unresolved"]
    assert (call["filename"], call["location"]) == ("app.py", {"row": 2, "column": 5})
    assert call["origin"] == "first-party"
