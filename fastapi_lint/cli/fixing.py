"""What `check` does about fixes: whether they are applied, and where the result goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import click
import msgspec

from fastapi_lint.cli.progress import progress
from fastapi_lint.cli.terminal import write, write_bytes
from fastapi_lint.config import Settings
from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.reporters import SHOWS_FIXES
from fastapi_lint.reporters.style import Style, printable

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

if TYPE_CHECKING:
    from fastapi_lint.engine import CheckRequest, CheckResult
    from fastapi_lint.fix import Change, FixCount


class Mode(Enum):
    """What becomes of fixes."""

    CHECK = "check"
    APPLY = "apply"
    DIFF = "diff"


def mode_of(settings: Settings, options: Mapping[str, Any]) -> Mode:
    """`--diff` goes before `--fix`, and what the command line forbids no configuration file allows."""
    if options["diff"]:
        return Mode.DIFF
    forbidden = options["fix"] is False and not options["fix_only"]
    return Mode.APPLY if (settings.fix or settings.fix_only) and not forbidden else Mode.CHECK


class Outcome(msgspec.Struct, frozen=True):
    """What a run has found, and what it has fixed, so far in memory only."""

    result: CheckResult
    changes: tuple[Change, ...] = ()
    fixed: tuple[FixCount, ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What remains."""
        return self.result.diagnostics

    @property
    def fixes(self) -> int:
        """How many diagnostics were fixed."""
        return sum(each.count for each in self.fixed)


def run(request: CheckRequest, mode: Mode, options: Mapping[str, Any]) -> Outcome:
    """Checks, and applies fixes in memory where the mode says so."""
    from fastapi_lint.engine import check, fix

    settings = request.settings
    if mode is Mode.CHECK:
        # marking what is fixable takes opening files again: only for those who look at fixes
        wanted = (settings.output_format in SHOWS_FIXES and not options["statistics"]) or bool(options["unsafe_fixes"])
        with progress(options) as shown:
            return Outcome(check(msgspec.structs.replace(request, fixes=wanted), shown))
    with progress(options) as shown:
        repaired = fix(request, bool(settings.unsafe_fixes), shown)
    notes = (*repaired.result.notes, *repaired.notes)
    result = msgspec.structs.replace(repaired.result, diagnostics=repaired.diagnostics, notes=notes)
    return Outcome(result, repaired.changes, repaired.fixed)


def deliver(
    outcome: Outcome, mode: Mode, stdin: tuple[str, bytes] | None, options: Mapping[str, Any], colour: bool
) -> None:
    """Writes the fixed files, or that of stdin to stdout, or a patch."""
    if mode is Mode.DIFF:
        if options["silent"] and options["output_file"] is None:
            return
        if colour:
            write(_coloured(_patch(outcome.changes)), colour=True)
        else:
            write_bytes(_patch(outcome.changes), options["output_file"])
    elif mode is Mode.APPLY and stdin is not None:
        write_bytes([after_fixes(outcome, stdin)[1]])
    elif mode is Mode.APPLY:
        from fastapi_lint.fix.writing import WriteError, write_changes

        try:
            write_changes(outcome.changes)
        except WriteError as error:
            raise click.ClickException(str(error)) from error


def after_fixes(outcome: Outcome, stdin: tuple[str, bytes]) -> tuple[str, bytes]:
    """What stdin holds now."""
    name, content = stdin
    return name, next((change.after for change in outcome.changes if change.filename == name), content)


def _patch(changes: tuple[Change, ...]) -> Iterator[bytes]:
    from fastapi_lint.fix.diff import unified_diff

    for change in changes:
        yield from unified_diff(change)


def _coloured(patch: Iterator[bytes]) -> Iterator[str]:
    """For the eye only: who applies a patch takes the bytes."""
    style = Style(enabled=True)
    for line in patch:
        text = printable(line.decode(errors="replace").rstrip("\r\n"))
        yield style(text, _COLOURS.get(text[:1]), bold=text.startswith(("---", "+++")))
