"""The facts cache: what it gives back, and what it survives."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fastapi_lint.cache import Analyses, CatalogueCache, Database, FactsCache, digest, shape
from fastapi_lint.catalogue import load_catalogue
from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, CheckResult, check
from fastapi_lint.extract import extract
from fastapi_lint.facts import ModuleFacts
from fastapi_lint.findings import Analysis
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
    database = Database(tmp_path / "cache")
    cache = FactsCache(database, ["FAL115"])
    key = cache.key(digest(SOURCE))
    cache.store({key: (facts, shape(facts))})
    database.close()
    again = Database(tmp_path / "cache")
    assert FactsCache(again, ["FAL115"]).load([key]) == {key: facts}
    again.close()


def test_keys_depend_on_content_and_rules(tmp_path: Path) -> None:
    database = Database(tmp_path)
    one, other = FactsCache(database, ["FAL115"]), FactsCache(database, [])
    assert one.key(digest(b"a")) != one.key(digest(b"b"))
    assert one.key(digest(b"a")) != other.key(digest(b"a"))
    database.close()


def test_second_run_reports_the_same_and_parses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    first = lint(tmp_path)
    assert [d.code for d in first.diagnostics] == ["FAL101"]

    def no_parsing(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("fastapi_lint.workers.extract", no_parsing)
    assert lint(tmp_path).diagnostics == first.diagnostics
    assert lint(tmp_path).internal_errors == ()


def test_only_the_changed_file_is_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    (tmp_path / "other.py").write_bytes(SOURCE.replace(b"nap", b"doze"))
    lint(tmp_path)
    parsed: list[str] = []

    def count(source: SourceFile, handlers: object, *, quick: bool) -> ModuleFacts:
        parsed.append(Path(source.filename).name)
        return extract(source, handlers, quick=quick)  # type: ignore[arg-type]

    monkeypatch.setattr("fastapi_lint.workers.extract", count)
    (tmp_path / "other.py").write_bytes(SOURCE.replace(b"nap", b"rest"))
    assert len(lint(tmp_path).diagnostics) == 2
    assert parsed == ["other.py"]


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
        connection.execute("UPDATE analyses SET data = x'93010203'")
        connection.execute("UPDATE contents SET data = x'93010203'")
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


def no_linking(*_: object) -> None:
    raise AssertionError("linked again")


def test_where_nothing_changed_nothing_is_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    first = lint(tmp_path)
    monkeypatch.setattr("fastapi_lint.analysis.Analyser.run", no_linking)
    assert [d.code for d in first.diagnostics] == ["FAL101"]
    assert lint(tmp_path).diagnostics == first.diagnostics


def test_an_analysis_serves_any_path_and_any_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    (tmp_path / "other.py").write_bytes(SOURCE.replace(b"\n    time", b"  # noqa\n    time").replace(b"(1)", b"(2)"))
    both = lint(tmp_path).diagnostics
    monkeypatch.setattr("fastapi_lint.analysis.Analyser.run", no_linking)
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"severity": {"FAL101": "info"}})
    one = check(CheckRequest((tmp_path / "app.py",), settings, tmp_path))
    assert [(d.filename, d.severity.value) for d in one.diagnostics] == [(str(tmp_path / "app.py"), "info")]
    assert len(both) == 2


CALLER = b"""from helper import work


async def handler() -> None:
    work()
