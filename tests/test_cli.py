"""The command line, with the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from fastapi_lint import __version__, engine
from fastapi_lint.cli import main
from fastapi_lint.cli.app import OUTPUT_FORMATS
from fastapi_lint.cli.terminal import wants_colour
from fastapi_lint.config import OutputFormat

BAD = """\
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def index() -> None:
    time.sleep(1)
"""
GOOD = BAD.replace("time.sleep(1)", "pass").replace("import time\n\n", "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "FASTAPI_LINT_OUTPUT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "good.py").write_text(GOOD)
    return tmp_path


def run(*words: str, stdin: str | None = None) -> Result:
    # click before 8.2 mixes stderr into stdout unless told not to.
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**separate).invoke(main, list(words), input=stdin)


def shell(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastapi_lint", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


# -- what it reports and how it exits


def test_diagnostics_are_exit_code_1_on_stdout(project: Path) -> None:
    result = run("check", ".")
    assert result.exit_code == 1
    assert result.stdout.startswith("error[FAL101]")
    assert " --> bad.py:10:5\n" in result.stdout
    assert "\nFound 1 diagnostic (1 error, 0 warnings, 0 info).\n" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    "words", [(".",), ("check",), ("bad.py", "good.py"), ("--select", "FAL1", "."), ("-q", "bad.py")]
)
def test_bare_paths_and_options_mean_check(project: Path, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert "bad.py:10:5" in result.stdout


def test_clean(project: Path) -> None:
    result = run("good.py")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "All checks passed!\n", "")


def test_exit_zero(project: Path) -> None:
    result = run("--exit-zero", ".")
    assert result.exit_code == 0
    assert "FAL101" in result.stdout


def test_quiet_and_silent(project: Path) -> None:
    quiet, silent = run("-q", "--output-format", "concise", "."), run("-s", ".")
    assert len(quiet.stdout.splitlines()) == 1
    assert run("-q", "good.py").stdout == ""
    assert (silent.exit_code, silent.output) == (1, "")


def test_no_python_files(project: Path) -> None:
    (project / "empty").mkdir()
    result = run("empty")
    assert result.exit_code == 0
    assert result.stderr == "warning: no Python files found under the given paths\n"


def test_verbose_speaks_on_stderr(project: Path) -> None:
    result = run("-v", "--output-format", "json", ".")
    assert "checked 2 files" in result.stderr
    json.loads(result.stdout)


def test_statistics(project: Path) -> None:
    result = run("--statistics", ".")
    assert result.exit_code == 1
    assert result.stdout.startswith("1\tFAL101\t[")
    assert "bad.py" not in result.stdout


def test_output_formats_are_those_of_the_configuration() -> None:
    assert get_args(OutputFormat) == OUTPUT_FORMATS


def test_output_format_from_environment_and_command_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAPI_LINT_OUTPUT_FORMAT", "json")
    assert json.loads(run(".").stdout)[0]["code"] == "FAL101"
    assert run("--output-format", "github", ".").stdout.startswith("::error ")


def test_output_file(project: Path) -> None:
    result = run("--output-format", "json", "--output-file", "report.json", ".")
    assert (result.exit_code, result.output) == (1, "")
    assert json.loads((project / "report.json").read_text())[0]["filename"] == "bad.py"
    failed = run("--output-file", "missing/report.txt", ".")
    assert failed.exit_code == 2
    assert "missing/report.txt: No such file or directory" in failed.stderr


def test_unreadable_file_among_others_is_reported(project: Path) -> None:
    (project / "broken.py").write_text("def f(:\n")
    result = run("--output-format", "concise", ".")
    assert result.exit_code == 1
    assert "broken.py:1:" in result.stdout
    assert {"FAL001", "FAL101"} <= set(result.stdout.split())


def test_nothing_readable_is_exit_code_2(project: Path) -> None:
    (project / "broken.py").write_text("def f(:\n")
    result = run("broken.py")
    assert result.exit_code == 2
    assert "FAL001" in result.stdout


# -- options that select


def test_selection_options(project: Path) -> None:
    assert run("--select", "FAL2", ".").exit_code == 0
    assert run("--ignore", "blocking-sleep", ".").exit_code == 0
    assert run("--ignore", "FAL2,FAL3", "--ignore", "FAL4", ".").exit_code == 1
    assert run("--exclude", "bad.py", ".").exit_code == 0
    assert run("--extend-exclude", "good.py, bad.py", ".").exit_code == 0


def test_force_exclude_holds_for_named_files_and_stdin(project: Path) -> None:
    words = ("--extend-exclude", "bad.py", "--force-exclude")
    assert run("--extend-exclude", "bad.py", "bad.py").exit_code == 1
    assert run(*words, "bad.py").exit_code == 0
    assert run(*words, "-", "--stdin-filename", "bad.py", stdin=BAD).exit_code == 0


def test_configuration_is_found_and_isolated_ignores_it(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.fastapi-lint]\nignore = ["FAL101"]\n')
    assert run(".").exit_code == 0
    assert run("--isolated", ".").exit_code == 1
    (project / "other.toml").write_text('output-format = "concise"\n')
    assert run("--config", "other.toml", ".").stdout.startswith("bad.py:10:5: FAL101")


def test_suppression_comment(project: Path) -> None:
    (project / "bad.py").write_text(BAD.replace("sleep(1)", "sleep(1)  # noqa: FAL101"))
    assert run(".").exit_code == 0


def test_ignore_noqa(project: Path) -> None:
    (project / "bad.py").write_text(BAD.replace("sleep(1)", "sleep(1)  # noqa"))
    assert run(".").exit_code == 0
    assert run("--ignore-noqa", ".").exit_code == 1
    (project / "bad.py").write_text(BAD.replace("sleep(1)", "sleep(1)  # fastapi-lint: ignore"))
    assert run("--ignore-noqa", ".").exit_code == 0


def test_unused_suppression_is_reported(project: Path) -> None:
    (project / "good.py").write_text(f"{GOOD}    # noqa: FAL101\n")
    result = run("--output-format", "concise", "good.py")
    assert result.exit_code == 1
    assert "good.py:9:5: FAL002 [*] [unused-suppression] unused suppression: `FAL101`" in result.stdout


# -- stdin


def test_stdin(project: Path) -> None:
    result = run("-", "--stdin-filename", "app/new.py", "--output-format", "concise", stdin=BAD)
    assert result.exit_code == 1
    assert result.stdout.startswith("app/new.py:10:5: FAL101")
    assert run("-", stdin=GOOD).exit_code == 0


def test_stdin_stands_in_for_the_file_on_disk(project: Path) -> None:
    assert run("-", "--stdin-filename", "bad.py", stdin=GOOD).exit_code == 0
    result = run("-", "--stdin-filename", "good.py", stdin=f"# moved\n{BAD}")
    assert " --> good.py:11:5" in result.stdout
    assert "11 |     time.sleep(1)" in result.stdout


# -- what is wrong with the command line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere.py",), "nowhere.py: no such file or directory"),
        (("check", "--selct", "FAL1"), "--select"),
        (("chek",), "No such file, folder or command 'chek'. Did you mean 'check'?"),
        (("--select", "FAL999", "."), "command line: `select`: unknown rule `FAL999`"),
        (("--ignore", "blocking-slep", "."), "unknown rule `blocking-slep` (did you mean `blocking-sleep`?)"),
        (("--output-format", "xml", "."), "Invalid value for '--output-format'"),
        (("--per-file-ignores", "FAL101", "."), "`FAL101` is not of the form PATTERN:RULE"),
        (("-", "bad.py"), "`-` (stdin) cannot be combined with paths"),
        (("--stdin-filename", "a.py", "."), "--stdin-filename is for `-`"),
        (("--config", "none.toml", "."), "none.toml: No such file or directory"),
        (("--jobs", "0", "."), "Invalid value for '--jobs'"),
        (("rule", "FAL999"), "unknown rule `FAL999`"),
        (("rule", "blocking-slep"), "unknown rule `blocking-slep` (did you mean `blocking-sleep`?)"),
    ],
)
def test_usage_errors(project: Path, words: tuple[str, ...], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selekt = []", "fastapi-lint.toml: unknown key `selekt` (did you mean `select`?)"),
        ("select = [", "fastapi-lint.toml: invalid TOML"),
        ('ignore = ["FAL1001"]', "fastapi-lint.toml: `ignore`: unknown rule `FAL1001`"),
        ('plugins = ["no_such_package"]', "plugin `no_such_package` cannot be imported"),
    ],
)
def test_configuration_errors(project: Path, text: str, message: str) -> None:
    (project / "fastapi-lint.toml").write_text(text)
    result = run(".")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Internal error" not in result.stderr


def test_a_folder_named_like_a_misspelt_command_is_a_path(project: Path) -> None:
    (project / "chec").mkdir()
    (project / "chec/bad.py").write_text(BAD)
    assert run("chec").exit_code == 1


# -- crashes


def test_crash_is_exit_code_2_with_a_traceback_only_on_request(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> object:
        raise RuntimeError("boom")

    monkeypatch.setattr(engine, "check", crash)
    short, long = run("."), run("-v", ".")
    assert short.exit_code == long.exit_code == 2
    assert "Internal error: RuntimeError: boom" in short.stderr
    assert "please report it with the output of `--verbose`" in short.stderr
    assert "Traceback" not in short.output
    assert "Traceback" in long.stderr


def test_crash_inside_a_rule_is_exit_code_2_and_hides_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.check

    def partial(request: engine.CheckRequest, *_: object) -> engine.CheckResult:
        found = real(request).diagnostics
        error = "FAL999: Traceback (most recent call last):\n  File x\nKeyError: 'k'\n"
        return engine.CheckResult(diagnostics=found, files_checked=2, internal_errors=(error,))

    monkeypatch.setattr(engine, "check", partial)
    result = run("--exit-zero", ".")
    assert result.exit_code == 2
    assert "FAL101" in result.stdout
    assert "Internal error: FAL999: KeyError: 'k'" in result.stderr


def test_interrupt_is_neither_clean_nor_diagnostics(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "check", interrupt)
    assert run(".").exit_code == 130


# -- the other commands


def test_rule(project: Path) -> None:
    by_code, by_name = run("rule", "FAL101"), run("rule", "blocking-sleep")
    assert by_code.exit_code == 0
    assert by_code.stdout == by_name.stdout == run("rule", "fal101").stdout
    assert by_code.stdout.startswith("# blocking-sleep (FAL101)\n")
    assert "time.sleep" in by_code.stdout
    document = json.loads(run("rule", "FAL101", "--output-format", "json").stdout)
    assert (document["code"], document["name"], document["severity"]) == ("FAL101", "blocking-sleep", "error")


def test_rules(project: Path) -> None:
    rows = run("rules").stdout.splitlines()
    objects = json.loads(run("rules", "--output-format", "json").stdout)
    assert [row.split()[0] for row in rows] == [each["code"] for each in objects]
    assert any(row.startswith("FAL101  blocking-sleep ") for row in rows)


def test_config_shows_values_with_their_origin(project: Path) -> None:
    (project / "fastapi-lint.toml").write_text('select = ["FAL1"]\ninclude-tests = true\nsafe = ["acme.f"]\n')
    origin = project / "fastapi-lint.toml"
    lines = run("config").stdout.splitlines()
    assert f"# project root: {project}" in lines
    assert f'select = ["FAL1"]  # {origin}' in lines
    assert f"include-tests = true  # {origin}" in lines
    assert "force-exclude = false  # default" in lines
    assert f'libraries = ["configuration"]  # {origin}' in lines
    settings = json.loads(run("config", "--output-format", "json").stdout)["settings"]
    assert settings["include-tests"] == {"value": True, "origin": str(origin)}
    shown = run("check", "--show-settings", "--include-tests", "--cache-dir", "x").stdout
    assert "include-tests = true  # command line" in shown
    assert f'cache-dir = "{project}/x"  # command line' in shown


def test_show_files(project: Path) -> None:
    result = run("--show-files", ".")
    assert (result.exit_code, result.stdout) == (0, "bad.py\ngood.py\n")


def test_no_arguments_show_help_as_an_error() -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: fastapi-lint" in result.stderr


@pytest.mark.parametrize("words", [("--version",), ("-V",)])
def test_version(words: tuple[str, ...]) -> None:
    assert run(*words).stdout == f"fastapi-lint {__version__}\n"


# -- colours and pipes


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_colours_are_used(choice: str, environment: dict[str, str], terminal: bool, expected: bool) -> None:
    assert wants_colour(choice, environment, terminal) is expected


def test_colours_reach_the_output_but_never_a_file(project: Path) -> None:
    assert "\x1b[" in run("--color", "always", ".").stdout
    assert "\x1b[" not in run(".").stdout
    run("--color", "always", "--output-file", "report.txt", ".")
    assert "\x1b[" not in (project / "report.txt").read_text()


@pytest.mark.skipif(os.name == "nt", reason="no shell pipes as on POSIX")
def test_closed_pipe_is_quiet(project: Path) -> None:
    (project / "bad.py").write_text(BAD + "    time.sleep(1)\n" * 2000)
    command = f"{sys.executable} -m fastapi_lint --exit-zero . | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == ["0"]  # click alone would exit with 1


def test_terminal_that_cannot_show_a_character(project: Path) -> None:
    (project / "bad.py").write_text(BAD.replace("sleep(1)", "sleep(1)  # 日本"), encoding="utf-8")
    done = shell(".", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 1
    assert "\\u65e5" in done.stdout


def test_help_is_light() -> None:
    code = (
        "import sys; from fastapi_lint.cli import main\n"
        "try: main(['check', '--help'])\n"
        "except SystemExit: print(sorted({'libcst', 'msgspec', 'fastapi_lint.engine', 'pathspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "--select" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
