"""From text to a LibCST tree, or to a SourceError that says where the text is wrong."""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Position
from fastapi_lint.extract.cheap_nodes import parse_module
from fastapi_lint.source import SourceError, SourceFile


def parse(source: SourceFile) -> cst.Module:
    """The tree of a file; raises SourceError on a syntax error and on nesting that is too deep to parse."""
    try:
        return parse_module(source.text)
    except cst.ParserSyntaxError as error:
        row, column = error.raw_line, error.raw_column
        raise SourceError(f"syntax error: {error.message}", Position(max(row, 1), column + 1)) from error
    except cst.CSTValidationError as error:
        raise SourceError(f"syntax error: {error}", Position(1, 1)) from error
    except RecursionError as error:
        raise SourceError("nests too deeply to be parsed", Position(1, 1)) from error


def parse_annotation(text: str) -> cst.BaseExpression | None:
    """The expression inside a string annotation, or None where the string is no expression."""
    try:
        return cst.parse_expression(text.strip())
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, ValueError):
        return None
