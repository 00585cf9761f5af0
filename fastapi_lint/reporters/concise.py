"""One line for each diagnostic."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.reporters.report import Report
from fastapi_lint.reporters.style import SEVERITY_COLOUR, Style, printable


def render_concise(report: Report) -> Iterator[str]:
    """`path:row:column: CODE [name] message`, with `[*]` after the code where `--fix` would repair it."""
    style = Style(report.colour)
    for each in report.diagnostics:
        code = style(each.code, SEVERITY_COLOUR[each.severity], bold=True)
        mark = " [*]" if each.fix is not None and each.fix.applies(report.unsafe_fixes) else ""
        place = f"{style(printable(each.filename), bold=True)}:{each.location.row}:{each.location.column}"
        yield f"{place}: {code}{style(mark, 'cyan')} [{each.name}] {printable(each.message)}"
