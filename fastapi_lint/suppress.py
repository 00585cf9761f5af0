"""Suppression comments: where they stand, what they silence, and which of them silence nothing.

`# noqa`, `# noqa: FAL101` and `# fastapi-lint: ignore[blocking-sleep] -- reason` hold for the statement they stand on;
`# fastapi-lint: skip-file`, `# flake8: noqa` and `# ruff: noqa: FAL101`, alone on a line, hold for the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum

import msgspec

from fastapi_lint.diagnostic import (
    Applicability,
    Diagnostic,
    Edit,
    Fix,
    Position,
    Severity,
)

_LINE_END = re.compile(r"\r\n?|\n")
# Strings are skipped whole, whatever their prefix: a backslash keeps a quote from ending even a raw string. A scanner
# of our own, because `tokenize` of an older host gives up on the syntax of a newer Python.
_TOKEN = re.compile(
    r"""(?s:\"\"\"(?:\\.|(?!\"\"\").)*(?:\"\"\"|\Z)|'''(?:\\.|(?!''').)*(?:'''|\Z))"""
    r"""|"(?:\\(?:\r\n|[\s\S])|[^"\\\r\n])*"|'(?:\\(?:\r\n|[\s\S])|[^'\\\r\n])*'"""
    r"""|(?P<comment>\#[^\r\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<joined>\\(?:\r\n?|\n))|(?P<end>\r\n?|\n)"""
)
_CODES = r"[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*"
_REASON = r"(?:\s*--\s*(?P<%s>[^#]*[^#\s]))?"
_DIRECTIVE = re.compile(
    rf"#\s*(?:(?P<tool>flake8|ruff)\s*[:=]\s*)?(?P<noqa>noqa)\b(?:\s*:\s*(?P<codes>{_CODES})\b)?{_REASON % 'reason'}"
    rf"|#\s*fastapi-lint\s*:\s*(?P<own>ignore|skip-file)\b(?:\s*\[(?P<names>[^\]#]*)\])?{_REASON % 'why'}",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[^\s,]+")
_OUR_CODE = re.compile(r"FAL[0-9]*", re.IGNORECASE)
_UNREADABLE = "FAL001"
UNUSED = "FAL002"


class Kind(str, Enum):
    """How a suppression is written and how far it reaches."""

    NOQA = "noqa"
    IGNORE = "ignore"
    FILE_NOQA = "file-noqa"
    FILE_SKIP = "file-skip"


class Item(msgspec.Struct, frozen=True):
    """One code, prefix of codes or name in a suppression's list, with its columns (1-based, `end` exclusive)."""

    text: str
    start: int
    end: int


class Suppression(msgspec.Struct, frozen=True):
    """One directive in a comment. Without `items` it silences every rule.

    It stands in `row` from column `start` to `end` (1-based, exclusive) and holds for the rows from `first` to `last`;
    `removal` takes it away and leaves what else the comment says a comment.
    """

    kind: Kind
    row: int
    start: int
    end: int
    items: tuple[Item, ...]
    reason: str | None
    first: int
    last: int
    removal: Edit

    @property
    def whole_file(self) -> bool:
        """Whether it holds for the file."""
        return self.kind in (Kind.FILE_NOQA, Kind.FILE_SKIP)


class Suppressions(msgspec.Struct, frozen=True):
    """All suppressions of a file, in order."""

    entries: tuple[Suppression, ...] = ()

    @property
    def skips_file(self) -> bool:
        """Whether nothing of this file is to be reported."""
        return any(entry.whole_file and not entry.items for entry in self.entries)

    def without_noqa(self) -> Suppressions:
        """Only those in this tool's own words: under flake8, noqa comments are flake8's business."""
        return Suppressions(tuple(entry for entry in self.entries if entry.kind in (Kind.IGNORE, Kind.FILE_SKIP)))


Used = set[tuple[int, int]]
"""What took effect: index of the suppression and index of the item (-1 where it has none)."""


def parse_suppressions(text: str) -> Suppressions:
    """The suppressions in a file's source text; what looks like one inside a string is none."""
    lowered = text.lower()
    if "noqa" not in lowered and "fastapi-lint" not in lowered:
        return Suppressions()
    return Suppressions(tuple(_entries(text)))


def apply(
    diagnostics: Iterable[Diagnostic], suppressions: Suppressions
) -> tuple[tuple[Diagnostic, ...], frozenset[tuple[int, int]]]:
    """The diagnostics of one file that remain, and what took effect (see `Used`)."""
    used: Used = set()
    kept = tuple(each for each in diagnostics if not _silenced(each, suppressions.entries, used))
    return kept, frozenset(used)


def _silenced(diagnostic: Diagnostic, entries: tuple[Suppression, ...], used: Used) -> bool:
    """Every suppression that fits counts as used, not only the first."""
    silenced = False
    for index, entry in enumerate(entries):
        if not _reaches(entry, diagnostic):
            continue
        hits = [at for at, item in enumerate(entry.items) if _means(item.text, diagnostic)]
        if hits or not entry.items:
            used.update((index, at) for at in hits or [-1])
            silenced = True
    return silenced


def _reaches(entry: Suppression, diagnostic: Diagnostic) -> bool:
    if entry.whole_file:
        return True
    if diagnostic.code == _UNREADABLE:
        return False
    start, end = diagnostic.location, diagnostic.end_location
    last = end.row - 1 if end.column == 1 and end.row > start.row else end.row
    return entry.first <= start.row <= entry.last or entry.row == last


def _means(item: str, diagnostic: Diagnostic) -> bool:
    return diagnostic.code.startswith(item.upper()) or diagnostic.name == item


def unused(
    filename: str,
    suppressions: Suppressions,
    used: Collection[tuple[int, int]],
    known: Mapping[str, str],
    active: Collection[str],
    narrowed: bool = False,
) -> tuple[Diagnostic, ...]:
    """A FAL002 diagnostic for each suppression, or part of one, that silences nothing.

    `known` maps the names of all rules to their codes, `active` are the codes that ran: a suppression of a rule that
    did not run may be needed. `narrowed` says that not all rules ran that usually do: then no `ignore` without a list
    is judged.
    """
    found = []
    for index, entry in enumerate(suppressions.entries):
        if any(item.text.upper() == UNUSED for item in entry.items) or entry.kind is Kind.FILE_SKIP:
            continue
        if not entry.items:
            if entry.kind is Kind.IGNORE and not narrowed and (index, -1) not in used:
                found.append(_report(filename, entry, (), "unused suppression: no diagnostic stands here"))
            continue
        idle = [at for at in range(len(entry.items)) if (index, at) not in used]
        verdicts = {at: _verdict(entry, entry.items[at].text, known, active) for at in idle}
        wrong = {at: verdict for at, verdict in verdicts.items() if verdict is not None}
        if wrong:
            parts = [f"`{entry.items[at].text}` {verdict}" for at, verdict in wrong.items()]
            found.append(_report(filename, entry, tuple(wrong), f"unused suppression: {', '.join(parts)}"))
    return tuple(found)


def _verdict(entry: Suppression, item: str, known: Mapping[str, str], active: Collection[str]) -> str | None:
    """What is wrong with an item that silenced nothing; None where it is none of our business or did not get a try."""
    codes = {known[item]} if item in known else {code for code in known.values() if code.startswith(item.upper())}
    if codes:
        return "suppresses nothing" if codes & set(active) else None
    foreign = entry.kind is not Kind.IGNORE and not _OUR_CODE.fullmatch(item)
    return None if foreign else "is not a rule"


def _report(filename: str, entry: Suppression, items: tuple[int, ...], message: str) -> Diagnostic:
    remaining = [item.text for at, item in enumerate(entry.items) if at not in items]
    if remaining:
        start, end = entry.items[0].start, entry.items[-1].end
        edit = Edit(", ".join(remaining), Position(entry.row, start), Position(entry.row, end))
    else:
        edit = entry.removal
    return Diagnostic(
        code=UNUSED,
        name="unused-suppression",
        severity=Severity.WARNING,
        message=message,
        filename=filename,
        location=Position(entry.row, entry.start),
        end_location=Position(entry.row, entry.end),
        fix=Fix(Applicability.SAFE, "Remove the unused suppression", (edit,)),
    )


def _entries(text: str) -> Iterator[Suppression]:
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    for comment, first, last in _comments(text, starts):
        offset = comment.start()
        row = bisect_right(starts, offset)
        line = starts[row - 1]
        alone = not text[line:offset].strip()
        for match in _DIRECTIVE.finditer(comment.group()):
            kind = _kind(match, alone)
            if kind is None:
                continue
            span = (first, last) if row in (first, last) else (row, row)
            yield _entry(match, kind, row, span, text[line:offset], row == len(starts))


def _kind(match: re.Match[str], alone: bool) -> Kind | None:
    if match["own"]:
        return Kind.IGNORE if match["own"].lower() == "ignore" else Kind.FILE_SKIP if alone else None
    if match["tool"]:
        return Kind.FILE_NOQA if alone else None
    return Kind.NOQA


def _entry(
    match: re.Match[str], kind: Kind, row: int, span: tuple[int, int], before: str, final_line: bool
) -> Suppression:
    group = "codes" if match["noqa"] else "names"
    base = len(before) + 1
    items: tuple[Item, ...] = ()
    if match[group]:
        at = base + match.start(group)
        items = tuple(Item(i.group(), at + i.start(), at + i.end()) for i in _ITEM.finditer(match[group]))
    return Suppression(
        kind=kind,
        row=row,
        start=base + match.start(),
        end=base + match.end(),
        items=items,
        reason=match["reason"] or match["why"],
        first=span[0],
        last=span[1],
        removal=_removal(match, row, before, final_line),
    )


def _removal(match: re.Match[str], row: int, before: str, final_line: bool) -> Edit:
    comment = match.string
    rest = comment[match.end() :].lstrip()
    end = Position(row, len(before) + len(comment) + 1)
    if rest:
        start = Position(row, len(before) + match.start() + 1)
        return Edit("" if rest.startswith("#") else "# ", start, Position(row, end.column - len(rest)))
    kept = (before + comment[: match.start()]).rstrip()
    if kept or final_line:
        return Edit("", Position(row, len(kept) + 1), end)
    return Edit("", Position(row, 1), Position(row + 1, 1))


def _comments(text: str, starts: list[int]) -> Iterator[tuple[re.Match[str], int, int]]:
    """Each comment with the first and the last row of the logical line it stands on."""
    depth, begin, pending = 0, 0, []
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "comment":
            pending.append(token)
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "end" and depth == 0:
            yield from _on_line(pending, starts, begin, token.start())
            begin, pending = token.end(), []
    yield from _on_line(pending, starts, begin, len(text))


def _on_line(
    pending: list[re.Match[str]], starts: list[int], begin: int, end: int
) -> Iterator[tuple[re.Match[str], int, int]]:
    if pending:
        first, last = bisect_right(starts, begin), bisect_right(starts, end)
        for comment in pending:
            yield comment, first, last
