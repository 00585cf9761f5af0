"""The command line of the ecosystem checks."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ecosystem.archive import fetch, require_fetched
from ecosystem.chains import check_chains
from ecosystem.diff import Renderer
from ecosystem.errors import EcosystemError
from ecosystem.fixing import fix_projects
from ecosystem.projects import DEFAULT_CACHE, DEFAULT_PROJECTS_FILE, PinnedProject, load_projects, select_projects
from ecosystem.report import render_crashes, render_fixes, render_runs, render_sources
from ecosystem.resolution import render_resolutions, resolve_project
from ecosystem.revisions import revision_environment
from ecosystem.runner import Linter, count_sources, run_projects
from ecosystem.sample import choose, render_sample
from ecosystem.store import Diagnostic, ProjectRun, load_run

EXIT_FINE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand: 0 is fine, 1 a crash or a mismatch, 2 a mistake in the call."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except EcosystemError as error:
        print(f"ecosystem: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        # `... | head` is a normal way to read this; the interpreter must not complain at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FINE
    return code


def _fetch(options: argparse.Namespace) -> int:
    rows = []
    for project in _projects(options):
        news = fetch(project, options.cache_dir)
        print(f"{project.name}: {'fetched' if news else 'already there'}", file=sys.stderr)
        rows.append((project.name, project.version, *count_sources(project.lint_paths(options.cache_dir))))
    print(render_sources(rows))
    return EXIT_FINE


def _run(options: argparse.Namespace) -> int:
    projects = _fetched(options)
    linter = Linter(tuple(shlex.split(options.fastapi_lint)), tuple(options.select), timeout=options.timeout)
    folder = options.output or _last_run(options)
    runs = run_projects(linter, projects, options.cache_dir, folder, jobs=options.jobs)
    print(render_runs(runs))
    return _exit_code(runs)


def _diff(options: argparse.Namespace) -> int:
    projects = _fetched(options)
    sides = [_run_revision(revision, projects, options) for revision in (options.before, options.after)]
    renderer = Renderer(_roots(projects, options), options.markdown, options.limit)
    print(renderer.render((options.before, options.after), sides[0], sides[1]))
    for runs in sides:
        if render_crashes(runs):
            print(render_crashes(runs), file=sys.stderr)
    return _exit_code([run for runs in sides for run in runs])


def _run_revision(
    revision: str, projects: Sequence[PinnedProject], options: argparse.Namespace
) -> tuple[ProjectRun, ...]:
    with revision_environment(revision) as environment, tempfile.TemporaryDirectory() as folder:
        print(f"linting with {revision}", file=sys.stderr)
        linter = Linter(select=tuple(options.select), environment=environment, timeout=options.timeout)
        return run_projects(linter, projects, options.cache_dir, Path(folder), jobs=options.jobs)


def _fix(options: argparse.Namespace) -> int:
    options.project += options.names
    projects = _fetched(options)
    linter = Linter(tuple(shlex.split(options.fastapi_lint)), tuple(options.select), timeout=options.timeout)
    folder = options.output or options.cache_dir / "last-fix"
    runs = fix_projects(linter, projects, options.cache_dir, folder)
    print(render_fixes(runs))
    return EXIT_FAILED if any(run.problems for run in runs) else EXIT_FINE


def _sample(options: argparse.Namespace) -> int:
    diagnostics, projects = _stored(options)
    chosen = choose(diagnostics, options.rule, options.count, options.seed)
    roots = _roots(projects, options)
    samples = [render_sample(diagnostic, roots, options.context) for diagnostic in chosen]
    print("\n\n".join(samples) if samples else "the last run holds no such diagnostic")
    return EXIT_FINE


def _check_chains(options: argparse.Namespace) -> int:
    diagnostics, projects = _stored(options)
    mistakes = list(check_chains(diagnostics, _roots(projects, options)))
    hops = sum(len(diagnostic.chain) for diagnostic in diagnostics)
    print(*mistakes, f"{len(diagnostics)} diagnostics, {hops} hops, {len(mistakes)} mismatches", sep="\n")
    return EXIT_FAILED if mistakes else EXIT_FINE


def _resolution(options: argparse.Namespace) -> int:
    linter = Linter(timeout=options.timeout)
    found = []
    for project in _fetched(options):
        found.append(resolve_project(linter, project, options.cache_dir))
        print(f"{project.name}: {found[-1].document['calls']['total']} calls", file=sys.stderr, flush=True)
    print(render_resolutions(found, options.causes))
    return EXIT_FINE


def _projects(options: argparse.Namespace) -> tuple[PinnedProject, ...]:
    return select_projects(load_projects(options.projects_file), options.project)


def _fetched(options: argparse.Namespace) -> tuple[PinnedProject, ...]:
    projects = _projects(options)
    for project in projects:
        require_fetched(project, options.cache_dir)
    return projects


def _stored(options: argparse.Namespace) -> tuple[list[Diagnostic], tuple[PinnedProject, ...]]:
    projects = _fetched(options)
    pins = {(project.name, project.version) for project in projects}
    runs = [run for run in load_run(options.input or _last_run(options)) if (run.project, run.version) in pins]
    return [diagnostic for run in runs for diagnostic in run.diagnostics], projects


def _roots(projects: Sequence[PinnedProject], options: argparse.Namespace) -> dict[str, Path]:
    return {project.name: project.root_folder(options.cache_dir) for project in projects}


def _last_run(options: argparse.Namespace) -> Path:
    folder: Path = options.cache_dir / "last-run"
    return folder


def _exit_code(runs: Sequence[ProjectRun]) -> int:
    return EXIT_FAILED if any(run.crashes for run in runs) else EXIT_FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecosystem", description=sys.modules["ecosystem"].__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared, linting, reading = _shared_options(), _linting_options(), _reading_options()
    running = _running_options(linting)

    command = commands.add_parser("fetch", parents=[shared], help="download, verify and unpack the projects")
    command.set_defaults(run=_fetch)

    command = commands.add_parser("run", parents=[shared, running], help="lint the projects, measure, store, count")
    command.add_argument("--fastapi-lint", metavar="CMD", default=shlex.join(Linter().command))
    command.add_argument("--output", type=Path, metavar="DIR", help="where to store the run (CACHE/last-run)")
    command.set_defaults(run=_run)

    command = commands.add_parser("diff", parents=[shared, running], help="compare two revisions of the linter")
    command.add_argument("before", metavar="REV_A", help="a git revision, or WORKTREE")
    command.add_argument("after", metavar="REV_B", help="a git revision, or WORKTREE")
    command.add_argument("--markdown", action="store_true", help="write Markdown")
    command.add_argument("--limit", type=int, default=50, help="changes shown of each kind and rule (%(default)s)")
    command.set_defaults(run=_diff)

    command = commands.add_parser("fix", parents=[shared, linting], help="fix copies of the projects, check the result")
    command.add_argument("names", nargs="*", metavar="NAME", help="projects, as with --project")
    command.add_argument("--fastapi-lint", metavar="CMD", default=shlex.join(Linter().command))
    command.add_argument("--output", type=Path, metavar="DIR", help="where to store patches (CACHE/last-fix)")
    command.set_defaults(run=_fix)

    command = commands.add_parser("sample", parents=[shared, reading], help="show random diagnostics with sources")
    command.add_argument("--rule", action="append", default=[], help="code or name; may be repeated")
    command.add_argument("--count", type=int, default=10)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--context", type=int, default=8, help="source lines before and after (%(default)s)")
    command.set_defaults(run=_sample)

    command = commands.add_parser("resolution", parents=[shared], help="show how many calls are understood")
    command.add_argument("--causes", type=int, default=20, help="causes shown (%(default)s)")
    command.add_argument("--timeout", type=float, default=Linter().timeout, help="seconds a project (%(default)s)")
    command.set_defaults(run=_resolution)

    command = commands.add_parser("check-chains", parents=[shared, reading], help="check the places that are named")
    command.set_defaults(run=_check_chains)
    return parser


def _shared_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--project", action="append", default=[], metavar="NAME", help="may be repeated")
    options.add_argument("--cache-dir", type=Path, default=DEFAULT_CACHE, metavar="DIR")
    options.add_argument("--projects-file", type=Path, default=DEFAULT_PROJECTS_FILE, metavar="FILE")
    return options


def _running_options(linting: argparse.ArgumentParser) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, parents=[linting])
    options.add_argument("--jobs", type=int, default=1, help="projects at a time; more than 1 blurs the seconds")
    return options


def _linting_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--select", action="append", default=[], metavar="RULES", help="passed on to the linter")
    options.add_argument("--timeout", type=float, default=Linter().timeout, help="seconds a project (%(default)s)")
    return options


def _reading_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--input", type=Path, metavar="DIR", help="a stored run (CACHE/last-run)")
    return options
