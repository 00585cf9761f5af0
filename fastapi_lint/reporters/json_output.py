"""JSON for programs: an array, or one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi_lint.diagnostic import Diagnostic, Edit, Fix, Position
from fastapi_lint.reporters.report import Report


def render_json(report: Report) -> Iterator[str]:
    """An array with one object for each diagnostic."""
    yield json.dumps([diagnostic_object(each) for each in report.diagnostics], indent=2, ensure_ascii=False)


def render_json_lines(report: Report) -> Iterator[str]:
    """One object a line."""
    for each in report.diagnostics:
        yield json.dumps(diagnostic_object(each), ensure_ascii=False)


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Any]:
    """The documented form of a diagnostic; keys are added in later versions, never renamed."""
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "filename": diagnostic.filename,
        "location": _position(diagnostic.location),
        "end_location": _position(diagnostic.end_location),
        "url": None,
        "fix": _fix(diagnostic.fix) if diagnostic.fix is not None else None,
        "chain": [
            {"filename": hop.filename, "row": hop.row, "column": hop.column, "text": hop.text}
            for hop in diagnostic.chain
        ],
        "entry_points": [{"kind": each.kind, "label": each.label} for each in diagnostic.entry_points],
    }


def _position(position: Position) -> dict[str, int]:
    return {"row": position.row, "column": position.column}


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "applicability": fix.applicability.value,
        "message": fix.message,
        "edits": [_edit(edit) for edit in fix.edits],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    place = {"location": _position(edit.location), "end_location": _position(edit.end_location)}
    other = {} if edit.filename is None else {"filename": edit.filename}
    return {"content": edit.content, **place, **other}
