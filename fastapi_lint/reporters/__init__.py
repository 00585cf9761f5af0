"""How a run's diagnostics are written: one function for each output format, all of the same shape."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import get_args

from fastapi_lint.config import OutputFormat
from fastapi_lint.reporters.fixes import fix_list, fix_summary, fixable_hint
from fastapi_lint.reporters.report import Report, read_source
from fastapi_lint.reporters.summary import Count, counts, statistics, summary

__all__ = [
    "FORMATS",
    "HUMAN",
    "SHOWS_FIXES",
    "Count",
    "Report",
    "counts",
    "fix_list",
    "fix_summary",
    "fixable_hint",
    "read_source",
    "render",
    "statistics",
    "summary",
]

FORMATS: tuple[str, ...] = get_args(OutputFormat)
HUMAN = frozenset({"text", "full", "concise"})
"""The formats that end with a summary for people."""
SHOWS_FIXES = frozenset({"full", "json", "json-lines", "sarif"})
"""The formats for which the fix of every diagnostic is computed; the others show those that cost nothing."""

_MODULES = {
    "text": "text",
    "full": "text",
    "concise": "concise",
    "json": "json_output",
    "json-lines": "json_output",
    "github": "ci",
    "gitlab": "ci",
    "sarif": "sarif",
    "junit": "junit",
}


def render(report: Report, output_format: str) -> Iterator[str]:
    """The report in the given format, line by line without line ends."""
    module = importlib.import_module(f"fastapi_lint.reporters.{_MODULES[output_format]}")
    name = "text" if output_format == "full" else output_format.replace("-", "_")
    lines: Iterator[str] = getattr(module, f"render_{name}")(report)
    return lines