"""


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "helper.py").write_text("def work(): ...\n"), id="content"),
        pytest.param(lambda root: (root / "helper.py").unlink(), id="gone"),
        pytest.param(lambda root: (root / "helper.py").rename(root / "renamed.py"), id="renamed"),
    ],
)
def test_a_change_in_a_file_not_asked_for_counts(tmp_path: Path, change: Callable[[Path], object]) -> None:
    (tmp_path / "helper.py").write_text("import time\n\n\ndef work():\n    time.sleep(1)\n")
    (tmp_path / "app.py").write_bytes(CALLER)
    settings = load_settings([tmp_path], tmp_path, isolated=True)
    request = CheckRequest((tmp_path / "app.py",), settings, tmp_path)
    assert [d.code for d in check(request).diagnostics] == ["FAL101"]
    change(tmp_path)
    assert check(request).diagnostics == ()


@pytest.mark.parametrize("overrides", [{"ignore": ["FAL101"]}, {"safe": ["time.sleep"]}, {"include-tests": True}])
def test_settings_that_matter_ask_for_another_analysis(
    tmp_path: Path, overrides: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    lint(tmp_path)
    monkeypatch.setattr("fastapi_lint.analysis.Analyser.run", no_linking)
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides=overrides)
    with pytest.raises(AssertionError, match="linked again"):
        check(CheckRequest((tmp_path,), settings, tmp_path))


def test_a_change_that_keeps_size_and_time_of_change_is_seen(tmp_path: Path) -> None:
    """Within the time in which a file system may not tell two writes apart, contents are compared."""
    file = tmp_path / "app.py"
    file.write_bytes(SOURCE)
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    assert len(lint(tmp_path).diagnostics) == 1
    file.write_bytes(SOURCE.replace(b"sleep(1)", b"ctime(1)"))
    os.utime(file, ns=times)
    assert lint(tmp_path).diagnostics == ()


def test_an_untouched_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(SOURCE)
    now = time.time_ns() + 60_000_000_000
    monkeypatch.setattr("fastapi_lint.cache.contents.time.time_ns", lambda: now)
    first = lint(tmp_path).diagnostics
    lint(tmp_path)

    def no_reading(_: Path) -> bytes:
        raise AssertionError("read again")

    monkeypatch.setattr(Path, "read_bytes", no_reading)
    assert lint(tmp_path).diagnostics == first


def test_old_analyses_go(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "app.py").write_bytes(SOURCE + b"#" * number)
        lint(tmp_path)
    with sqlite3.connect(tmp_path / ".fastapi_lint_cache" / "facts.sqlite") as connection:
        (count,) = connection.execute("SELECT count(*) FROM analyses").fetchone()
    connection.close()
    assert count < 30


def test_large_analyses_share_the_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi_lint.cache.analyses._MOST_BYTES", 1000)
    database = Database(tmp_path)
    analyses = Analyses(database, [])
    keys = [analyses.key({"app.py": bytes([number])}) for number in range(4)]
    for key, size in zip(keys, (400, 400, 400, 2000), strict=True):
        analyses.store(key, Analysis((), (), {}, ("x" * size,)))
    assert [analyses.load(key) is not None for key in keys] == [False, True, True, False]
    database.close()


def test_a_crash_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    with monkeypatch.context() as broken:
        broken.setattr("fastapi_lint.project.Project.blocking", no_linking)
        assert lint(tmp_path).internal_errors
    assert lint(tmp_path).internal_errors == ()
    assert [d.code for d in lint(tmp_path).diagnostics] == ["FAL101"]


HEAVY = ("fastapi_lint.project", "fastapi_lint.rules", "libcst")


def loaded_after(arguments: list[str], folder: Path) -> list[str]:
    """Which of the heavy packages a command has loaded when it ends."""
    program = f"import atexit, sys\natexit.register(lambda: print(*[m for m in {HEAVY!r} if m in sys.modules]))\n"
    program += f"sys.argv = ['fastapi-lint', *{arguments!r}]\nfrom fastapi_lint.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()[-1].split()


def test_a_run_without_changes_loads_neither_libcst_nor_rules(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    assert loaded_after(["."], tmp_path) == list(HEAVY)
    assert loaded_after(["."], tmp_path) == []
    assert loaded_after(["app.py", "--output-format", "github"], tmp_path) == []


def with_fixes(root: Path, style: str = "auto") -> CheckResult:
    settings = load_settings([root], root, isolated=True, overrides={"offload-style": style})
    return check(CheckRequest((root,), settings, root, fixes=True))


def test_fixes_that_were_shown_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    first = with_fixes(tmp_path)
    assert [d.fix is not None for d in first.diagnostics] == [True]
    with monkeypatch.context() as patched:
        patched.setattr("fastapi_lint.analysis.Project", no_linking)
        again = with_fixes(tmp_path)
        assert again.internal_errors == ()
        assert again.diagnostics == first.diagnostics
    assert loaded_after(["--output-format", "json"], tmp_path) == list(HEAVY)  # other settings, other fixes
    assert loaded_after(["--output-format", "json"], tmp_path) == []


def test_kept_fixes_follow_settings_and_contents(tmp_path: Path) -> None:
    source = b"import requests\n\n\nasync def load():\n    return requests.get('https://example.org', timeout=3)\n"
    (tmp_path / "app.py").write_bytes(source)
    texts = []
    for style in ("asyncio", "anyio", "asyncio"):
        (found,) = with_fixes(tmp_path, style).diagnostics
        assert found.fix is not None
        texts.append("".join(edit.content for edit in found.fix.edits))
    assert "asyncio" in texts[0]
    assert "anyio" in texts[1]
    assert texts[0] == texts[2]
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.8"\n')
    (found,) = with_fixes(tmp_path).diagnostics
    assert found.fix is not None
    assert "run_in_threadpool" in "".join(edit.content for edit in found.fix.edits)
    (tmp_path / "app.py").write_bytes(b"\n" + source)
    (moved,) = with_fixes(tmp_path).diagnostics
    assert moved.fix is not None
    assert moved.fix != found.fix


@pytest.mark.parametrize("loss", ["DELETE FROM fixes", "UPDATE fixes SET data = x'00'", "DELETE FROM analyses"])
def test_lost_fixes_are_computed_again(loss: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    first = with_fixes(tmp_path)
    with sqlite3.connect(tmp_path / ".fastapi_lint_cache" / "facts.sqlite") as connection:
        connection.execute(loss)
    connection.close()
    assert with_fixes(tmp_path).diagnostics == first.diagnostics


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    assert loaded_after(["--help"], tmp_path) == []


def test_runs_at_the_same_time_share_one_analysis(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    command = [sys.executable, "-m", "fastapi_lint", ".", "--isolated", "--verbose"]
    runs = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [1, 1, 1]
    assert sum("extract" in stderr for _, stderr in said) == 1


def test_a_run_that_is_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(SOURCE)
    program = (
        "import sys, time; from pathlib import Path; from fastapi_lint.cache import Database\n"
        "with Database(Path('.fastapi_lint_cache')).alone():\n    print('in', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "in\n"
        run.kill()
    assert [d.code for d in lint(tmp_path).diagnostics] == ["FAL101"]


def test_the_catalogue_is_read_once(tmp_path: Path) -> None:
    database = Database(tmp_path)
    kept = CatalogueCache(database)
    first = load_catalogue(kept=kept)
    ((key, data),) = database.rows("SELECT key, data FROM catalogue", [])
    assert load_catalogue(kept=kept).bundled == first.bundled == load_catalogue().bundled
    emptied = msgspec.msgpack.encode(first.bundled[:1])
    kept.store(key, emptied)
    assert load_catalogue(kept=kept).bundled == first.bundled[:1]  # so it was not read again
    kept.store(key, data[:100])
    assert load_catalogue(kept=kept).bundled == first.bundled
    assert kept.load(key) == data
    assert kept.load(b"other data") is None
    database.close()
