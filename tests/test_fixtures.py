"""Every case in `tests/fixtures`: exactly what its comments expect, and `# noqa` silences it."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from fixture_cases import all_cases, body, case_id, faults, parses, selection

from fastapi_lint.testing import case_files, expectations, reported, run_case

CASES = all_cases()
REPORTING = [case for case in CASES if case.name.startswith("report_")]


def test_there_are_cases() -> None:
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Path) -> None:
    result = run_case(case, selection(case))
    assert result.internal_errors == ()
    expected, found = expectations(case), reported(case, result.diagnostics)
    assert (sorted(expected - found), sorted(found - expected)) == ([], []), "missed alarms, false alarms"


@pytest.mark.parametrize("case", REPORTING, ids=case_id)
def test_noqa_silences_each_line(case: Path, tmp_path: Path) -> None:
    """With FAL002 on, a comment that silenced nothing would be reported itself."""
    copy = tmp_path / case.parent.name / case.name
    copy.parent.mkdir()
    if case.is_dir():
        shutil.copytree(case, copy, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(case, copy)
    for file in case_files(copy):
        file.write_bytes(file.read_bytes().replace(b"# expect: FAL", b"# noqa: FAL"))
    assert reported(copy, run_case(copy, (*selection(case), "FAL002")).diagnostics) == set()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case_is_not_sloppy(case: Path) -> None:
    assert list(faults(case)) == []


def test_no_two_cases_are_the_same() -> None:
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for case in CASES:
        files = case_files(case)
        if all(parses(file) for file in files):
            seen[_bodies(files)].append(case_id(case))
    assert [names for names in seen.values() if len(names) > 1] == []


def _bodies(files: list[Path]) -> tuple[str, ...]:
    try:
        return tuple(body(file) for file in files)
    except SyntaxError:  # newer than this interpreter
        return tuple(file.read_text(encoding="utf-8") for file in files)


SLOPPY = {
    "report_nothing.py": '"""Says what."""\nx = 1\n',
    "report_other.py": '"""Says what."""\nx = 1  # expect: FAL102\n',
    "silent_but_not.py": '"""Says what."""\nx = 1  # expect: FAL101\n',
    "silent_without_docstring.py": "x = 1\n",
    "silent_broken.py": '"""Says what."""\nx = = 1\n',
    "misnamed.py": '"""Says what."""\nx = 1\n',
}


@pytest.mark.parametrize("name", SLOPPY)
def test_sloppy_cases_are_refused(name: str, tmp_path: Path) -> None:
    case = tmp_path / "FAL101" / name
    case.parent.mkdir()
    case.write_text(SLOPPY[name], encoding="utf-8")
    assert list(faults(case))
