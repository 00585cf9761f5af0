"""Trees built without validation are the trees that LibCST builds."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from fastapi_lint.extract import cheap_nodes

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    [
        *(ROOT / "fastapi_lint").rglob("*.py"),
        *(ROOT / "rules").glob("*.py"),
        *(ROOT / "tests" / "fixtures" / "FAL101").rglob("*.py"),
    ]
)


def test_the_shortcut_works_with_the_installed_libcst() -> None:
    assert len(cheap_nodes._builders()) > 100


def test_trees_are_equal_in_depth() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert cheap_nodes.parse_module(text).deep_equals(cst.parse_module(text)), path


def test_the_classes_are_put_back() -> None:
    kinds = dict(vars(cst))
    cheap_nodes.parse_module("x = 1")
    with pytest.raises(cst.ParserSyntaxError):
        cheap_nodes.parse_module("x = = 1")
    assert dict(vars(cst)) == kinds


def test_the_normal_way_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cheap_nodes, "_builders", dict)
    assert cheap_nodes.parse_module("x = 1").deep_equals(cst.parse_module("x = 1"))
