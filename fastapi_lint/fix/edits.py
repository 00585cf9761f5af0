"""What does a file look like with these edits?

Nothing but the edited stretches changes: encoding, byte order mark, line ends, form feeds and a missing final newline
stay as they are, byte for byte.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence

import msgspec

from fastapi_lint.diagnostic import Edit, Position
from fastapi_lint.source import SourceError, SourceFile

_LINE_END = re.compile(r"\r\n?|\n")
_BARE_NEWLINE = re.compile(r"(?<!\r)\n")


class EditError(Exception):
    """Edits that cannot be made; the text says why."""


class Splice(msgspec.Struct, frozen=True, order=True):
    """An edit of one file in offsets of characters."""

    start: int
    end: int
    content: str

    def touches(self, other: Splice) -> bool:
        """Whether the two meet, even if only at their edges: their order would matter, or their texts run together."""
        return self.start <= other.end and other.start <= self.end


def splices(source: SourceFile, edits: Iterable[Edit]) -> tuple[Splice, ...]:
    """The edits in order, with the file's own line ends; raises EditError if one lies outside or two overlap.

    What is inserted at one place stays in the order given.
    """
    ending = _only_line_end(source.text)
    found = []
    for edit in edits:
        start, end = _offset(source, edit.location), _offset(source, edit.end_location)
        if end < start:
            raise EditError("an edit ends before it begins")
        content = edit.content if ending == "\n" else _BARE_NEWLINE.sub(ending, edit.content)
        found.append(Splice(start, end, content))
    found.sort(key=lambda each: (each.start, each.end))
    merged: list[Splice] = []
    for splice in found:
        last = merged[-1] if merged else None
        if last is not None and last.start == last.end == splice.start == splice.end:
            merged[-1] = Splice(last.start, last.end, last.content + splice.content)
        elif last is not None and splice.start < last.end:
            raise EditError("its edits overlap")
        else:
            merged.append(splice)
    return tuple(merged)


def spliced(source: SourceFile, changes: Sequence[Splice]) -> SourceFile:
    """The file with all changes made, which are in order; raises EditError where its encoding cannot hold them."""
    pieces, at = [], 0
    for change in changes:
        pieces += [source.text[at : change.start], change.content]
        at = change.end
    text = "".join([*pieces, source.text[at:]])
    try:
        content = _encoded(text, source)
        if _encoded(source.text, source) != source.content:
            raise EditError(f"the file cannot be written back as {source.encoding} without other changes")
        result = SourceFile(source.filename, content)
    except UnicodeEncodeError as error:
        raise EditError(f"the file's encoding, {source.encoding}, cannot hold it") from error
    except SourceError as error:
        raise EditError("the result would not be readable") from error
    if result.text != text:
        raise EditError("the result would not be readable")
    return result


def _encoded(text: str, source: SourceFile) -> bytes:
    return (codecs.BOM_UTF8 if source.has_bom else b"") + text.encode(source.encoding)


def _offset(source: SourceFile, position: Position) -> int:
    starts = source.line_starts
    if not 1 <= position.row <= len(starts) or position.column < 1:
        raise EditError("an edit lies outside of the file")
    offset = source.offset(position)
    last = starts[position.row] if position.row < len(starts) else len(source.text)
    if offset > last:
        raise EditError("an edit lies outside of its line")
    return offset


def _only_line_end(text: str) -> str:
    """What every line ends with; where line ends differ, new ones need not be like any of them."""
    kinds = set(_LINE_END.findall(text))
    return kinds.pop() if len(kinds) == 1 else "\n"
