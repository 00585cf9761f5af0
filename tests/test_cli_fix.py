"""`--fix` and its relatives on the command line. The rules are those of `fix_rules`."""

from __future__ import annotations

import json
import os
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fastapi_lint import analysis, engine
from fastapi_lint.cli import main

TEXT = "old(1)\nrisky(2)\nworse(3)\n"
FIXED = "new(1)\nrisky(2)\nworse(3)\n"
ALL_FIXED = "new(1)\ncalm(2)\nworse(3)\n"
PATCH = """\
--- app.py
+++ app.py
@@ -1,3 +1,3 @@
-old(1)
+new(1)
 risky(2)
 worse(3)
"""
CONFIGURATION = 'plugins = ["fix_rules"]\nselect = ["TST", "FAL0"]\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "FASTAPI_LINT_OUTPUT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "fastapi-lint.toml").write_text(CONFIGURATION)
    (tmp_path / "app.py").write_text(TEXT)
    return tmp_path


def configure(project: Path, *lines: str) -> None:
    (project / "fastapi-lint.toml").write_text("\n".join([CONFIGURATION, *lines]))


def run(*words: str, stdin: str | bytes | None = None) -> Result:
    # click before 8.2 mixes stderr into stdout unless told not to.
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**separate).invoke(main, list(words), input=stdin)


def text(project: Path, name: str = "app.py") -> str:
    return (project / name).read_text()


# -- --fix


def test_fix_repairs_and_reports_what_remains(project: Path) -> None:
    result = run("--fix", "--output-format", "concise", ".")
    assert result.exit_code == 1
    assert text(project) == FIXED
    assert result.stdout.splitlines() == [
        "app.py:2:1: TST102 [unsafe-one] `risky` is called",
        "app.py:3:1: TST108 [caused-one] `worse` is called",
        "Found 3 diagnostics (1 fixed, 2 remaining).",
        "No fixes available (1 hidden fix can be enabled with the `--unsafe-fixes` option).",
    ]
    assert result.stderr == ""


def test_unsafe_fixes(project: Path) -> None:
    result = run("--fix", "--unsafe-fixes", "--output-format", "concise", ".")
    assert text(project) == ALL_FIXED
    assert result.stdout.splitlines()[1:] == ["Found 3 diagnostics (2 fixed, 1 remaining)."]


def test_a_second_run_has_nothing_to_do(project: Path) -> None:
    run("--fix", "--unsafe-fixes", ".")
    before = (project / "app.py").stat()
    result = run("--fix", "--unsafe-fixes", "--output-format", "concise", ".")
    assert result.stdout.splitlines()[1:] == ["Found 1 diagnostic (0 errors, 1 warning, 0 info)."]
    assert (project / "app.py").stat().st_mtime_ns == before.st_mtime_ns


def test_everything_fixed_is_exit_code_0(project: Path) -> None:
    (project / "app.py").write_text("old(1)\n")
    assert run("--fix", "--exit-non-zero-on-fix", ".").exit_code == 1
    (project / "app.py").write_text("old(1)\n")
    result = run("--fix", ".")
    assert (result.exit_code, result.stdout) == (0, "Found 1 diagnostic (1 fixed, 0 remaining).\n")
    result = run("--fix", "--exit-non-zero-on-fix", ".")
    assert (result.exit_code, result.stdout) == (0, "All checks passed!\n")


def test_exit_zero_goes_before_everything(project: Path) -> None:
    assert run("--fix", "--exit-zero", "--exit-non-zero-on-fix", ".").exit_code == 0
    assert run("--diff", "--unsafe-fixes", "--exit-zero", ".").exit_code == 0


def test_report_shows_the_fixed_text(project: Path) -> None:
    (project / "app.py").write_text("needs(1)\nworse(2)\n")
    result = run("--fix", ".")
    assert " --> app.py:3:1\n" in result.stdout
    assert "3 | worse(2)\n" in result.stdout


def test_json_of_what_remains(project: Path) -> None:
    result = run("--fix", "--output-format", "json", ".")
    found = json.loads(result.stdout)
    assert [each["code"] for each in found] == ["TST102", "TST108"]
    assert found[0]["fix"]["applicability"] == "unsafe"
    assert text(project) == FIXED


