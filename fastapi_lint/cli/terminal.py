"""Writing to stdout or a file, with or without colours, to readers that may go away."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click


def wants_colour(choice: str, environment: Mapping[str, str], is_terminal: bool) -> bool:
    """`--color` decides, then FORCE_COLOR, then NO_COLOR, then whether the output is a terminal."""
    if choice != "auto":
        return choice == "always"
    if environment.get("FORCE_COLOR"):
        return True
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return is_terminal


def terminal_width() -> int:
    """The columns of the terminal, or a generous line where there is none."""
    return shutil.get_terminal_size((160, 24)).columns


def write(lines: Iterable[str], file: Path | None = None, colour: bool = False) -> None:
    """Writes lines to `file` or stdout; a reader that has closed the pipe has seen enough."""
    if file is not None:
        try:
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise click.ClickException(f"{file}: {error.strerror or error}") from error
        return
    try:
        for line in lines:
            click.echo(line, color=colour)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more on exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(text: str) -> None:
    """A line on stderr."""
    click.echo(text, err=True)
