"""What one revision of the linter reports and another does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecosystem.report import render_table
from ecosystem.source import excerpt, line_at
from ecosystem.store import Diagnostic, ProjectRun

_CONTEXT = 2


@dataclass(frozen=True)
class Comparison:
    """The difference of two runs; a pair is the same diagnostic with another message."""

    added: tuple[Diagnostic, ...]
    removed: tuple[Diagnostic, ...]
    reworded: tuple[tuple[Diagnostic, Diagnostic], ...]

    def codes(self) -> list[str]:
        """Every rule that something changed for."""
        changed = (*self.added, *self.removed, *(after for _, after in self.reworded))
        return sorted({diagnostic.code for diagnostic in changed})


def compare(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic], line_of: Callable[[Diagnostic], str]
) -> Comparison:
    """Matches diagnostics by project, file, code, line text and message, as often as each occurs.

    The line's number is no part of that: code that merely moved has not changed.
    """

    def place(diagnostic: Diagnostic) -> tuple[str, ...]:
        return (diagnostic.project, diagnostic.filename, diagnostic.code, line_of(diagnostic))

    removed, added, _ = _match(before, after, lambda diagnostic: (*place(diagnostic), diagnostic.message))
    removed, added, reworded = _match(removed, added, place)
    return Comparison(tuple(added), tuple(removed), tuple(reworded))


def _match(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic], key: Callable[[Diagnostic], Hashable]
) -> tuple[list[Diagnostic], list[Diagnostic], list[tuple[Diagnostic, Diagnostic]]]:
    waiting: dict[Hashable, list[Diagnostic]] = defaultdict(list)
    for diagnostic in before:
        waiting[key(diagnostic)].append(diagnostic)
    added, pairs = [], []
    for diagnostic in after:
        same = waiting[key(diagnostic)]
        if same:
            pairs.append((same.pop(0), diagnostic))
        else:
            added.append(diagnostic)
    return ([diagnostic for rest in waiting.values() for diagnostic in rest], added, pairs)


def line_reader(roots: Mapping[str, Path]) -> Callable[[Diagnostic], str]:
    """Reads the line a diagnostic stands on, without its indentation."""

    def line_of(diagnostic: Diagnostic) -> str:
        return (line_at(roots[diagnostic.project] / diagnostic.filename, diagnostic.row) or "").strip()

    return line_of


@dataclass(frozen=True)
class Renderer:
    """Writes a comparison down, as plain text or as Markdown."""

    roots: Mapping[str, Path]
    markdown: bool
    limit: int

    def render(self, names: tuple[str, str], before: Sequence[ProjectRun], after: Sequence[ProjectRun]) -> str:
        """The summary, then each rule with what it lost and gained."""
        compared = compare(_diagnostics(before), _diagnostics(after), line_reader(self.roots))
        parts = [self._heading(1, f"{names[0]} -> {names[1]}"), _costs(names, before, after)]
        if not compared.codes():
            return "\n\n".join([parts[0], self._block(parts[1]), "No diagnostic was added, removed or reworded."])
        parts = [parts[0], self._block(parts[1]), self._block(_summary(compared))]
        parts += [self._rule(code, compared) for code in compared.codes()]
        return "\n\n".join(parts)

    def _rule(self, code: str, compared: Comparison) -> str:
        added = [self._change("+", item) for item in compared.added if item.code == code]
        removed = [self._change("-", item) for item in compared.removed if item.code == code]
        reworded = [self._change("~", new, old) for old, new in compared.reworded if new.code == code]
        parts = [self._heading(2, f"{code}: {len(added)} added, {len(removed)} removed, {len(reworded)} reworded")]
        for changes in (added, removed, reworded):
            parts += changes[: self.limit]
            if len(changes) > self.limit:
                parts.append(f"... and {len(changes) - self.limit} more like the last (--limit)")
        return "\n\n".join(parts)

    def _change(self, sign: str, diagnostic: Diagnostic, old: Diagnostic | None = None) -> str:
        lines = [f"{sign} {diagnostic.project} {diagnostic.place}: {diagnostic.message}"]
        if old is not None:
            lines.append(f"  before: {old.message}")
        if self.markdown:
            lines = [f"- `{lines[0]}`", *(f"  `{line.strip()}`" for line in lines[1:])]
        source = excerpt(self.roots[diagnostic.project] / diagnostic.filename, diagnostic.row, _CONTEXT)
        return "\n".join([*lines, "", self._block("\n".join(source))] if self.markdown else [*lines, *source])

    def _heading(self, level: int, text: str) -> str:
        return f"{'#' * level} {text}" if self.markdown else text

    def _block(self, text: str) -> str:
        # Sources may hold three backticks themselves.
        return f"`````text\n{text}\n`````" if self.markdown else text


def _diagnostics(runs: Sequence[ProjectRun]) -> list[Diagnostic]:
    return [diagnostic for run in runs for diagnostic in run.diagnostics]


def _summary(compared: Comparison) -> str:
    rows = [
        (
            code,
            str(sum(item.code == code for item in compared.added)),
            str(sum(item.code == code for item in compared.removed)),
            str(sum(new.code == code for _, new in compared.reworded)),
        )
        for code in compared.codes()
    ]
    return render_table(("rule", "added", "removed", "reworded"), rows)


def _costs(names: tuple[str, str], before: Sequence[ProjectRun], after: Sequence[ProjectRun]) -> str:
    rows = [
        (
            name,
            str(len(_diagnostics(runs))),
            f"{sum(run.seconds for run in runs):.1f}",
            f"{max((run.peak_mb for run in runs), default=0.0):.0f}",
            str(sum(len(run.crashes) for run in runs)),
        )
        for name, runs in zip(names, (before, after), strict=True)
    ]
    return render_table(("revision", "found", "seconds", "MB", "crashes"), rows)
