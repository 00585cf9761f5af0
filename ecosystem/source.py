"""Source lines as the linter counts them, and excerpts of them."""

from __future__ import annotations

import functools
import io
import re
import tokenize
from pathlib import Path

# `str.splitlines` also splits at form feeds and Unicode separators, which are no line ends in Python.
_LINE_END = re.compile(r"\r\n|\r|\n")


@functools.lru_cache(maxsize=256)
def read_lines(path: Path) -> tuple[str, ...]:
    """The file's lines without their ends; empty when it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return ()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        text = content.decode("latin-1")
    lines = _LINE_END.split(text)
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def line_at(path: Path, row: int) -> str | None:
    """The line with this 1-based number, or None when the file has no such line."""
    lines = read_lines(path)
    return lines[row - 1] if 1 <= row <= len(lines) else None


def excerpt(path: Path, row: int, context: int) -> list[str]:
    """The line and its neighbours, numbered; the line itself is marked."""
    lines = read_lines(path)
    first, last = max(1, row - context), min(len(lines), row + context)
    if first > last or row > len(lines):
        return [f"  (no line {row})"]
    return [f"{'>' if number == row else ' '} {number:5} | {lines[number - 1]}" for number in range(first, last + 1)]
