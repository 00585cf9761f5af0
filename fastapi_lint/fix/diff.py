"""Changes as a patch."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator

from fastapi_lint.fix.rounds import Change


def unified_diff(change: Change) -> Iterator[bytes]:
    """The lines of a unified diff, in the file's own encoding and with its own line ends, so that it can be applied."""
    name = os.fsencode(change.filename)
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(change.before), _lines(change.after), name, name, lineterm=b"\n"
    )
    for line in lines:
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _lines(content: bytes) -> list[bytes]:
    """As patches see lines: only a line feed ends one."""
    pieces = content.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + [piece for piece in pieces[-1:] if piece]
