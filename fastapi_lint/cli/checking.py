"""The `check` command: options to settings, a run of the engine, a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from fastapi_lint.catalogue import CatalogueError
from fastapi_lint.cli.boundary import DIAGNOSTICS, ERROR, OK, report_crash
from fastapi_lint.cli.fixing import Mode, Outcome, after_fixes, deliver, mode_of, run
from fastapi_lint.cli.terminal import terminal_width, wants_colour, warn, write
from fastapi_lint.config import ConfigError, Settings, load_settings
from fastapi_lint.environment import FollowError
from fastapi_lint.files import PathError, discover, is_excluded
from fastapi_lint.reporters import (
    HUMAN,
    Report,
    fix_list,
    fix_summary,
    fixable_hint,
    read_source,
    render,
    statistics,
    summary,
)
from fastapi_lint.rule_info import RegistryError

if TYPE_CHECKING:
    from fastapi_lint.project.flow.resolution import Resolution

_STDIN = Path("-")
_UNREADABLE = "FAL001"
_LISTS: tuple[str, ...] = ("select", "ignore", "extend_select", "extend_ignore", "exclude", "extend_exclude")
_LISTS += ("follow", "fixable", "unfixable", "extend_fixable")
_PLAIN: tuple[str, ...] = ("force_exclude", "respect_gitignore", "include_tests", "output_format", "jobs")
_PLAIN += ("fix", "fix_only", "unsafe_fixes", "show_fixes")


@contextmanager
def user_errors() -> Iterator[None]:
    """Errors that are the user's to repair end the command with a message, not with a traceback."""
    try:
        yield
    except (ConfigError, PathError, FollowError, CatalogueError, RegistryError) as error:
        raise click.ClickException(str(error)) from error


def run_check(options: Mapping[str, Any]) -> int:
    """Runs the command and returns its exit code."""
    paths, stdin_name = _inputs(options)
    with user_errors():
        located = (Path(stdin_name),) if stdin_name is not None else paths
        settings = load_settings(located, Path.cwd(), options["config"], options["isolated"], _overrides(options))
        settings = msgspec.structs.replace(settings, ignore_noqa=options["ignore_noqa"])
        if options["show_settings"]:
            from fastapi_lint.cli.explaining import settings_lines

            write(settings_lines(settings, "text"))
            return OK
        if options["show_files"]:
            write(str(file) for file in discover(paths, settings, warn))
            return OK
        return _run(paths, stdin_name, settings, options)


def _inputs(options: Mapping[str, Any]) -> tuple[tuple[Path, ...], str | None]:
    """The paths to check, or the name of what stdin holds."""
    paths: tuple[Path, ...] = options["paths"]
    if _STDIN not in paths:
        if options["stdin_filename"] is not None:
            raise click.UsageError("--stdin-filename is for `-`, which reads from stdin.")
        return paths or (Path(),), None
    if len(paths) > 1:
        raise click.UsageError("`-` (stdin) cannot be combined with paths.")
    return (), str(options["stdin_filename"] or "stdin.py")


