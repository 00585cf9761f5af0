"""A progress bar on stderr, for those who wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

_PATIENCE = 2.0
"""Seconds that nobody needs to be told about."""


class ProgressBar:
    """Appears when a run takes longer than a moment, and is gone when it ends."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: click._termui_impl.ProgressBar[int] | None = None

    def close(self) -> None:
        """The run has ended."""
        if self._bar is not None:
            self._bar.finish()
            sys.stderr.write("\r\x1b[K")  # the report begins on a clean line
            sys.stderr.flush()

    def __call__(self, done: int, of: int) -> None:
        """So many files are read."""
        if self._bar is None:
            if time.monotonic() - self._started < _PATIENCE:
                return
            self._bar = click.progressbar(length=of, label="reading", file=sys.stderr, show_pos=True)
        self._bar.update(max(0, done - self._bar.pos))


@contextmanager
def progress(options: Mapping[str, Any]) -> Iterator[ProgressBar | None]:
    """A bar where somebody sits at a terminal and wants to hear something."""
    if not sys.stderr.isatty() or options["quiet"] or options["silent"]:
        yield None
        return
    bar = ProgressBar()
    try:
        yield bar
    finally:
        bar.close()