def test_dropped_fixes_are_said_on_stderr(project: Path) -> None:
    (project / "app.py").write_text("bad(1)\nold(2)\n")
    result = run("--fix", ".")
    assert result.stderr == "warning: app.py:1:1: TST107 was not fixed: TST108 would appear in `app.py`\n"
    assert run("--fix", "-q", ".").stderr == ""
    assert text(project) == "bad(1)\nnew(2)\n"


def test_files_beside_those_named_are_never_touched(project: Path) -> None:
    (project / "other.py").write_text("old(9)\n")
    assert run("--fix", "app.py").exit_code == 1
    assert text(project, "other.py") == "old(9)\n"


def test_crash_in_a_fix_is_exit_code_2(project: Path) -> None:
    (project / "app.py").write_text("crash()\nold(1)\n")
    result = run("--fix", ".")
    assert result.exit_code == 2
    assert "Internal error: TST113: RuntimeError: no idea" in result.stderr
    assert text(project) == "crash()\nnew(1)\n"


# -- files that cannot be written


def test_file_that_changes_while_the_linter_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.fix

    def edited(*arguments: Any, **options: Any) -> Any:
        repaired = real(*arguments, **options)
        (project / "app.py").write_text("mine = 1\n")
        return repaired

    monkeypatch.setattr(engine, "fix", edited)
    result = run("--fix", ".")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "Error: app.py: not written: it was changed while fastapi-lint ran\n"
    assert text(project) == "mine = 1\n"


def test_read_only_file(project: Path) -> None:
    (project / "app.py").chmod(0o444)
    (project / "other.py").write_text("old(9)\n")
    result = run("--fix", ".")
    assert result.exit_code == 2
    assert result.stderr == "Error: app.py: not written: it is read-only\n"
    assert (text(project), text(project, "other.py")) == (TEXT, "old(9)\n")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_link(project: Path) -> None:
    (project / "app.py").rename(project / "target.txt")
    (project / "app.py").symlink_to("target.txt")
    assert run("--fix", "app.py").exit_code == 1
    assert (project / "app.py").is_symlink()
    assert text(project, "target.txt") == FIXED


# -- --diff


def test_diff_shows_a_patch_and_changes_nothing(project: Path) -> None:
    result = run("--diff", ".")
    assert (result.exit_code, result.stdout) == (1, PATCH)
    assert result.stderr == "Would fix 1 diagnostic (1 additional fix available with `--unsafe-fixes`).\n"
    assert text(project) == TEXT
    assert run("--diff", "--fix", ".").stdout == PATCH
    assert text(project) == TEXT


def test_diff_of_nothing_is_exit_code_0(project: Path) -> None:
    (project / "app.py").write_text("risky(2)\nworse(3)\n")
    result = run("--diff", ".")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No diagnostics would be fixed (1 fix available with `--unsafe-fixes`).\n"
    assert run("--diff", "--no-unsafe-fixes", ".").stderr == ""


def test_diff_quiet_silent_and_in_a_file(project: Path) -> None:
    quiet, silent = run("--diff", "-q", "."), run("--diff", "-s", ".")
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (1, PATCH, "")
    assert (silent.exit_code, silent.output) == (1, "")
    assert run("--diff", "--output-file", "fixes.patch", ".").stdout == ""
    assert text(project, "fixes.patch") == PATCH


def test_diff_in_colours(project: Path) -> None:
    shown = run("--diff", "--color", "always", ".").stdout
    assert "\x1b[31m-old(1)\x1b[0m\n\x1b[32m+new(1)\x1b[0m\n risky(2)\n" in shown
    assert "\x1b[" not in run("--diff", "--color", "never", ".").stdout
    run("--diff", "--color", "always", "--output-file", "fixes.patch", ".")
    assert text(project, "fixes.patch") == PATCH


def test_diff_keeps_bytes(project: Path) -> None:
    (project / "app.py").write_bytes(b"# coding: latin-1\r\n'\xe9'; old(1)\r\n")
    result = run("--diff", ".")
    assert b"-'\xe9'; old(1)\r\n+'\xe9'; new(1)\r\n" in result.stdout_bytes


# -- --fix-only, --show-fixes


def test_fix_only_reports_nothing_that_remains(project: Path) -> None:
    result = run("--fix-only", ".")
    assert result.exit_code == 0
    assert result.stdout == "Fixed 1 diagnostic (1 additional fix available with `--unsafe-fixes`).\n"
    assert text(project) == FIXED
    result = run("--fix-only", "--exit-non-zero-on-fix", "--unsafe-fixes", ".")
    assert (result.exit_code, result.stdout) == (1, "Fixed 1 diagnostic.\n")
    assert (run("--fix-only", ".").exit_code, run("--fix-only", ".").stdout) == (0, "")
    assert run("--fix-only", "--output-format", "json", ".").stdout == ""


