"""The facts cache: what it gives back, and what it survives."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fastapi_lint.cache import FactsCache
from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, CheckResult, check
from fastapi_lint.extract import extract
from fastapi_lint.source import SourceFile

SOURCE = b"""import time


async def nap() -> None:
    time.sleep(1)
"""


def lint(root: Path, cache: bool = True) -> CheckResult:
    settings = load_settings([root], root, isolated=True, overrides={"cache": cache})
    return check(CheckRequest((root,), settings, root))


def test_kept_facts_are_equal_to_fresh_ones(tmp_path: Path) -> None:
    facts = extract(SourceFile("a.py", SOURCE))
    cache = FactsCache(tmp_path / "cache", ["FAL115"])
    key = cache.key(SOURCE)
    cache.store({key: facts})
    cache.close()
    again = FactsCache(tmp_path / "cache", ["FAL115"])
    assert again.load([key]) == {key: facts}
    again.close()


def test_keys_depend_on_content_and_rules(tmp_path: Path) -> None:
    one, other = FactsCache(tmp_path, ["FAL115"]), FactsCache(tmp_path, [])
    assert one.key(b"a") != one.key(b"b")
    assert one.key(b"a") != other.key(b"a")
    one.close()
    other.close()


def test_second_run_reports_the_same_and_parses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    first = lint(tmp_path)
    assert [d.code for d in first.diagnostics] == ["FAL101"]

    def no_parsing(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("fastapi_lint.workers.extract", no_parsing)
    assert lint(tmp_path).diagnostics == first.diagnostics
    assert lint(tmp_path).internal_errors == ()


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    lint(tmp_path)
    (tmp_path / "app.py").write_bytes(SOURCE.replace(b"time.sleep(1)", b"pass"))
    assert lint(tmp_path).diagnostics == ()


@pytest.mark.parametrize("junk", [b"", b"not a database", b"SQLite format 3\x00" + b"\x01" * 5000])
def test_a_foreign_file_in_its_place_is_replaced(tmp_path: Path, junk: bytes) -> None:
    folder = tmp_path / ".fastapi_lint_cache"
    folder.mkdir()
    (folder / "facts.sqlite").write_bytes(junk)
    (tmp_path / "app.py").write_bytes(SOURCE)
    assert [d.code for d in lint(tmp_path).diagnostics] == ["FAL101"]
    assert [d.code for d in lint(tmp_path).diagnostics] == ["FAL101"]


def test_a_record_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    lint(tmp_path)
    with sqlite3.connect(tmp_path / ".fastapi_lint_cache" / "facts.sqlite") as connection:
        connection.execute("UPDATE facts SET data = x'93010203'")
    connection.close()
    assert [d.code for d in lint(tmp_path).diagnostics] == ["FAL101"]


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    (tmp_path / ".fastapi_lint_cache").write_text("a file where the folder should be")
    assert [d.code for d in lint(tmp_path).diagnostics] == ["FAL101"]


def test_the_cache_keeps_itself_out_of_git(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    lint(tmp_path)
    assert "*" in (tmp_path / ".fastapi_lint_cache" / ".gitignore").read_text().splitlines()


def test_no_cache_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    lint(tmp_path, cache=False)
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
