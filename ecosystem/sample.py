"""Randomly chosen diagnostics with their sources, for a person to read and judge."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecosystem.source import excerpt, line_at
from ecosystem.store import Diagnostic


def choose(diagnostics: Sequence[Diagnostic], rules: Sequence[str], count: int, seed: int) -> list[Diagnostic]:
    """Picks at random, one from each project in turn, so that no project drowns the others."""
    shuffler = random.Random(seed)
    piles: dict[str, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        if not rules or diagnostic.code in rules or diagnostic.name in rules:
            piles.setdefault(diagnostic.project, []).append(diagnostic)
    order = sorted(piles)
    shuffler.shuffle(order)
    for project in order:
        shuffler.shuffle(piles[project])
    chosen: list[Diagnostic] = []
    while len(chosen) < count and any(piles.values()):
        chosen += [piles[project].pop() for project in order if piles[project]]
    return chosen[:count]


def render_sample(diagnostic: Diagnostic, roots: Mapping[str, Path], context: int) -> str:
    """The diagnostic, its source, and its chain hop by hop."""
    root = roots[diagnostic.project]
    lines = [
        f"{diagnostic.project}  {diagnostic.place}",
        f"{diagnostic.code} {diagnostic.name} ({diagnostic.severity}): {diagnostic.message}",
    ]
    lines += [f"entry: {entry}" for entry in diagnostic.entry_points]
    lines += excerpt(root / diagnostic.filename, diagnostic.row, context)
    for number, hop in enumerate(diagnostic.chain, 1):
        source = line_at(root / hop.filename, hop.row)
        lines.append(f"  {number}. {hop.filename}:{hop.row}:{hop.column}  {hop.text}")
        lines.append(f"       | {source.strip() if source is not None else '(no such line)'}")
    return "\n".join(lines)
