"""Writing to stdout or a file, with or without colours, to readers that may go away."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
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


def write(lines: Iterable[str], file: Path | None = None, colour: bool = False, err: bool = False) -> None:
    """Writes lines to `file`, or to stdout or stderr; a reader that has closed the pipe has seen enough."""
    if file is not None:
        _write_file(file, "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))
        return
    with _until_closed():
        for line in lines:
            click.echo(line, color=colour, err=err)
        sys.stdout.flush()


def write_bytes(pieces: Iterable[bytes], file: Path | None = None) -> None:
    """Writes to `file` or stdout what must stay as it is, byte for byte."""
    if file is not None:
        _write_file(file, b"".join(pieces))
        return
    with _until_closed():
        for piece in pieces:
            click.echo(piece, nl=False)
        sys.stdout.flush()


def _write_file(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}") from error


@contextmanager
def _until_closed() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Python flushes stdout once more on exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(text: str) -> None:
    """A line on stderr."""
    click.echo(text, err=True)
