"""A suppression comment that suppresses nothing.

## What it does

Reports `# noqa: FALxxx` and `# fastapi-lint: ignore[...]` comments on lines where the named rules find nothing, and
names that are no rules. A plain `# noqa`, and codes of other tools, are none of its business.

## Why is this bad?

The comment hides the next real diagnostic on its line, and tells the reader of a problem that is not there.
"""

from __future__ import annotations

from fastapi_lint.api import Applicability, Rule, Severity


class UnusedSuppression(Rule):
    """Declared only: the engine reports it when all other rules have run."""

    code = "FAL002"
    name = "unused-suppression"
    severity = Severity.WARNING
    fix = Applicability.SAFE
