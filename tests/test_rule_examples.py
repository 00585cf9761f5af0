"""The examples in the rules' docstrings: the bad one gives exactly its code, the good one nothing from any rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from rule_facts import ENGINE_RULES, RULES, examples

from fastapi_lint.config import load_settings
from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.engine import CheckRequest, check
from fastapi_lint.registry import RuleInfo

DOCUMENTED = [info for info in RULES if info.code not in ENGINE_RULES]


def _code(info: RuleInfo) -> str:
    return info.code


def _lint(source: str, folder: Path, extend_select: tuple[str, ...] = ()) -> tuple[Diagnostic, ...]:
    overrides = {"extend-select": list(extend_select), "cache": False}
    settings = load_settings([folder], folder, isolated=True, overrides=overrides)
    result = check(CheckRequest((), settings, folder, ("example.py", source.encode())))
    assert result.internal_errors == ()
    return result.diagnostics


@pytest.mark.parametrize("info", DOCUMENTED, ids=_code)
def test_example_gives_exactly_its_code(info: RuleInfo, tmp_path: Path) -> None:
    blocks = examples(info, "Example")
    assert blocks
    wanted = () if info.default else (info.code,)
    for block in blocks:
        compile(block, info.code, "exec", dont_inherit=True)
        assert {each.code for each in _lint(block, tmp_path, wanted)} == {info.code}


@pytest.mark.parametrize("info", DOCUMENTED, ids=_code)
def test_use_instead_gives_nothing(info: RuleInfo, tmp_path: Path) -> None:
    blocks = examples(info, "Use instead")
    assert blocks
    for block in blocks:
        compile(block, info.code, "exec", dont_inherit=True)
        assert _lint(block, tmp_path, ("ALL",)) == ()


@pytest.mark.parametrize("info", DOCUMENTED, ids=_code)
def test_messages_read_well(info: RuleInfo, tmp_path: Path) -> None:
    """They go on from `file:row:column: FAL101`: no capital, no full stop, and something to look for in backticks."""
    for block in examples(info, "Example"):
        for each in _lint(block, tmp_path, (info.code,)):
            assert each.message[0] == "`" or each.message[0].islower(), each.message
            assert not each.message.endswith((".", "!", " ")), each.message
            assert "\n" not in each.message
            assert each.message.count("`") % 2 == 0, each.message
            assert "`" in each.message, each.message
