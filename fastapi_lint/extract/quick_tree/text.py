"""A file's text under Python's own tree: segments, places, and pieces that LibCST parses."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import libcst as cst

from fastapi_lint.extract.cheap_nodes import parse_module
from fastapi_lint.extract.positions import offsets
from fastapi_lint.facts import Place
from fastapi_lint.source import SourceFile

_TITLE = re.compile(r"(?:async[\s\\]+)?(?:def|class)[\s\\]+")


class NotQuick(Exception):  # noqa: N818 - a way out, no error
    """Something here may not come out as LibCST's parser would give it."""


class Text:
    """Positions of one file, and what was made of which node."""

    def __init__(self, source: SourceFile, makers: dict[str, Callable[..., Any]]) -> None:
        self.source = source
        self.text = source.text
        self.is_ascii = source.text.isascii()
        self.line_starts = source.line_starts
        self.strings: dict[int, str | bytes] = {}
        # by the id of the LibCST node: what it was made of
        self.origins: dict[int, ast.expr] = {}
        self.titles: dict[int, ast.stmt] = {}
        # pieces that LibCST parsed: the module around the piece and where it starts in the file
        self.pieces: list[tuple[cst.Module, int]] = []
        self.make = makers
        self.name_of, self.simple_string, self.line = (
            makers["Name"],
            makers["SimpleString"],
            makers["SimpleStatementLine"],
        )

    # -- text

    def offset(self, row: int, column: int) -> int:
        """The offset in characters of a position as Python's parser gives it: the column counts UTF-8 bytes."""
        start = self.line_starts[row - 1]
        return start + (column if self.is_ascii else self.column(row, column))

    def column(self, row: int, column: int) -> int:
        """Characters before a column that counts bytes."""
        start = self.line_starts[row - 1]
        # no character has more bytes than characters before it could account for
        line = self.text[start : start + column]
        if line.isascii():
            return column
        return len(line.encode("utf-8")[:column].decode("utf-8", "ignore"))

    def start(self, node: Any) -> int:
        return self.offset(node.lineno, node.col_offset)

    def segment(self, node: Any) -> str:
        return self.text[self.start(node) : self.offset(node.end_lineno, node.end_col_offset)]

    def piece(self, node: ast.expr) -> Any:
        """The node as LibCST's parser gives it."""
        try:
            module = parse_module(f"({self.segment(node)})")
            value = module.body[0].body[0].value  # type: ignore[union-attr, index]
        except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, LookupError, AttributeError) as error:
            raise NotQuick from error
        self.pieces.append((module, self.start(node) - 1))
        return value

    # -- places

    def places(self, nodes: list[cst.CSTNode]) -> tuple[Place, ...]:
        found: list[Place | None] = []
        missing: dict[int, int] = {}
        for ordinal, node in enumerate(nodes):
            origin = self.origins.get(id(node))
            if origin is not None:
                found.append(self.place_of(origin))
            elif id(node) in self.titles:
                found.append(self.title(self.titles[id(node)], node.value))  # type: ignore[attr-defined]
            else:
                missing[id(node)] = ordinal
                found.append(None)
        if missing:
            self.find_in_pieces(nodes, missing, found)
        complete = tuple(place for place in found if place is not None)
        if len(complete) != len(nodes):
            raise NotQuick
        return complete

    def place_of(self, node: ast.expr) -> Place:
        if isinstance(node, (ast.Tuple, ast.GeneratorExp)):  # Python counts their parentheses in
            root = self.piece(node)
            module, base = self.pieces.pop()
            ((begin, end),) = offsets(module, [root])
            return self.place(base + begin, base + end)
        row, end_row, end_column = node.lineno, node.end_lineno or node.lineno, node.end_col_offset or 0
        if self.is_ascii:
            return Place(row, node.col_offset + 1, end_row, end_column + 1)
        return Place(row, self.column(row, node.col_offset) + 1, end_row, self.column(end_row, end_column) + 1)

    def find_in_pieces(self, nodes: list[cst.CSTNode], missing: dict[int, int], found: list[Place | None]) -> None:
        wanted = [nodes[ordinal] for ordinal in missing.values()]
        for module, base in self.pieces:
            for node, (begin, end) in zip(wanted, offsets(module, wanted), strict=True):
                if end:
                    found[missing[id(node)]] = self.place(base + begin, base + end)

    def place(self, begin: int, end: int) -> Place:
        first, last = self.source.position(begin), self.source.position(end)
        return Place(first.row, first.column, last.row, last.column)

    def title(self, node: ast.stmt, name: str) -> Place:
        """Where the name of a function or class stands."""
        keyword = _TITLE.match(self.text, self.start(node))
        if keyword is None or not self.text.startswith(name, keyword.end()):
            raise NotQuick
        return self.place(keyword.end(), keyword.end() + len(name))
