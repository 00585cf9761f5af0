"""The progress bar: on a terminal, on stderr, after a while."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_lint.cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_appears_after_a_while_and_leaves_a_clean_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    bar = progress.ProgressBar()
    for number in range(1, 11):
        bar(number, 10)
    bar.close()
    assert "10/10" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[K")


def test_short_runs_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", 3600.0)
    bar = progress.ProgressBar()
    bar(1, 2)
    bar.close()
    assert terminal.getvalue() == ""


def test_the_engine_tells_how_far_it_is(tmp_path: Path) -> None:
    from fastapi_lint.config import load_settings
    from fastapi_lint.engine import CheckRequest, check

    for number in range(3):
        (tmp_path / f"m{number}.py").write_text(f"x = {number}\n")
    told: list[tuple[int, int]] = []
    settings = load_settings([tmp_path], tmp_path, isolated=True)
    check(CheckRequest((tmp_path,), settings, tmp_path), lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_nothing_of_it_where_stderr_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    program = "from fastapi_lint.cli import main, progress\nprogress._PATIENCE = 0.0\nmain(['.', '--isolated'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "xterm"},
    )
    assert done.stderr == ""
    assert done.stdout == "All checks passed!\n"
