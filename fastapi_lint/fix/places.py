"""Where does a place lie after the edits?"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fastapi_lint.diagnostic import Position
from fastapi_lint.fix.edits import Splice
from fastapi_lint.source import SourceFile


class Span(msgspec.Struct, frozen=True):
    """From where to where, both included, a place may have gone."""

    first: Position
    last: Position

    def holds(self, position: Position) -> bool:
        return self.first <= position <= self.last


class Rows(msgspec.Struct, frozen=True):
    """Lines of a file, both ends included."""

    filename: str
    first: int
    last: int

    def meets(self, other: Rows) -> bool:
        return self.filename == other.filename and self.first <= other.last and other.first <= self.last


class FileEdits(msgspec.Struct, frozen=True):
    """What happened to one file: before, after, and the changes in order."""

    before: SourceFile
    after: SourceFile
    splices: tuple[Splice, ...]

    def moved(self, position: Position) -> Span:
        """A place outside of all changes goes to one place, one that a change touches to somewhere in the new text."""
        offset = nearest_offset(self.before, position)
        first = last = None
        delta = 0
        for splice in self.splices:
            if splice.start > offset:
                break
            shift = len(splice.content) - (splice.end - splice.start)
            if splice.end >= offset:
                first = splice.start + delta if first is None else first
                last = splice.start + delta + len(splice.content)
            delta += shift
        low = offset + delta if first is None else first
        high = offset + delta if last is None else last
        return Span(self.after.position(low), self.after.position(high))

    def new_rows(self, splice: Splice) -> Rows:
        """The lines that one of the changes stands on."""
        delta = sum(len(each.content) - (each.end - each.start) for each in self.splices if each < splice)
        start = splice.start + delta
        first, last = self.after.position(start), self.after.position(start + len(splice.content))
        return Rows(self.after.filename, first.row, last.row)


def moved(edits: Mapping[str, FileEdits], filename: str, span: Span) -> Span:
    """Where a stretch of a file went, whether it was edited or not."""
    file = edits.get(filename)
    if file is None:
        return span
    return Span(file.moved(span.first).first, file.moved(span.last).last)


def nearest_offset(source: SourceFile, position: Position) -> int:
    """As `source.offset`, but of the nearest place before if there is no such one."""
    row = min(position.row, len(source.line_starts))
    return min(source.offset(Position(row, position.column)), len(source.text))
