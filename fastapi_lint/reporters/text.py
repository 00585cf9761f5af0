"""The default output: each diagnostic with its lines of code, its chain and its fix."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.diagnostic import Applicability, Diagnostic
from fastapi_lint.reporters.report import Report
from fastapi_lint.reporters.style import SEVERITY_COLOUR, Style, printable, width

_CONTEXT = 2
_ENTRY_POINTS = 3
_ELLIPSIS = "..."
_FIX_WORDS = {
    Applicability.SAFE: "safe fix",
    Applicability.UNSAFE: "unsafe fix",
    Applicability.DISPLAY: "suggestion",
}


def render_text(report: Report) -> Iterator[str]:
    """Each diagnostic, followed by an empty line."""
    style = Style(report.colour)
    for diagnostic in report.diagnostics:
        yield from _diagnostic(diagnostic, report, style)
        yield ""


def _diagnostic(diagnostic: Diagnostic, report: Report, style: Style) -> Iterator[str]:
    colour = SEVERITY_COLOUR[diagnostic.severity]
    mark = " [*]" if diagnostic.fix is not None and diagnostic.fix.applies(report.unsafe_fixes) else ""
    head = style(f"{diagnostic.severity.value}[{diagnostic.code}]", colour, bold=True)
    yield f"{head}{style(mark, 'cyan')}: {style(printable(diagnostic.message), bold=True)} ({diagnostic.name})"
    frame = _Frame(diagnostic, report, style)
    at = diagnostic.location
    pointer = style("-->", "blue")
    yield f"{' ' * frame.gutter}{pointer} {printable(diagnostic.filename)}:{at.row}:{at.column}"
    yield from frame.lines()
    yield from _notes(diagnostic, " " * frame.gutter, style)


def _notes(diagnostic: Diagnostic, indent: str, style: Style) -> Iterator[str]:
    bullet = f"{indent} {style('=', 'blue')} "
    if diagnostic.entry_points:
        shown = [f"{each.label} ({each.kind})" for each in diagnostic.entry_points[:_ENTRY_POINTS]]
        more = len(diagnostic.entry_points) - len(shown)
        yield f"{bullet}runs for: {printable(', '.join(shown))}{f' and {more} more' if more else ''}"
    for number, hop in enumerate(diagnostic.chain):
        lead = f"{bullet}chain: " if number == 0 else f"{indent}{' ' * 10}"
        yield f"{lead}{printable(f'{hop.filename}:{hop.row}:{hop.column}: {hop.text}')}"
    if diagnostic.fix is not None:
        words = _FIX_WORDS[diagnostic.fix.applicability]
        yield f"{bullet}{style('help', 'green')}: {printable(diagnostic.fix.message)} ({words})"


class _Frame:
    """The reported lines with a few around them; carets under what the first line has of the reported range."""

    def __init__(self, diagnostic: Diagnostic, report: Report, style: Style) -> None:
        self.style = style
        self.colour = SEVERITY_COLOUR[diagnostic.severity]
        self.row = diagnostic.location.row
        all_lines = report.lines(diagnostic.filename) or []
        if self.row > len(all_lines):  # a file that changed meanwhile
            all_lines = []
        start, end = max(self.row - _CONTEXT, 1), min(self.row + _CONTEXT, len(all_lines))
        self.rows = {number: all_lines[number - 1] for number in range(start, end + 1)}
        while self.rows and not all(self.rows[edge].strip() for edge in (min(self.rows), max(self.rows))):
            edge = min(self.rows) if not self.rows[min(self.rows)].strip() else max(self.rows)
            if edge == self.row:
                break
            del self.rows[edge]
        self.gutter = len(str(max(self.rows, default=1)))
        self.room = max(report.width - self.gutter - 3, 40)
        self.first = diagnostic.location.column - 1
        one_line = diagnostic.end_location.row == self.row
        self.last = diagnostic.end_location.column - 1 if one_line else None

    def lines(self) -> Iterator[str]:
        if not self.rows:
            return
        bar = self.style("|", "blue")
        text = self.rows[self.row]
        before = printable(text[: self.first])
        marked = printable(text[self.first : self.last].rstrip()) or " "
        shift = self._shift(width(before), width(marked))
        yield f"{' ' * self.gutter} {bar}"
        for row, source in self.rows.items():
            number = self.style(f"{row:>{self.gutter}}", "blue")
            yield f"{number} {bar} {_crop(printable(source), shift, self.room)}".rstrip()
            if row == self.row:
                carets = " " * (width(before) - shift) + "^" * width(marked)
                yield f"{' ' * self.gutter} {bar} {self.style(carets[: self.room].rstrip(), self.colour, bold=True)}"
        yield f"{' ' * self.gutter} {bar}"

    def _shift(self, before: int, marked: int) -> int:
        """How many cells to cut at the left so that the carets fit into the line."""
        if before + min(marked, self.room // 2) <= self.room - len(_ELLIPSIS):
            return 0
        return before - self.room // 4


def _crop(text: str, shift: int, room: int) -> str:
    """The cells of `text` from `shift` on that fit into `room`, with dots where something is cut."""
    if not shift and width(text) <= room:
        return text
    cells, start, end = 0, len(text), len(text)
    for index, char in enumerate(text):
        if cells >= shift and start == len(text):
            start = index
        if cells + width(char) > shift + room:
            end = index
            break
        cells += width(char)
    cut = text[start:end]
    if shift:
        cut = _ELLIPSIS + cut[len(_ELLIPSIS) :]
    return cut[: -len(_ELLIPSIS)] + _ELLIPSIS if end < len(text) and len(cut) > len(_ELLIPSIS) else cut