def test_show_fixes(project: Path) -> None:
    (project / "app.py").write_text("old(1)\nrisky(2)\nold(3)\n")
    (project / "b.py").write_text("outer(old(4))\n")
    listed = [
        "5 diagnostics:",
        "- app.py:",
        "    2 \N{MULTIPLICATION SIGN} TST101 (safe-one)",
        "    1 \N{MULTIPLICATION SIGN} TST102 (unsafe-one)",
        "- b.py:",
        "    1 \N{MULTIPLICATION SIGN} TST101 (safe-one)",
        "    1 \N{MULTIPLICATION SIGN} TST114 (nested-one)",
    ]
    diff = run("--diff", "--unsafe-fixes", "--show-fixes", ".")
    assert diff.stderr.splitlines() == [f"Would fix {listed[0]}", *listed[1:], "Would fix 5 diagnostics."]
    assert run("--show-fixes", "--output-format", "json", ".").stdout.startswith("[")
    result = run("--fix", "--unsafe-fixes", "--show-fixes", ".")
    assert result.stdout.splitlines() == [
        f"Fixed {listed[0]}",
        *listed[1:],
        "Found 5 diagnostics (5 fixed, 0 remaining).",
    ]


def test_statistics_of_what_remains(project: Path) -> None:
    assert run("--fix", "--statistics", "-q", ".").stdout.splitlines() == [
        "1\tTST102\t[ ] unsafe-one",
        "1\tTST108\t[ ] caused-one",
    ]


# -- stdin


def test_fixed_stdin_goes_to_stdout_and_the_report_to_stderr(project: Path) -> None:
    result = run("--fix", "--output-format", "concise", "-", "--stdin-filename", "new.py", stdin=TEXT)
    assert (result.exit_code, result.stdout) == (1, FIXED)
    assert result.stderr.splitlines()[:2] == [
        "new.py:2:1: TST102 [unsafe-one] `risky` is called",
        "new.py:3:1: TST108 [caused-one] `worse` is called",
    ]
    assert result.stderr.splitlines()[2] == "Found 3 diagnostics (1 fixed, 2 remaining)."
    assert not (project / "new.py").exists()


def test_stdin_of_a_file_on_disk_leaves_that_alone(project: Path) -> None:
    result = run("--fix", "-q", "-", "--stdin-filename", "app.py", stdin="# first\nold(5)\nworse(6)\n")
    assert result.stdout == "# first\nnew(5)\nworse(6)\n"
    assert "3 | worse(6)" in result.stderr
    assert text(project) == TEXT


@pytest.mark.parametrize("content", [b"x = 1\r\n", b"", b"def f(:\n", b"\xff\xfe", b"\xef\xbb\xbfx = 1"])
def test_stdin_without_fixes_comes_back_as_it_is(project: Path, content: bytes) -> None:
    assert run("--fix", "-s", "-", stdin=content).stdout_bytes == content
    assert run("--fix-only", "-", stdin=content).stdout_bytes == content


def test_stdin_of_an_excluded_file_comes_back_as_it_is(project: Path) -> None:
    words = ("--fix", "--extend-exclude", "app.py", "--force-exclude", "-", "--stdin-filename", "app.py")
    result = run(*words, stdin=TEXT)
    assert (result.exit_code, result.stdout) == (0, TEXT)


def test_diff_of_stdin(project: Path) -> None:
    result = run("--diff", "-", "--stdin-filename", "app.py", stdin=TEXT)
    assert (result.exit_code, result.stdout) == (1, PATCH)
    assert result.stderr.startswith("Would fix 1 diagnostic")


def test_fix_of_stdin_that_needs_another_file_is_not_applied(project: Path) -> None:
    (project / "other.py").write_text("y = 1\n")
    result = run("--fix", "-q", "-", stdin="moved()\n")
    assert result.stdout == "moved()\n"
    assert text(project, "other.py") == "y = 1\n"


# -- configuration


def test_configuration_may_ask_for_fixes(project: Path) -> None:
    configure(project, "fix = true", "unsafe-fixes = true", "show-fixes = true")
    result = run("-q", ".")
    assert text(project) == ALL_FIXED
    assert "Fixed 2 diagnostics:\n" in result.stdout


