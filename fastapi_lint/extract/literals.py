"""Lowering of literals, and the pieces that a string is written in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import ScopeBuilder
from fastapi_lint.facts import Lit

_LONGEST_TEMPLATE = 80


def lower_integer(scope: ScopeBuilder, node: cst.Integer) -> int:
    value = node.evaluated_value
    # msgpack has no integers beyond 64 bits, and nothing depends on such a value.
    return scope.expr(Lit(value)) if abs(value) < 2**62 else scope.opaque("int")


def lower_float(scope: ScopeBuilder, node: cst.Float) -> int:
    return scope.expr(Lit(node.evaluated_value))


def lower_string(scope: ScopeBuilder, node: cst.SimpleString | cst.ConcatenatedString) -> int:
    value = scope.module.strings.get(id(node))
    if value is None:
        value = node.evaluated_value
    if not isinstance(value, str):
        return scope.opaque("bytes" if isinstance(value, bytes) else "str")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate cannot be stored, and names nothing
        return scope.opaque("str")
    return scope.expr(Lit(value))


def pieces(node: Any) -> Iterator[Any]:
    """The strings that stand side by side."""
    for piece in (node.left, node.right):
        if isinstance(piece, cst.ConcatenatedString):
            yield from pieces(piece)
        else:
            yield piece


def head(piece: Any) -> str:
    """The text with which a string begins, as it is written."""
    if isinstance(piece, cst.SimpleString):
        return piece.raw_value
    return getattr(piece.parts[0], "value", "") if piece.parts else ""


def is_formatted(piece: Any) -> bool:
    """Whether an f-string begins with what it formats, as in `f"{name:>20}"`: not as that begins itself."""
    part = piece.parts[0] if getattr(piece, "parts", ()) else None
    return isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)) and _is_changed(part)


def template(strings: list[Any]) -> str:
    """An f-string as `%` would take it, `"%s/users"`; empty where it is long or formats its parts."""
    found = ""
    for piece in strings:
        if isinstance(piece, cst.SimpleString):
            found += piece.raw_value.replace("%", "%%")
            continue
        for part in piece.parts:
            text = getattr(part, "value", None)
            if isinstance(text, str):
                found += text.replace("%", "%%").replace("{{", "{").replace("}}", "}")
            elif _is_changed(part):
                return ""
            else:
                found += "%s"
    return found if len(found) <= _LONGEST_TEMPLATE else ""


def _is_changed(part: cst.FormattedStringExpression | cst.TemplatedStringExpression) -> bool:
    return bool(part.format_spec or part.conversion or part.equal)
