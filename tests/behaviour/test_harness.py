"""The suite itself: the apps do what they say without any fixer, right fixes pass, wrong ones do not."""

import ast
import sys
from pathlib import Path

import harness
import pytest
from hand_fixes import RIGHT, WRONG, HandFix, Wrong
from harness import Case, all_cases, check, copy_app, differences, drive, drive_until, load_case, stall_problems
from selection import EVERY_RUN, SOME_HAND_FIXES, is_chosen

CASES = {case.name: case for case in all_cases()}
RIGHT_HERE = [name for name in RIGHT if is_chosen(name, SOME_HAND_FIXES)]
WRONG_HERE = [wrong for wrong in WRONG if is_chosen(wrong.app, SOME_HAND_FIXES)]
TWICE_HERE = [case for case in CASES.values() if is_chosen(case.name, SOME_HAND_FIXES)]


def test_every_app_says_what_it_is_about() -> None:
    for case in CASES.values():
        docstring = ast.get_docstring(ast.parse((case.folder / "app.py").read_bytes())) or ""
        said = {True: "Must change", False: "May change"}[case.must_change]
        if case.must_not_change:
            said = "Must not change"
        assert said in docstring, f"{case.name}: {said!r} is not in its docstring"


def test_there_are_hand_fixes_of_known_apps_only() -> None:
    assert RIGHT.keys() == {case.name for case in CASES.values() if case.must_change}
    assert {wrong.app for wrong in WRONG} <= CASES.keys()
    assert CASES.keys() >= EVERY_RUN | SOME_HAND_FIXES


@pytest.mark.slow
@pytest.mark.parametrize("case", TWICE_HERE, ids=lambda case: case.name)
def test_the_original_does_the_same_twice(case: Case, tmp_path: Path) -> None:
    project = copy_app(case, tmp_path)
    first = drive_until(project, case, stalled=True)
    assert first.get("startup") == "lifespan.startup.complete", first
    assert not differences(case, first, drive(project, case))
    assert not stall_problems(case, first, stalled=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT_HERE)
def test_a_right_fix_passes(name: str, tmp_path: Path) -> None:
    outcome = check(CASES[name], tmp_path, HandFix(RIGHT[name]))
    assert not outcome.problems, "\n".join(outcome.problems)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG_HERE, ids=lambda wrong: f"{wrong.app}: {wrong.why}")
def test_a_wrong_fix_is_found(wrong: Wrong, tmp_path: Path) -> None:
    problems = "\n".join(check(CASES[wrong.app], tmp_path, HandFix(wrong.edits)).problems)
    assert wrong.complaint in problems.partition("the fix was:")[0], problems


def test_what_must_not_change_is_compared_byte_by_byte(tmp_path: Path) -> None:
    case = CASES["own_modules"]
    problems = check(case, tmp_path, HandFix([("clock.py:for tests", "for  tests")])).problems
    assert problems[0].startswith("clock.py must not change")


def test_a_fixer_has_to_come_to_an_end(tmp_path: Path) -> None:
    def restless(paths: list[Path]) -> None:
        app = paths[0] / "app.py"
        app.write_text(app.read_text() + "# more\n")

    assert "a second run changes more" in check(CASES["response_types"], tmp_path, restless).problems


def test_a_fixer_that_crashes_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAPI_LINT_COMMAND", f'"{Path(sys.executable).as_posix()}" -c "raise SystemExit(2)"')
    assert check(CASES["response_types"], tmp_path).problems == ["exit code 2: "]


def test_a_case_with_a_typo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text('must_chnge = true\nsteps = [{path = "/"}]\n')
    with pytest.raises(ValueError, match="must_chnge"):
        load_case(tmp_path)


@pytest.mark.parametrize(
    ("was", "now", "complaint"),
    [
        (b"\xef\xbb\xbfx = 1\n", b"x = 2\n", "byte order mark"),
        (b"x = 1\n", b"x = 2", "final newline"),
        (b"x = 1", b"x = 2\n", "final newline"),
        (b"x = 1\r\ny = 1\r\n", b"x = 1\ny = 2\r\n", "line ending changed"),
        (b"x = 1\r\ny = 1\r\n", b"x = 1\r\ny = 1\r\nz = 1\n", "foreign line ending"),
        (b"if 1:\n\tx = 1\n", b"if 1:\n    x = 2\n", "spaces in a file with tabs"),
        (b"x = 1  # one\n", b"x = 2\n", "comments lost: ['one']"),
        (b"x = 1  # noqa: FAL101, E501\n", b"x = 1\n", "comments lost: ['noqa: E501']"),
        (b"x = 1\n", b"import time\nx = 1\n", "nothing uses: ['time']"),
        (b"x = 1\n", b"x = (\n", "does not compile"),
        (b"x = 1\n", b"x = await y\n", "does not compile"),
    ],
)
def test_a_fix_that_spoils_text_is_found(was: bytes, now: bytes, complaint: str) -> None:
    assert any(complaint in problem for problem in harness.text_problems("app.py", was, now, set()))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b"x = 1  # noqa: FAL101\n", b"x = 1\n"),
        (b"x = 1  # type: ignore  # noqa: FAL101\n", b"x = 1  # type: ignore\n"),
        (b"import time\n", b"import asyncio\nasyncio.sleep\n"),
        (b"import time\r\ny = 1\n", b"import asyncio\r\ny = asyncio\n"),
    ],
)
def test_a_fix_that_spoils_nothing_passes(was: bytes, now: bytes) -> None:
    assert harness.text_problems("app.py", was, now, set()) == []