@pytest.mark.parametrize("words", [("--no-fix",), ("--no-fix", "--unsafe-fixes")])
@pytest.mark.parametrize("line", ["fix = true", "fix-only = true"])
def test_the_command_line_may_forbid_what_the_configuration_asks_for(
    project: Path, line: str, words: tuple[str, ...]
) -> None:
    configure(project, line)
    run(*words, ".")
    assert text(project) == TEXT
    run("--fix-only", ".")
    assert text(project) == FIXED


def test_no_unsafe_fixes(project: Path) -> None:
    configure(project, "unsafe-fixes = true")
    result = run("--fix", "--no-unsafe-fixes", ".")
    assert text(project) == FIXED
    assert "--unsafe-fixes" not in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--unfixable", "TST1"), "old(1)\nneeds(2)\n"),
        (("--fixable", "TST101"), "new(1)\nneeds(2)\n"),
        (("--fixable", "safe-one", "--extend-fixable", "TST104"), "import helper\nnew(1)\nhelper.needs(2)\n"),
        (("--extend-fixable", "safe-one"), "new(1)\nneeds(2)\n"),
    ],
)
def test_fixable_rules(project: Path, words: tuple[str, ...], expected: str) -> None:
    configure(project, 'fixable = ["TST102"]')
    (project / "app.py").write_text("old(1)\nneeds(2)\n")
    run("--fix", *words, ".")
    assert text(project) == expected


def test_unknown_rules_are_refused(project: Path) -> None:
    for option in ("--fixable", "--unfixable", "--extend-fixable"):
        result = run("--fix", option, "TST999", ".")
        assert (result.exit_code, text(project)) == (2, TEXT)
        assert "unknown rule `TST999`" in result.stderr


def test_config_shows_the_new_keys(project: Path) -> None:
    configure(project, "fix = true", 'extend-fixable = ["TST1"]')
    lines = run("config").stdout.splitlines()
    assert f"fix = true  # {project / 'fastapi-lint.toml'}" in lines
    assert f'extend-fixable = ["TST1"]  # {project / "fastapi-lint.toml"}' in lines
    assert "unsafe-fixes = null  # default" in lines


# -- what a run without --fix says


def test_text_run_does_not_compute_fixes(project: Path) -> None:
    result = run("--output-format", "concise", ".")
    assert result.stdout.splitlines() == [
        "app.py:1:1: TST101 [safe-one] `old` is called",
        "app.py:2:1: TST102 [unsafe-one] `risky` is called",
        "app.py:3:1: TST108 [caused-one] `worse` is called",
        "Found 3 diagnostics (0 errors, 3 warnings, 0 info).",
        "2 may be fixable: `--diff` shows what `--fix` would do.",
    ]
    assert run("--statistics", "-q", ".").stdout.splitlines() == [
        "1\tTST101\t[?] safe-one",
        "1\tTST102\t[?] unsafe-one",
        "1\tTST108\t[ ] caused-one",
    ]


def test_full_output_marks_what_is_fixable(project: Path) -> None:
    result = run("--output-format", "full", ".")
    assert "warning[TST101] [*]: " in result.stdout
    assert "  = help: Repair safe-one (safe fix)\n" in result.stdout
    assert "warning[TST102]: " in result.stdout
    assert "  = help: Repair unsafe-one (unsafe fix)\n" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "[*] 1 fixable with the `--fix` option (1 hidden fix can be enabled with the `--unsafe-fixes` option)."
    )


def test_unsafe_fixes_count_as_fixable_where_they_are_wanted(project: Path) -> None:
    result = run("--unsafe-fixes", "--output-format", "concise", ".")
    assert result.stdout.splitlines()[1] == "app.py:2:1: TST102 [*] [unsafe-one] `risky` is called"
    assert result.stdout.splitlines()[-1] == "[*] 2 fixable with the `--fix` option."
    assert text(project) == TEXT


def test_unused_suppressions_are_marked_without_being_asked(project: Path) -> None:
    (project / "app.py").write_text("x = 1  # noqa: TST101\n")
    result = run("--output-format", "concise", ".")
    assert result.stdout.startswith("app.py:1:8: FAL002 [*] ")
    assert result.stdout.splitlines()[-1] == "[*] 1 fixable with the `--fix` option."
    assert run("--unfixable", "FAL002", "--output-format", "concise", ".").stdout.startswith("app.py:1:8: FAL002 [")


