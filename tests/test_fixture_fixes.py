"""The fixes of every case in `tests/fixtures`: each is applied, nothing breaks or appears, and a second run rests."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fixture_cases import case_id, cases_in, parses, rule_folders, selection

from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.engine import CheckResult
from fastapi_lint.fix import Repaired
from fastapi_lint.testing import fix_case, run_case


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("folder", rule_folders(), ids=lambda folder: folder.name)
def test_fixes_of_the_cases(folder: Path, unsafe: bool, tmp_path: Path) -> None:
    found = {
        case_id(case): problems
        for case in cases_in(folder)
        if case.name.startswith("report_") and (problems := list(_problems(case, unsafe, tmp_path)))
    }
    assert found == {}


def _problems(case: Path, unsafe: bool, folder: Path) -> Iterator[str]:
    repaired = fix_case(case, selection(case), unsafe)
    yield from repaired.result.internal_errors
    yield from repaired.notes
    if not repaired.changes:
        return
    copy = _written(case, repaired, folder)
    for change in repaired.changes:
        file = folder / case.parent.name / Path(change.filename).relative_to(case.parent)
        if parses(Path(change.filename)) and not parses(file):
            yield f"does not compile: {change.after.decode()}"
    before, after = _codes(run_case(case, selection(case)).diagnostics), _codes(repaired.diagnostics)
    yield from (f"new: {code}" for code in (after - before).elements())
    again = fix_case(copy, selection(copy), unsafe)
    yield from (f"not stable: {change.after.decode()}" for change in again.changes)


def _codes(diagnostics: Iterable[Diagnostic]) -> Counter[str]:
    return Counter(each.code for each in diagnostics)


def _written(case: Path, repaired: Repaired[CheckResult], folder: Path) -> Path:
    """A copy of the case with its files fixed."""
    copy = folder / case.parent.name / case.name
    copy.parent.mkdir(exist_ok=True)
    if case.is_dir():
        shutil.copytree(case, copy, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(case, copy)
    for change in repaired.changes:
        (copy.parent / Path(change.filename).relative_to(case.parent)).write_bytes(change.after)
    return copy
