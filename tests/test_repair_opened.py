"""Opened files know every expression, its place and its parent."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from syntax_samples import VALID

from fastapi_lint.diagnostic import Applicability
from fastapi_lint.repair.opened import Change, OpenedFile


def _expressions(wrapper: MetadataWrapper) -> Iterator[tuple[str, str, tuple[int, int, int, int]]]:
    positions: Any = wrapper.resolve(PositionProvider)
    parents: Any = wrapper.resolve(ParentNodeProvider)
    for node, place in positions.items():
        if isinstance(node, cst.BaseExpression):
            where = (place.start.line, place.start.column + 1, place.end.line, place.end.column + 1)
            yield type(node).__name__, type(parents[node]).__name__, where


@pytest.mark.parametrize("name", [name for name in VALID if name != "deep"])  # LibCST's own way would recurse too deep
def test_same_as_libcst(name: str) -> None:
    text = dedent(VALID[name])
    try:
        wrapper = MetadataWrapper(cst.parse_module(text))
    except cst.ParserSyntaxError:
        pytest.skip("newer than this LibCST")
    opened = OpenedFile("app.py", text.encode())
    found = set()
    for node in opened.nodes:
        if isinstance(node, cst.BaseExpression):
            place = opened.place(node)
            where = (place.row, place.column, place.end_row, place.end_column)
            found.add((type(node).__name__, type(opened.parent(node)).__name__, where))
    assert found == set(_expressions(wrapper))


def _text(changes: list[Change]) -> list[tuple[int, int, str]] | None:
    opened = OpenedFile("app.py", b"import time\nx = 1  # one\n")
    fix = opened.fix(Applicability.SAFE, "", changes)
    return None if fix is None else [(e.location.row, e.location.column, e.content) for e in fix.edits]


def test_changes_that_meet() -> None:
    assert _text([Change(3, 5, "a"), Change(4, 6, "b")]) is None
    assert _text([Change(3, 5, "a"), Change(3, 5, "a")]) == [(1, 4, "a")]
    assert _text([Change(3, 3, "b"), Change(3, 3, "a")]) == [(1, 4, "ab")]
    assert _text([Change(0, 0, "import asyncio\n"), Change(0, 12, "")]) == [(1, 1, "import asyncio\n"), (1, 1, "")]
    assert _text([Change(11, 11, "\nimport os"), Change(0, 12, "")]) == [(1, 1, "import os\n")]
    assert _text([]) is None


def test_comments_stay() -> None:
    assert _text([Change(12, 25, "y = 1\n")]) is None
    assert _text([Change(12, 25, "y = 1  # one\n")]) == [(2, 1, "y = 1  # one\n")]
