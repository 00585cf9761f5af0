"""Checks that every place a diagnostic names is there, and is code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ecosystem.source import line_at
from ecosystem.store import Diagnostic


def check_chains(diagnostics: Sequence[Diagnostic], roots: Mapping[str, Path]) -> Iterator[str]:
    """Yields a line for each place that does not hold what the diagnostic says."""
    for diagnostic in diagnostics:
        root = roots[diagnostic.project]
        places = [("place", diagnostic.filename, diagnostic.row, diagnostic.column)]
        places += [(f"hop {n}", hop.filename, hop.row, hop.column) for n, hop in enumerate(diagnostic.chain, 1)]
        for label, filename, row, column in places:
            # FAL0xx is about sources that cannot be read and about comments.
            wrong = _mistake(root / filename, row, column, code=not diagnostic.code.startswith("FAL0"))
            if wrong:
                where = f"{diagnostic.project} {diagnostic.code} {diagnostic.place}"
                yield f"{where}: {label} {filename}:{row}:{column} {wrong}"


def _mistake(path: Path, row: int, column: int, *, code: bool) -> str | None:
    if not path.is_file():
        return "is in a file that does not exist"
    line = line_at(path, row)
    if line is None:
        return None if (row, column, code) == (1, 1, False) else "is past the end of its file"
    return _mistake_in_line(line, column, path.suffix) if code else None


def _mistake_in_line(line: str, column: int, suffix: str) -> str | None:
    if not 1 <= column <= len(line):
        return f"is past the end of its line: {line!r}"
    if line[column - 1].isspace():
        return f"points to white space: {line!r}"
    if suffix == ".py" and line.lstrip().startswith("#"):
        return f"points to a comment: {line!r}"
    return None
