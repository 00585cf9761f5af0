"""SARIF 2.1.0, for code scanning services."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi_lint.diagnostic import (
    Applicability,
    Diagnostic,
    Edit,
    Fix,
    Hop,
    Position,
    Severity,
)
from fastapi_lint.reporters.report import Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render_sarif(report: Report) -> Iterator[str]:
    """One run with its rules and results; a chain becomes a code flow."""
    levels = {severity.value: level for severity, level in _LEVEL.items()}
    codes = {each.code for each in report.diagnostics}
    rules = [
        {
            "id": rule.code,
            "name": rule.name,
            "shortDescription": {"text": rule.summary or rule.name},
            "defaultConfiguration": {"level": levels[rule.severity]},
        }
        for rule in report.rules
        if rule.code in codes
    ]
    run = {
        "tool": {"driver": {"name": "fastapi-lint", "version": report.version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, report.folder) for each in report.diagnostics],
    }
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(diagnostic: Diagnostic, folder: Path) -> dict[str, Any]:
    region = _region(diagnostic.location, diagnostic.end_location)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": _LEVEL[diagnostic.severity],
        "message": {"text": diagnostic.message},
        "locations": [_location(diagnostic.filename, region, folder)],
    }
    if diagnostic.chain:
        steps = [{"location": _hop(hop, folder)} for hop in diagnostic.chain]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if diagnostic.fix is not None and diagnostic.fix.applicability is not Applicability.DISPLAY:
        result["fixes"] = [_fix(diagnostic.fix, diagnostic.filename, folder)]
    return result


def _hop(hop: Hop, folder: Path) -> dict[str, Any]:
    region = {"startLine": hop.row, "startColumn": hop.column}
    return {**_location(hop.filename, region, folder), "message": {"text": hop.text}}


def _location(filename: str, region: dict[str, int], folder: Path) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(filename, folder)}, "region": region}}


def _region(start: Position, end: Position) -> dict[str, int]:
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}


def _fix(fix: Fix, filename: str, folder: Path) -> dict[str, Any]:
    by_file: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_file.setdefault(edit.filename or filename, []).append(edit)
    changes = [
        {
            "artifactLocation": {"uri": _uri(name, folder)},
            "replacements": [
                {
                    "deletedRegion": _region(edit.location, edit.end_location),
                    "insertedContent": {"text": edit.content},
                }
                for edit in edits
            ],
        }
        for name, edits in by_file.items()
    ]
    return {"description": {"text": fix.message}, "artifactChanges": changes}


def _uri(filename: str, folder: Path) -> str:
    """Relative to where the run stands if the file lies below, else a file URI."""
    absolute = Path(os.path.abspath(folder / filename))
    base = Path(os.path.abspath(folder))
    return quote(absolute.relative_to(base).as_posix()) if absolute.is_relative_to(base) else absolute.as_uri()
