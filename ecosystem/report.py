"""Tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ecosystem.fixing import FixRun
from ecosystem.store import ProjectRun

_TEXT_COLUMNS = frozenset(("project", "version", "rule", "name", "by rule", "revision"))


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: words to the left, numbers to the right."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.ljust(width) if title in _TEXT_COLUMNS else cell.rjust(width)
            for title, cell, width in zip(header, cells, widths, strict=True)
        ]
        return "  ".join(aligned).rstrip()

    return "\n".join([line(header), line(["-" * width for width in widths]), *map(line, rows)])


def render_runs(runs: Sequence[ProjectRun]) -> str:
    """One row a project, the totals, what crashed, and the rules by how often they fired."""
    header = ("project", "files", "lines", "found", "seconds", "cpu s", "MB", "crashes", "by rule")
    rows = [_run_row(run) for run in runs]
    parts = [render_table(header, [*rows, _total_row(runs)]), render_rules(runs), render_crashes(runs)]
    return "\n\n".join(part for part in parts if part)


def render_rules(runs: Sequence[ProjectRun]) -> str:
    """Each rule with its number of diagnostics and of projects."""
    names = {diagnostic.code: diagnostic.name for run in runs for diagnostic in run.diagnostics}
    totals = _totals(runs)
    rows = [
        (code, str(totals[code]), str(sum(code in run.by_rule() for run in runs)), names[code])
        for code in sorted(totals)
    ]
    return render_table(("rule", "found", "projects", "name"), rows) if rows else ""


def render_crashes(runs: Sequence[ProjectRun]) -> str:
    """Which projects the linter failed on, and how."""
    return "\n".join(f"CRASH {run.project}: {'; '.join(run.crashes)}" for run in runs if run.crashes)


def render_sources(rows: Sequence[tuple[str, str, int, int]]) -> str:
    """Projects with their versions, files and lines."""
    total = ("total", "", str(sum(row[2] for row in rows)), str(sum(row[3] for row in rows)))
    cells = [(name, version, str(files), str(lines)) for name, version, files, lines in rows]
    return render_table(("project", "version", "files", "lines"), [*cells, total])


def render_fixes(runs: Sequence[FixRun]) -> str:
    """One row a project, one a rule, then every fix that was dropped and everything that is wrong."""
    header = ("project", "files", "found", "fixed", "left", "seconds", "dropped", "problems")
    rows = [_fix_row(run) for run in runs]
    rules = sorted({code for run in runs for code in (*run.before, *run.fixed, *run.after)})
    by_rule = [
        (code, *(str(sum(counts.get(code, 0) for counts in column)) for column in _columns(runs))) for code in rules
    ]
    parts = [
        render_table(header, rows),
        render_table(("rule", "found", "fixed", "left"), by_rule),
        "\n".join(f"DROPPED {run.project}: {line}" for run in runs for line in run.dropped),
        "\n".join(f"PROBLEM {run.project}: {line}" for run in runs for line in run.problems),
    ]
    return "\n\n".join(part for part in parts if part)


def _columns(runs: Sequence[FixRun]) -> list[list[dict[str, int]]]:
    return [[run.before for run in runs], [run.fixed for run in runs], [run.after for run in runs]]


def _fix_row(run: FixRun) -> tuple[str, ...]:
    return (
        run.project,
        str(run.files),
        *(str(sum(counts.values())) for counts in (run.before, run.fixed, run.after)),
        f"{run.seconds:.1f}",
        str(len(run.dropped)),
        str(len(run.problems)),
    )


def _run_row(run: ProjectRun) -> tuple[str, ...]:
    return (
        run.project,
        str(run.files),
        str(run.lines),
        str(len(run.diagnostics)),
        f"{run.seconds:.1f}",
        f"{run.cpu_seconds:.1f}",
        f"{run.peak_mb:.0f}",
        str(len(run.crashes)),
        _counts(run.by_rule()),
    )


def _total_row(runs: Sequence[ProjectRun]) -> tuple[str, ...]:
    return (
        f"total ({len(runs)})",
        str(sum(run.files for run in runs)),
        str(sum(run.lines for run in runs)),
        str(sum(len(run.diagnostics) for run in runs)),
        f"{sum(run.seconds for run in runs):.1f}",
        f"{sum(run.cpu_seconds for run in runs):.1f}",
        f"{max((run.peak_mb for run in runs), default=0.0):.0f}",
        str(sum(len(run.crashes) for run in runs)),
        "",
    )


def _totals(runs: Sequence[ProjectRun]) -> Counter[str]:
    return Counter(diagnostic.code for run in runs for diagnostic in run.diagnostics)


def _counts(counts: Counter[str]) -> str:
    return " ".join(f"{code}:{counts[code]}" for code in sorted(counts))
