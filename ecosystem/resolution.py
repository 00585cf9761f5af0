"""How many calls on the event loop the linter understands in each project, and what the others go back to."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecosystem.errors import EcosystemError
from ecosystem.projects import PinnedProject
from ecosystem.runner import Linter, measure

_NAMED = re.compile(r"`[^`]*`")
_FEWEST_DIAGNOSTICS = ("FAL001",)


@dataclass(frozen=True)
class ProjectResolution:
    """What the linter wrote with `--resolution-file`."""

    project: str
    document: dict[str, Any]

    def unresolved(self, origin: str) -> int:
        """How many calls of this origin were not resolved."""
        return sum(call["origin"] == origin for call in self.document["unresolved"])


def resolve_project(linter: Linter, project: PinnedProject, cache: Path) -> ProjectResolution:
    """Runs the linter on one project; it must not fail."""
    chosen = Linter(linter.command, _FEWEST_DIAGNOSTICS, linter.environment, linter.timeout)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "resolution.json")
        arguments = [*chosen.arguments(project.lint_paths(cache)), "--resolution-file", str(file)]
        measured = measure(chosen, arguments, Path(folder))
        if not file.is_file():
            raise EcosystemError(f"{project.name}: no resolution, exit code {measured.exit_code}: {measured.stderr}")
        return ProjectResolution(project.name, json.loads(file.read_text("utf-8")))


def render_resolutions(found: Sequence[ProjectResolution], most: int) -> str:
    """A table by project, the sum, and the most frequent causes."""
    rows = [_row(each.project, [each]) for each in found]
    head = f"{'project':24} {'calls':>7} {'resolved':>9} {'first-party':>12} {'missed':>7} {'share':>8} {'at least':>9}"
    return "\n".join([head, *rows, _row("all", found), "", *_causes(found, most)])


def _row(name: str, found: Sequence[ProjectResolution]) -> str:
    calls = _sum(found, "total")
    known = _sum(found, "first-party")
    missed = sum(each.unresolved("first-party") for each in found)
    ambiguous = sum(each.unresolved("ambiguous") for each in found)
    return (
        f"{name:24} {calls:7} {_percent(calls - _sum(found, 'unresolved'), calls):>9} {known:12} {missed:7} "
        f"{_percent(known, known + missed):>8} {_percent(known, known + missed + ambiguous):>9}"
    )


def _causes(found: Iterable[ProjectResolution], most: int) -> list[str]:
    """Causes without the names in them; `first-party` and `ambiguous` calls count."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for each in found:
        for call in each.document["unresolved"]:
            if call["origin"] != "other":
                key = (call["reason"], _NAMED.sub("...", call["cause"]))
                counts[key] += 1
                examples.setdefault(key, f"{each.project}: {call['callee']}: {call['cause']}")
    return [
        f"{count:6}  {reason}: {cause}\n        {examples[reason, cause]}"
        for (reason, cause), count in counts.most_common(most)
    ]


def _sum(found: Iterable[ProjectResolution], key: str) -> int:
    return sum(int(each.document["calls"][key]) for each in found)


def _percent(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f} %" if whole else "-"
