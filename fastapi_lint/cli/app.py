"""Commands and options. Whatever is heavy is imported by the command that needs it, so that `--help` is instant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fastapi_lint import __version__
from fastapi_lint.cli.boundary import Application

Command = TypeVar("Command", bound=Callable[..., Any])

# As in config.OutputFormat, which costs an import of msgspec.
OUTPUT_FORMATS = ("text", "full", "concise", "json", "json-lines", "github", "gitlab", "sarif", "junit")
_PATH = click.Path(path_type=Path)


@click.group(
    cls=Application,
    default="check",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, "-V", "--version", prog_name="fastapi-lint", message="%(prog)s %(version)s")
def main() -> None:
    """Find what makes a FastAPI application slow.

    Bare paths mean `check`: `fastapi-lint src`.

    Exit codes: 0 no diagnostics, 1 diagnostics, 2 usage, configuration or internal error.
    """


def _config_options(command: Command) -> Command:
    for option in (
        click.option("--isolated", is_flag=True, help="Ignore all configuration files."),
        click.option("--config", type=_PATH, metavar="FILE", help="The configuration file to use."),
    ):
        command = option(command)
    return command


def _selection_options(command: Command) -> Command:
    """Options that a configuration file has too; their names are its keys."""
    for option in reversed(
        (
            _list_option("--select", "RULES", "Rules to run: codes, prefixes, names or ALL."),
            _list_option("--ignore", "RULES", "Rules not to run."),
            _list_option("--extend-select", "RULES", "Rules to run beside those selected."),
            _list_option("--extend-ignore", "RULES", "Rules not to run beside those ignored."),
            _list_option("--per-file-ignores", "PATTERN:RULE", "Rules not to run in some files."),
            _list_option("--exclude", "PATTERNS", "Files and folders to leave out, instead of the default ones."),
            _list_option("--extend-exclude", "PATTERNS", "More files and folders to leave out."),
            _switch("--force-exclude", "Leave out excluded files even if they are named."),
            _switch("--respect-gitignore", "Leave out what .gitignore files name (default)."),
            _switch("--include-tests", "Report on tests, migrations and benchmarks too."),
        )
    ):
        command = option(command)
    return command


def _fix_options(command: Command) -> Command:
    for option in reversed(
        (
            _switch("--fix", "Apply fixes to the files. Unsafe ones only with --unsafe-fixes."),
            _switch("--unsafe-fixes", "Apply fixes that may change what the code does, too; mark them as fixable."),
            click.option("--diff", is_flag=True, help="Show what --fix would change, as a patch, and change nothing."),
            _switch("--fix-only", "Apply fixes, but do not report what remains."),
            _switch("--show-fixes", "List what was fixed."),
            click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 if anything was fixed."),
            _list_option("--fixable", "RULES", "Rules whose fixes may be applied."),
            _list_option("--unfixable", "RULES", "Rules whose fixes may not be applied."),
            _list_option("--extend-fixable", "RULES", "Rules whose fixes may be applied beside those of --fixable."),
        )
    ):
        command = option(command)
    return command


def _list_option(name: str, metavar: str, text: str) -> Callable[[Command], Command]:
    return click.option(name, multiple=True, metavar=metavar, help=f"{text} Comma-separated; may be repeated.")


def _switch(name: str, text: str) -> Callable[[Command], Command]:
    return click.option(f"{name}/--no-{name[2:]}", default=None, help=text)


@main.command()
@click.argument("paths", nargs=-1, type=_PATH)
@_fix_options
@_selection_options
@click.option("--ignore-noqa", is_flag=True, help="Report what `# noqa` comments suppress, too.")
@click.option(
    "--output-format",
    type=click.Choice(OUTPUT_FORMATS),
    envvar="FASTAPI_LINT_OUTPUT_FORMAT",
    help="How to write diagnostics (default: text).",
)
@click.option("--output-file", "-o", type=_PATH, metavar="FILE", help="Where to write the report instead of stdout.")
@click.option("--statistics", is_flag=True, help="Show counts by rule instead of diagnostics.")
@click.option(
    "--strict-resolution",
    is_flag=True,
    help="Say on stderr which calls on the event loop were not understood, and why.",
)
@click.option("--resolution-file", type=_PATH, metavar="FILE", help="Where to write the same as JSON.")
@click.option("--exit-zero", "-e", is_flag=True, help="Exit with 0 even if there are diagnostics.")
@_list_option("--follow", "PACKAGES", "Packages of the environment to analyse with the project, but not to report on.")
@click.option("--python", type=_PATH, metavar="PATH", help="The interpreter or environment that has the packages.")
@_config_options
@click.option("--stdin-filename", type=_PATH, metavar="FILE", help="The name of the file that `-` reads from stdin.")
@click.option(
    "--cache-dir", type=_PATH, metavar="DIR", envvar="FASTAPI_LINT_CACHE_DIR", help="Where to keep the cache."
)
@click.option("--no-cache", "-n", is_flag=True, envvar="FASTAPI_LINT_NO_CACHE", help="Neither read nor write a cache.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), help="How many processes to use (default: one per CPU).")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colours.")
@click.option("--quiet", "-q", is_flag=True, help="Print diagnostics, but nothing else.")
@click.option("--silent", "-s", is_flag=True, help="Print nothing; the exit code tells.")
@click.option("--verbose", "-v", is_flag=True, help="Say what takes how long; show tracebacks of internal errors.")
@click.option("--show-files", is_flag=True, help="Print the files that would be checked, and stop.")
@click.option("--show-settings", is_flag=True, help="Print the settings that would be used, and stop.")
def check(**options: Any) -> int:
    """Report the anti-patterns in PATHS (default: the current folder; `-` is stdin)."""
    from fastapi_lint.cli.checking import run_check

    return run_check(options)


@main.command()
@click.argument("rule")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to write it.")
@_config_options
def rule(rule: str, output_format: str, config: Path | None, isolated: bool) -> int:
    """Explain RULE, given by code or name."""
    from fastapi_lint.cli.explaining import explain_rule

    return explain_rule(rule, output_format, config, isolated)


@main.command()
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to write them.")
@_config_options
def rules(output_format: str, config: Path | None, isolated: bool) -> int:
    """List all rules."""
    from fastapi_lint.cli.explaining import list_rules

    return list_rules(output_format, config, isolated)


@main.command()
@click.argument("paths", nargs=-1, type=_PATH)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to write them.")
@_config_options
def config(paths: tuple[Path, ...], output_format: str, config: Path | None, isolated: bool) -> int:
    """Show the settings for PATHS (default: the current folder) and where each comes from."""
    from fastapi_lint.cli.explaining import show_config

    return show_config(paths, output_format, config, isolated)
