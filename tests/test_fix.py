"""Fixes in memory: which are applied, with which others, and which are dropped. The rules are those of `fix_rules`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastapi_lint import analysis, engine, workers
from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, CheckResult
from fastapi_lint.fix import Repaired, settling


def fix(
    folder: Path,
    files: dict[str, str | bytes],
    *,
    asked: tuple[str, ...] = (),
    unsafe: bool = False,
    **overrides: Any,
) -> Repaired[CheckResult]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    options = {"plugins": ["fix_rules"], "select": ["TST", "FAL0"], "cache": False, **overrides}
    settings = load_settings([folder], folder, isolated=True, overrides=options)
    paths = tuple(folder / name for name in asked) or (folder,)
    return engine.fix(CheckRequest(paths, settings, folder), unsafe)


def fixed(folder: Path, text: str | bytes, **options: Any) -> bytes:
    """What becomes of one file."""
    return content(folder, fix(folder, {"app.py": text}, **options))


def content(folder: Path, repaired: Repaired[CheckResult], name: str = "app.py") -> bytes:
    for change in repaired.changes:
        if change.filename == str(folder / name):
            return change.after
    return (folder / name).read_bytes()


def notes(folder: Path, repaired: Repaired[CheckResult]) -> list[str]:
    return [note.replace(f"{folder}/", "") for note in repaired.notes]


# -- which fixes


def test_safe_fixes_are_applied_unsafe_ones_on_request_and_display_ones_never(tmp_path: Path) -> None:
    text = "old(1)\nrisky(2)\nlook(3)\n"
    assert fixed(tmp_path, text) == b"new(1)\nrisky(2)\nlook(3)\n"
    assert fixed(tmp_path, text, unsafe=True) == b"new(1)\ncalm(2)\nlook(3)\n"


def test_what_remains_keeps_its_fix(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "old(1)\nrisky(2)\nlook(3)\n"})
    assert [(each.code, each.fix is not None) for each in repaired.diagnostics] == [("TST102", True), ("TST103", True)]
    assert [(each.code, each.count) for each in repaired.fixed] == [("TST101", 1)]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"unfixable": ["TST101"]}, b"old(1)\nhelper.needs(2)\n"),
        ({"fixable": ["TST104"]}, b"old(1)\nhelper.needs(2)\n"),
        ({"fixable": ["TST104"], "extend-fixable": ["safe-one"]}, b"new(1)\nhelper.needs(2)\n"),
        ({"fixable": ["ALL"], "unfixable": ["TST"]}, b"old(1)\nneeds(2)\n"),
        ({"select": ["TST104"]}, b"old(1)\nhelper.needs(2)\n"),
    ],
)
def test_settings_say_which_rules_are_fixed(tmp_path: Path, overrides: dict[str, Any], expected: bytes) -> None:
    repaired = fix(tmp_path, {"app.py": "old(1)\nneeds(2)\n"}, **overrides)
    assert content(tmp_path, repaired).removeprefix(b"import helper\n") == expected
    assert all(each.fix is None for each in repaired.diagnostics)
    assert repaired.notes == ()


def test_suppressed_diagnostics_are_not_fixed(tmp_path: Path) -> None:
    text = b"old(1)  # noqa: TST101\nold(2)  # fastapi-lint: ignore[safe-one] -- a reason\n"
    assert fixed(tmp_path, text) == text


def test_unused_suppressions_are_removed_and_lines_stay_sane(tmp_path: Path) -> None:
    text = (
        "old(1)  # noqa: TST101, TST102\n"
        "fine()  # noqa: TST101\n"
        "fine()  # type: ignore  # noqa: TST101\n"
        "# ruff: noqa: TST102\n"
        "if x:\n"
        "    # fastapi-lint: ignore[safe-one] -- gone\n"
        "    fine()  # noqa: E501, TST101 # fastapi-lint: ignore[safe-one]\n"
    )
    assert fixed(tmp_path, text) == (
        b"old(1)  # noqa: TST101\nfine()\nfine()  # type: ignore\nif x:\n    fine()  # noqa: E501\n"
    )


def test_suppressions_that_had_no_try_are_not_judged(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "broken.py": "def f(:  # noqa: TST101\n",
        "tests/test_app.py": "fine()  # noqa: TST101\n",
    }
    repaired = fix(tmp_path, files)
    assert repaired.changes == ()
    assert [each.code for each in repaired.diagnostics] == ["FAL001"]


# -- several fixes


def test_an_import_that_several_fixes_want_is_inserted_once(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "needs(1)\nneeds(2)\n"})
    assert content(tmp_path, repaired) == b"import helper\nhelper.needs(1)\nhelper.needs(2)\n"
    assert sum(each.count for each in repaired.fixed) == 2


def test_fixes_that_overlap_take_one_round_each(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "x = outer(outer(outer(old(1))))\n"})
    assert content(tmp_path, repaired) == b"x = new(1)\n"
    assert {each.code: each.count for each in repaired.fixed} == {"TST114": 3, "TST101": 1}


def test_fixes_in_several_files(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"a.py": "old(1)\n", "b.py": "x = 1\n", "c.py": "old(2)\nold(3)\n"})
    assert [(Path(change.filename).name, change.after) for change in repaired.changes] == [
        ("a.py", b"new(1)\n"),
        ("c.py", b"new(2)\nnew(3)\n"),
    ]
    assert [each.count for each in repaired.fixed] == [1, 2]


def test_each_round_checks_only_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = workers.extract_all

    def spy(jobs: list[Any], *rest: Any) -> Any:
        seen.append([job.key for job in jobs])
        return real(jobs, *rest)

    monkeypatch.setattr(analysis, "extract_all", spy)
    fix(tmp_path, {"a.py": "old(1)\n", "b.py": "x = 1\n", "c.py": "outer(old(2))\n"})
    assert seen == [["a.py", "b.py", "c.py"], ["a.py", "c.py"], ["c.py"]]


def test_nothing_to_do_takes_one_check(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "risky(1)\n"})
    assert (repaired.changes, repaired.fixed, repaired.notes) == ((), (), ())


# -- fixes of several files


def test_a_fix_of_two_files_is_applied_to_both(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "moved()\n", "other.py": "y = 1\n"})
    assert content(tmp_path, repaired) == b"here()\n"
    assert content(tmp_path, repaired, "other.py") == b"x = 1\ny = 1\n"


@pytest.mark.parametrize("files", [{"other.py": "y = 1\n"}, {}, {"other.py": b"\xff\xfe"}])
def test_a_fix_that_needs_another_file_is_not_applied_without_it(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    asked = ("app.py", *(name for name in files if isinstance(files[name], bytes)))
    repaired = fix(tmp_path, {"app.py": "moved()\nold(1)\n", **files}, asked=asked)
    assert content(tmp_path, repaired) == b"moved()\nnew(1)\n"
    assert len(repaired.changes) == 1
    (note,) = notes(tmp_path, repaired)
    assert note.startswith("app.py:1:1: TST105 was not fixed: it takes a change of ")
    assert "other.py`, which was not asked for" in note


def test_files_that_were_not_asked_for_stay_as_they_are(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "old(1)\n", "other.py": "old(2)\n"}, asked=("app.py",))
    assert [Path(change.filename).name for change in repaired.changes] == ["app.py"]


# -- fixes that do harm


@pytest.mark.parametrize(
    ("call", "code", "reason"),
    [
        ("fragile(1)", "TST106", "the result would not compile"),
        ("bad(1)", "TST107", "TST108 would appear in `app.py`"),
        ("noop(1)", "TST111", "it would still be reported"),
        ("chatty(  # important\n    1\n)", "TST112", "a comment would be lost"),
        ("wait(1)", "TST115", "the result would not compile"),
        ("far(1)", "TST116", "an edit lies outside of the file"),
        ("tick(1)", "TST109", "fixes of TST109 lead to more of them without end"),
        ("grow(1)", "TST110", "fixes of TST110 lead to more of them without end"),
    ],
)
def test_harmful_fixes_are_dropped_and_the_others_applied(tmp_path: Path, call: str, code: str, reason: str) -> None:
    repaired = fix(tmp_path, {"app.py": f"old(1)\n\n\n{call}\n\n\nold(2)\n", "other.py": "old(3)\n"})
    assert content(tmp_path, repaired) == f"new(1)\n\n\n{call}\n\n\nnew(2)\n".encode()
    assert content(tmp_path, repaired, "other.py") == b"new(3)\n"
    assert notes(tmp_path, repaired) == [f"app.py:4:1: {code} was not fixed: {reason}"]
    assert [(each.code, each.fix) for each in repaired.diagnostics] == [(code, None)]


def test_harmful_fixes_among_harmless_ones_of_the_same_rule_are_found(tmp_path: Path) -> None:
    lines = ["wait(1)"] * 3 + ["async def f():", "    wait(2)", "", "wait(3)", "old(4)"]
    repaired = fix(tmp_path, {"app.py": "\n".join([*lines, ""])})
    assert content(tmp_path, repaired).decode().splitlines() == [
        *["wait(1)"] * 3, "async def f():", "    await ready(2)", "", "wait(3)", "new(4)",
    ]  # fmt: skip
    assert len(repaired.notes) == 4


def test_a_place_that_was_hidden_by_the_repaired_one_is_no_harm(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "x.first()\nold(1)\n", "other.py": "x.first()\n\n\nx.first()\n"})
    assert content(tmp_path, repaired) == b"done()\nnew(1)\n"
    assert content(tmp_path, repaired, "other.py") == b"done()\n\n\ndone()\n"
    assert (repaired.diagnostics, repaired.notes) == ((), ())


def test_a_suppression_that_becomes_unused_is_removed_and_no_harm(tmp_path: Path) -> None:
    assert fixed(tmp_path, "sweep()\nold(1)  # noqa: TST101\n") == b"swept()\nnew(1)\n"


def test_dropped_fixes_are_not_tried_again_when_lines_move(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "needs(1)\nbad(1)\nx = outer(outer(2))\n"})
    assert content(tmp_path, repaired) == b"import helper\nhelper.needs(1)\nbad(1)\nx = 2\n"
    assert notes(tmp_path, repaired) == ["app.py:3:1: TST107 was not fixed: TST108 would appear in `app.py`"]


def test_a_crash_in_a_fix_hides_nothing(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": "crash()\nold(1)\n"})
    assert content(tmp_path, repaired) == b"crash()\nnew(1)\n"
    assert [each.code for each in repaired.diagnostics] == ["TST113"]
    assert len(repaired.result.internal_errors) == 1
    assert "RuntimeError: no idea" in repaired.result.internal_errors[0]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many diagnostics each check of the project found."""
    counted: list[int] = []
    real = engine._Run.check

    def count(self: Any, *arguments: Any) -> CheckResult:
        result = real(self, *arguments)
        counted.append(len(result.diagnostics))
        return result

    monkeypatch.setattr(engine._Run, "check", count)
    return counted


