"""The examples in the rules' docstrings: fixing the bad one gives the good one."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, fixed_to_the_end
from rule_facts import RULES, examples

from fastapi_lint.registry import RuleInfo

REPAIRED = [info for info in RULES if info.fix != "none" and (info.code.startswith("FAL1") or info.code == "FAL304")]


def _code(info: RuleInfo) -> str:
    return info.code


@pytest.mark.parametrize("info", REPAIRED, ids=_code)
def test_fixing_bad_gives_good(info: RuleInfo) -> None:
    for bad in examples(info, "Example"):
        good = fixed_to_the_end(bad, [info.code])
        assert good in examples(info, "Use instead")
        assert Repaired({"app.py": good}, [info.code]).found == []
