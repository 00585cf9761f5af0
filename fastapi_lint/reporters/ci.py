"""Formats of CI services: GitHub workflow commands and GitLab code quality."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi_lint.diagnostic import Diagnostic, Severity
from fastapi_lint.reporters.report import Report

_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render_github(report: Report) -> Iterator[str]:
    """A workflow command for each diagnostic, which GitHub shows at the changed lines."""
    for each in report.diagnostics:
        start, end = each.location, each.end_location
        properties = {
            "title": f"fastapi-lint ({each.code})",
            "file": _relative(each.filename, report.folder),
            "line": start.row,
            "col": start.column,
            "endLine": end.row,
            "endColumn": end.column,
        }
        if start.row != end.row:  # GitHub refuses columns of ranges over several lines
            del properties["col"], properties["endColumn"]
        listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
        text = f"{each.filename}:{start.row}:{start.column}: {each.code} {each.message}"
        yield f"::{_GITHUB[each.severity]} {listed}::{_data(text)}"


def render_gitlab(report: Report) -> Iterator[str]:
    """A code quality report; a fingerprint does not depend on line numbers."""
    seen: dict[str, int] = {}
    entries: list[dict[str, Any]] = []
    for each in report.diagnostics:
        path = _relative(each.filename, report.folder)
        identity = f"{path}\0{each.code}\0{_line(each, report)}\0{each.message}"
        seen[identity] = seen.get(identity, 0) + 1
        fingerprint = hashlib.sha256(f"{identity}\0{seen[identity]}".encode(errors="replace")).hexdigest()
        entries.append(
            {
                "description": f"{each.code}: {each.message}",
                "check_name": each.name,
                "fingerprint": fingerprint,
                "severity": _GITLAB[each.severity],
                "location": {
                    "path": path,
                    "positions": {
                        "begin": {"line": each.location.row, "column": each.location.column},
                        "end": {"line": each.end_location.row, "column": each.end_location.column},
                    },
                },
            }
        )
    yield json.dumps(entries, indent=2, ensure_ascii=False)


def _line(diagnostic: Diagnostic, report: Report) -> str:
    lines = report.lines(diagnostic.filename) or []
    row = diagnostic.location.row
    return lines[row - 1].strip() if row <= len(lines) else ""


def _relative(filename: str, folder: Path) -> str:
    """The path as CI services want it: relative to where the run stands, with slashes, if it lies below."""
    relative = os.path.relpath(filename, folder) if os.path.isabs(filename) else filename
    return Path(filename if relative.startswith("..") else relative).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
