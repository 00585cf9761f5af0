"""Fixing an app must not change what it does, and must end its stalls."""

from pathlib import Path

import pytest
from harness import Case, all_cases, check
from selection import is_chosen

pytestmark = pytest.mark.slow


CASES = [pytest.param(case, id=case.name) for case in all_cases() if is_chosen(case.name)]


@pytest.mark.parametrize("case", CASES)
def test_the_fixed_app_does_the_same(case: Case, tmp_path: Path) -> None:
    outcome = check(case, tmp_path)
    assert not outcome.problems, "\n".join(outcome.problems)