def test_harm_that_shows_on_the_lines_of_its_fix_costs_one_more_check(tmp_path: Path, checks: list[int]) -> None:
    repaired = fix(tmp_path, {"app.py": "bad(1)\nold(1)\nnoop(1)\n" * 100})
    assert content(tmp_path, repaired) == b"bad(1)\nnew(1)\nnoop(1)\n" * 100
    assert len(repaired.notes) == 200
    assert len(checks) == 1 + 2 + 1  # at first, in the first round, and the dropped ones once more


def test_many_harmful_fixes_do_not_take_for_ever(
    tmp_path: Path, checks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their harm shows in another file."""
    monkeypatch.setattr(settling, "_MOST_CHECKS", 15)
    files: dict[str, str | bytes] = {"app.py": "x = 1\n" * 60 + "old(1)\n", "cause.py": "cause()\n" * 50}
    repaired = fix(tmp_path, files)
    assert content(tmp_path, repaired).endswith(b"new(1)\n")
    assert content(tmp_path, repaired, "cause.py") == b"cause()\n" * 50
    assert len(checks) <= 1 + 2 * 2 * 15
    assert len(repaired.notes) == 50
    assert all(note.endswith("TST121 was not fixed: too many fixes of this run do harm") for note in repaired.notes)


@pytest.mark.parametrize("position", [0, 3, 7])
def test_the_one_whose_harm_shows_elsewhere_is_found(tmp_path: Path, checks: list[int], position: int) -> None:
    calls = ["old()"] * 8
    calls[position] = "cause()"
    repaired = fix(tmp_path, {"app.py": "x = 1\n", "cause.py": "\n\n".join([*calls, ""])})
    assert content(tmp_path, repaired, "cause.py").decode().split() == [
        "cause()" if number == position else "new()" for number in range(8)
    ]
    assert len(checks) <= 12


# -- what stays as it is, byte for byte

CHANGED = [
    ("crlf", b"old(1)\r\nx = 1\r\n", b"new(1)\r\nx = 1\r\n"),
    ("cr", b"old(1)\rx = 1\r", b"new(1)\rx = 1\r"),
    ("mixed", b"old(1)\r\nx = 1\ny = 2\r\n", b"new(1)\r\nx = 1\ny = 2\r\n"),
    ("no final newline", b"x = 1\nold(1)", b"x = 1\nnew(1)"),
    ("bom", b"\xef\xbb\xbfold(1)\n", b"\xef\xbb\xbfnew(1)\n"),
    ("bom and import", b"\xef\xbb\xbfneeds(1)\n", b"\xef\xbb\xbfimport helper\nhelper.needs(1)\n"),
    ("tabs", b"if x:\n\told(1)\n\tif y:\n\t\told( 2 )\t\n", b"if x:\n\tnew(1)\n\tif y:\n\t\tnew( 2 )\t\n"),
    ("form feed", b"x = 1\n\x0c\nold(1)\n\x0cold(2)\n", b"x = 1\n\x0c\nnew(1)\n\x0cnew(2)\n"),
    ("latin-1", b"# coding: latin-1\ns = '\xe9'; old(1)\n", b"# coding: latin-1\ns = '\xe9'; new(1)\n"),
    ("cp1252", b"#!x\n# -*- coding: cp1252 -*-\nold('\x80')\n", b"#!x\n# -*- coding: cp1252 -*-\nnew('\x80')\n"),
    ("astral", "s = '😀é'; old(1)\n".encode(), "s = '😀é'; new(1)\n".encode()),
    ("separators", "s = '''\u2028\x85\x1c'''; old(1)\n".encode(), "s = '''\u2028\x85\x1c'''; new(1)\n".encode()),
    ("trailing blanks", b"old(1)  \n   \n\n\n", b"new(1)  \n   \n\n\n"),
    ("continuation", b"x = \\\n  old(1)\n", b"x = \\\n  new(1)\n"),
    ("inserted lines are crlf", b"x = 1\r\nline()\r\n", b"x = 1\r\nbefore()\r\nafter()\r\n"),
    ("inserted lines are cr", b"x = 1\rline()\r", b"x = 1\rbefore()\rafter()\r"),
    ("inserted lines in a mixture", b"x = 1\r\nline()\n", b"x = 1\r\nbefore()\nafter()\n"),
    ("inserted line without any", b"line()", b"before()\nafter()"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED])
def test_nothing_but_the_edits_changes(tmp_path: Path, before: bytes, after: bytes) -> None:
    assert fixed(tmp_path, before) == after


def test_what_the_encoding_cannot_hold_is_not_written(tmp_path: Path) -> None:
    repaired = fix(tmp_path, {"app.py": b"# coding: latin-1\nkanji()\nold('\xe9')\n"})
    assert content(tmp_path, repaired) == b"# coding: latin-1\nkanji()\nnew('\xe9')\n"
    assert notes(tmp_path, repaired) == [
        "app.py:2:1: TST117 was not fixed: the file's encoding, latin-1, cannot hold it"
    ]


def test_an_encoding_that_does_not_come_back_is_left_alone(tmp_path: Path) -> None:
    before = b"# coding: utf-7\ns = '+2D3eAA-'; t = '+AGEAYg-'; old(1)\n"
    repaired = fix(tmp_path, {"app.py": before})
    assert content(tmp_path, repaired) == before
    assert "utf-7 without other changes" in repaired.notes[0]
