"""JUnit XML, for CI services that show tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from fastapi_lint.reporters.report import Report
from fastapi_lint.reporters.style import printable


def render_junit(report: Report) -> Iterator[str]:
    """A test suite for each file, a failed test case for each diagnostic; one that passes where all is well."""
    total = len(report.diagnostics)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="fastapi-lint" tests="{total or 1}" failures="{total}" errors="0">'
    if not total:
        yield '  <testsuite name="fastapi-lint" tests="1" failures="0" errors="0">'
        yield '    <testcase name="all checks passed" classname="fastapi-lint"/>'
        yield "  </testsuite>"
    for filename, group in groupby(report.diagnostics, key=lambda each: each.filename):
        members = list(group)
        path = quoteattr(printable(filename))
        yield f'  <testsuite name={path} tests="{len(members)}" failures="{len(members)}" errors="0">'
        for each in members:
            row, column = each.location.row, each.location.column
            message = printable(each.message)
            name = quoteattr(f"{each.code} {each.name}")
            yield f'    <testcase name={name} classname={path} file={path} line="{row}" column="{column}">'
            text = escape(f"line {row}, column {column}: {message}")
            yield f"      <failure type={quoteattr(each.severity.value)} message={quoteattr(message)}>{text}</failure>"
            yield "    </testcase>"
        yield "  </testsuite>"
    yield "</testsuites>"
