"""A file that cannot be read, decoded or parsed.

## What it does

Reports a file whose bytes do not fit its declared encoding, whose syntax is wrong, or that the system does not hand
out. The run goes on with the other files.

## Why is this bad?

Nothing is known about such a file, and calls that lead through it are lost.
"""

from __future__ import annotations

from fastapi_lint.api import Rule, Severity


class UnreadableSource(Rule):
    """Declared only: the engine reports it where a file fails."""

    code = "FAL001"
    name = "unreadable-source"
    severity = Severity.ERROR