def _overrides(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line sets, under the keys of a configuration file."""
    values: dict[str, Any] = {name: _split(options[name]) for name in _LISTS if options[name]}
    values |= {name: options[name] for name in _PLAIN if options[name] is not None}
    if options["per_file_ignores"]:
        values["per_file_ignores"] = _per_file_ignores(_split(options["per_file_ignores"]))
    for name in ("cache_dir", "python"):
        if options[name] is not None:
            values[name] = str(options[name])
    if options["no_cache"]:
        values["cache"] = False
    return {name.replace("_", "-"): value for name, value in values.items()}


def _split(values: tuple[str, ...]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _per_file_ignores(pairs: list[str]) -> dict[str, list[str]]:
    ignores: dict[str, list[str]] = {}
    for pair in pairs:
        pattern, colon, selector = pair.rpartition(":")
        if not colon or not pattern.strip() or not selector.strip():
            raise click.UsageError(f"--per-file-ignores: `{pair}` is not of the form PATTERN:RULE.")
        ignores.setdefault(pattern.strip(), []).append(selector.strip())
    return ignores


def _run(paths: tuple[Path, ...], stdin_name: str | None, settings: Settings, options: Mapping[str, Any]) -> int:
    from fastapi_lint.engine import CheckRequest, CheckResult

    stdin = None
    if stdin_name is not None:
        stdin = (stdin_name, sys.stdin.buffer.read())
    mode = mode_of(settings, options)
    if stdin is not None and settings.force_exclude and is_excluded(Path(os.path.abspath(stdin[0])), settings):
        outcome = Outcome(CheckResult(diagnostics=(), files_checked=0))
    else:
        wanted = options["strict_resolution"] or options["resolution_file"] is not None
        request = CheckRequest(paths, settings, settings.root, stdin, wants_resolution=wanted)
        outcome = run(request, mode, options)
    result = outcome.result
    if not options["silent"]:
        _speak(result.notes, result.timings, result.files_checked, stdin is None, options)
    if result.resolution is not None:
        _tell_resolution(result.resolution, options)
    deliver(outcome, mode, stdin, options, _colour(options))
    _report(outcome, mode, stdin, settings, options)
    if result.internal_errors:
        report_crash(result.internal_errors, options["verbose"])
        return ERROR
    unreadable = {each.filename for each in result.diagnostics if each.code == _UNREADABLE}
    if unreadable and len(unreadable) == result.files_checked:
        return ERROR
    return DIAGNOSTICS if _fails(outcome, mode, settings, options) else OK


def _fails(outcome: Outcome, mode: Mode, settings: Settings, options: Mapping[str, Any]) -> bool:
    """Whether there is something to complain about, as ruff sees it."""
    if options["exit_zero"]:
        return False
    if mode is Mode.DIFF:
        return bool(outcome.fixes)
    if outcome.fixes and options["exit_non_zero_on_fix"]:
        return True
    return bool(outcome.diagnostics) and not (mode is Mode.APPLY and settings.fix_only)


def _speak(
    notes: tuple[str, ...], timings: Mapping[str, float], files: int, walked: bool, options: Mapping[str, Any]
) -> None:
    """What is worth knowing beside the diagnostics, on stderr."""
    if not options["quiet"]:
        for note in notes:
            warn(f"warning: {note}")
        if not files and walked:
            warn("warning: no Python files found under the given paths")
    if options["verbose"]:
        warn(f"checked {files} files")
        for phase, seconds in timings.items():
            warn(f"{seconds * 1000:9.1f} ms  {phase}")


def _tell_resolution(resolution: Resolution, options: Mapping[str, Any]) -> None:
    from fastapi_lint.reporters.resolution import resolution_document, resolution_lines

    if options["strict_resolution"] and not options["silent"]:
        for line in resolution_lines(resolution):
            warn(line)
    if options["resolution_file"] is not None:
        write([resolution_document(resolution)], options["resolution_file"])


def _colour(options: Mapping[str, Any]) -> bool:
    return options["output_file"] is None and wants_colour(options["color"], os.environ, sys.stdout.isatty())


def _report(
    outcome: Outcome, mode: Mode, stdin: tuple[str, bytes] | None, settings: Settings, options: Mapping[str, Any]
) -> None:
    file = None if mode is Mode.DIFF else options["output_file"]  # which holds the patch
    # A report goes to its file even if nothing is printed: whoever asked for the file reads it later.
    if options["silent"] and file is None:
        return
    # stdout belongs to the patch, and to the fixed text of stdin
    beside = mode is Mode.DIFF or (mode is Mode.APPLY and stdin is not None)
    lines = _lines(outcome, mode, stdin, settings, options)
    write(lines, file, _colour(options), err=beside)


def _lines(
    outcome: Outcome,
    mode: Mode,
    stdin: tuple[str, bytes] | None,
    settings: Settings,
    options: Mapping[str, Any],
) -> Iterator[str]:
    found, result = outcome.diagnostics, outcome.result
    for_people = settings.output_format in HUMAN
    complete = mode is not Mode.DIFF and not (mode is Mode.APPLY and settings.fix_only)
    if complete and options["statistics"]:
        yield from statistics(found, settings.output_format, bool(settings.unsafe_fixes), result.unasked)
    elif complete:
        report = Report(
            diagnostics=found,
            lines=read_source(stdin and after_fixes(outcome, stdin)),
            rules=_rules(settings) if settings.output_format == "sarif" else (),
            colour=_colour(options),
            width=terminal_width(),
            folder=Path.cwd(),
            unsafe_fixes=bool(settings.unsafe_fixes),
        )
        yield from render(report, settings.output_format)
    if for_people and settings.show_fixes:
        yield from fix_list(outcome.fixed, mode is Mode.APPLY)
    if for_people and not options["quiet"] and complete:
        yield summary(found, outcome.fixes)
        yield from fixable_hint(found, settings.unsafe_fixes, result.unasked)
    elif for_people and not options["quiet"]:
        yield from fix_summary(outcome.fixes, found, settings.unsafe_fixes, mode is Mode.APPLY)


def _rules(settings: Settings) -> tuple[Any, ...]:
    from fastapi_lint.registry import load_rules
    from fastapi_lint.reporters.report import RuleSummary

    rules = load_rules(settings.plugins).rules
    return tuple(RuleSummary(each.code, each.name, each.summary, each.severity.value) for each in rules)
