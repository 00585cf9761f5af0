"""A source file: its bytes, how they are encoded, and its text."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from functools import cached_property

from fastapi_lint.diagnostic import Position

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_LINE_END = re.compile(r"\r\n?|\n")


class SourceError(Exception):
    """A file that cannot be decoded or parsed; `position` is where, as far as it is known."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


class SourceFile:
    """The text of one file; immutable.

    `encoding` is what the file declares (a byte order mark or a PEP 263 cookie), else UTF-8; `text` has no mark and
    keeps every line ending, form feed and tab as it is. Raises SourceError where the bytes do not fit the encoding.
    """

    def __init__(self, filename: str, content: bytes) -> None:
        self.filename = filename
        self.content = content
        self.has_bom = content.startswith(codecs.BOM_UTF8)
        body = content[len(codecs.BOM_UTF8) :] if self.has_bom else content
        self.encoding = _declared_encoding(body) or "utf-8"
        self.text = _decode(body, self.encoding)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets in characters of the first character of each line."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their endings."""
        return _LINE_END.split(self.text)

    def position(self, offset: int) -> Position:
        """The 1-based row and column of the character at `offset`."""
        row = bisect_right(self.line_starts, offset)
        return Position(row, offset - self.line_starts[row - 1] + 1)

    def offset(self, position: Position) -> int:
        """The inverse of `position`."""
        return self.line_starts[position.row - 1] + position.column - 1


def _declared_encoding(content: bytes) -> str | None:
    for line in content.split(b"\n", 2)[:2]:
        match = _COOKIE.match(line)
        if match:
            return match.group(1).decode("ascii")
        if not _BLANK.match(line.rstrip(b"\r")):
            return None
    return None


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise SourceError(f"cannot be decoded as {encoding}: {error.reason}", Position(row, column)) from error
    except LookupError as error:
        raise SourceError(f"declares the unknown encoding `{encoding}`", Position(1, 1)) from error