def test_json_has_fixes(project: Path) -> None:
    (project / "app.py").write_text("moved()\nworse(2)\n")
    (project / "other.py").write_text("y = 1\n")
    found = json.loads(run("--output-format", "json", ".").stdout)
    assert found[0]["fix"] == {
        "applicability": "safe",
        "message": "Repair multi-file-one",
        "edits": [
            {"content": "here()", "location": {"row": 1, "column": 1}, "end_location": {"row": 1, "column": 8}},
            {
                "content": "x = 1\n",
                "location": {"row": 1, "column": 1},
                "end_location": {"row": 1, "column": 1},
                "filename": "other.py",
            },
        ],
    }
    assert found[1]["fix"] is None


def test_sarif_has_fixes(project: Path) -> None:
    results = json.loads(run("--output-format", "sarif", ".").stdout)["runs"][0]["results"]
    assert [len(each.get("fixes", [])) for each in results] == [1, 1, 0]


def test_paths_of_edits_are_as_one_may_open_them(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "app").mkdir()
    (project / "app/main.py").write_text("moved()\n")
    (project / "app/other.py").write_text("y = 1\n")
    monkeypatch.chdir(project / "app")
    found = json.loads(run("--output-format", "json", "main.py").stdout)
    assert found[0]["fix"]["edits"][1]["filename"] == "other.py"


def test_files_are_opened_again_only_for_those_who_look_at_fixes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> object:
        raise RuntimeError("opened")

    monkeypatch.setattr(analysis, "Opener", refuse)
    for words in ((), ("--statistics",), ("--output-format", "concise"), ("--output-format", "github")):
        assert run(*words, ".").exit_code == 1
    for words in (("--fix",), ("--diff",), ("--unsafe-fixes",), ("--output-format", "json")):
        assert "RuntimeError: opened" in run(*words, ".").stderr


def test_what_blocks_in_a_file_beside_a_single_one_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing marks the project, and the command runs elsewhere."""
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    elsewhere.mkdir()
    (folder / "deep").mkdir(parents=True)
    app = "from fastapi import FastAPI\nfrom helper import nap\n\napp = FastAPI()\n\n\n"
    (folder / "app.py").write_text(f'{app}@app.get("/")\nasync def f():\n    nap()\n')
    (folder / "helper.py").write_text("import time\n\n\ndef nap():\n    time.sleep(1)\n")
    (folder / "deep" / "broken.py").write_text("(")
    monkeypatch.chdir(elsewhere)
    result = CliRunner().invoke(main, ["check", "--no-cache", "--output-format", "concise", str(folder / "app.py")])
    assert "FAL101" in result.output
    assert "broken" not in result.output


SLEEPS = """import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def route():
    return await load()


async def load():
    return requests.get("https://example.org", timeout=3)
"""


@pytest.mark.parametrize(
    ("name", "configuration", "expected"),
    [
        ("pyproject.toml", '[project]\nname = "shop"\nrequires-python = ">=3.8,<4"\n', "run_in_threadpool"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.8"\n', "run_in_threadpool"),
        ("pyproject.toml", '[project]\nname = "shop"\nrequires-python = ">=3.9"\n', "asyncio.to_thread"),
        ("pyproject.toml", '[project]\nname = "shop"\n', "asyncio.to_thread"),
        ("pyproject.toml", "[project\n", "asyncio.to_thread"),
        ("fastapi-lint.toml", 'target-version = "py38"\n', "run_in_threadpool"),
        ("fastapi-lint.toml", 'target-version = "py38"\noffload-style = "asyncio"\n', "asyncio.to_thread"),
        (
            "pyproject.toml",
            '[project]\nname = "shop"\nrequires-python = ">=3.8"\n[tool.fastapi-lint]\ntarget-version = "py312"\n',
            "asyncio.to_thread",
        ),
    ],
)
def test_fixes_run_on_the_oldest_python_of_the_project(
    name: str, configuration: str, expected: str, project: Path
) -> None:
    (project / "fastapi-lint.toml").unlink()
    (project / name).write_text(configuration)
    (project / "app.py").write_text(SLEEPS)
    isolated = ["--isolated"] if configuration == "[project\n" else []
    CliRunner().invoke(main, ["check", "app.py", "--fix", "--unsafe-fixes", "--select", "FAL102", *isolated])
    assert f"await {expected}(requests.get" in text(project, "app.py")
