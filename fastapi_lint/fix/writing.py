"""Bringing new contents to the disk so that nothing can be lost.

Every file is written beside the old one first; only when all of them are there do they take the old ones' places, each
in one step. A run that is interrupted leaves each file as it was or as it should be.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from fastapi_lint.fix.rounds import Change


class WriteError(Exception):
    """Files that could not be written; the text has a line for each, and nothing was changed."""


class _Prepared(msgspec.Struct):
    """A file with its new content beside it."""

    change: Change
    target: Path
    temporary: Path


def write_changes(changes: Iterable[Change]) -> None:
    """Writes all of the changes or, raising WriteError, none of them."""
    prepared: list[_Prepared] = []
    problems: list[str] = []
    try:
        for target, change in _targets(changes, problems).items():
            try:
                _refuse_what_changed(target, change)
                prepared.append(_Prepared(change, target, _written_beside(target, change.after)))
            except OSError as error:
                problems.append(f"{change.filename}: not written: {error.strerror or error}")
        if problems:
            raise WriteError("\n".join(problems))
        _put_in_place(prepared)
    finally:
        for each in prepared:
            each.temporary.unlink(missing_ok=True)


def _targets(changes: Iterable[Change], problems: list[str]) -> dict[Path, Change]:
    """The files that the names mean: a symbolic link stays one. Two names may mean one file."""
    targets: dict[Path, Change] = {}
    for change in changes:
        target = Path(os.path.realpath(change.filename))
        other = targets.setdefault(target, change)
        if other.after != change.after:
            problems.append(f"{change.filename}: not written: `{other.filename}` is the same file, fixed differently")
    return targets


def _refuse_what_changed(target: Path, change: Change) -> None:
    if target.read_bytes() != change.before:
        raise OSError("it was changed while fastapi-lint ran")
    writable = target.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    if not writable or not os.access(target, os.W_OK):  # a privileged user may write everything
        raise OSError("it is read-only")


def _written_beside(target: Path, content: bytes) -> Path:
    """A file in the same folder, which is on the same disk, with the target's mode and owner."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".fastapi-lint", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        status = target.stat()
        if hasattr(os, "chown"):
            with contextlib.suppress(OSError):  # only a privileged user may give files away
                os.chown(temporary, status.st_uid, status.st_gid)
        temporary.chmod(stat.S_IMODE(status.st_mode))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _put_in_place(prepared: Sequence[_Prepared]) -> None:
    done: list[_Prepared] = []
    for each in prepared:
        try:
            _refuse_what_changed(each.target, each.change)
            each.temporary.replace(each.target)
            done.append(each)
        except OSError as error:
            problems = [f"{each.change.filename}: not written: {error.strerror or error}", *_undone(done)]
            raise WriteError("\n".join(problems)) from error


def _undone(done: Iterable[_Prepared]) -> Iterable[str]:
    """Brings the old contents back; what cannot be brought back is named."""
    for each in done:
        try:
            _written_beside(each.target, each.change.before).replace(each.target)
        except OSError as error:
            yield f"{each.change.filename}: fixed, but could not be set back: {error.strerror or error}"
