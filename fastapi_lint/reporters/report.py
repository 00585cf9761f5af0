"""What a reporter is given."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec

from fastapi_lint import __version__
from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.source import SourceError, SourceFile

Lines = Callable[[str], "list[str] | None"]


class RuleSummary(msgspec.Struct, frozen=True):
    """What reports say about a rule beside its diagnostics."""

    code: str
    name: str
    summary: str
    severity: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Diagnostics and how to show them.

    `lines` gives the lines of a file without their ends, or None where the file cannot be read; `width` is that of the
    terminal, `folder` the one that relative file names start from. `unsafe_fixes` says that unsafe ones are applied.
    """

    diagnostics: tuple[Diagnostic, ...]
    lines: Lines
    rules: tuple[RuleSummary, ...] = ()
    colour: bool = False
    width: int = 160
    folder: Path = Path()
    unsafe_fixes: bool = False
    version: str = __version__


def read_source(stdin: tuple[str, bytes] | None = None) -> Lines:
    """A `Report.lines` that reads each file once; `stdin` stands in for the file of its name."""

    @cache
    def lines(filename: str) -> list[str] | None:
        try:
            content = stdin[1] if stdin is not None and filename == stdin[0] else Path(filename).read_bytes()
            return SourceFile(filename, content).lines
        except (OSError, SourceError, ValueError):
            return None

    return lines
