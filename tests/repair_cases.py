"""Runs rules on small projects, computes their fixes, and applies them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from fastapi_lint.catalogue import load_catalogue
from fastapi_lint.diagnostic import Edit, Fix
from fastapi_lint.extract import extract
from fastapi_lint.project import Project
from fastapi_lint.registry import load_rules
from fastapi_lint.repair import OffloadStyle, Opener
from fastapi_lint.rule import Report
from fastapi_lint.source import SourceFile

CATALOGUE = load_catalogue()
RULES = load_rules()


class Repaired:
    """The reports of some rules on some files, each with its fix."""

    def __init__(self, files: Mapping[str, str | bytes], codes: Iterable[str], style: OffloadStyle = "auto") -> None:
        self.contents = {key: text if isinstance(text, bytes) else text.encode() for key, text in files.items()}
        facts = [(key, extract(SourceFile(key, content))) for key, content in self.contents.items()]
        project = Project(facts, CATALOGUE)
        opener = Opener(project, self.contents.__getitem__, style)
        self.found: list[tuple[str, Report, Fix | None]] = []
        for rule in RULES.project_rules():
            if rule.code in codes:
                self.found += [(rule.code, report, rule.repair(report, opener)) for report in rule.check(project)]
        self.found.sort(key=lambda one: (one[1].spot.path, one[1].spot.place.row, one[1].spot.place.column))

    @property
    def fixes(self) -> list[Fix]:
        return [fix for _, _, fix in self.found if fix is not None]

    def text(self, key: str) -> str:
        """A file without its byte order mark, as edits count."""
        return SourceFile(key, self.contents[key]).text


def apply(source: SourceFile, edits: Iterable[Edit]) -> str:
    """A text with edits applied; they must not overlap."""
    text = source.text
    spans = sorted((source.offset(edit.location), source.offset(edit.end_location), edit.content) for edit in edits)
    for (_, end, _), (start, _, _) in pairwise(spans):
        assert end <= start, "edits overlap"
    for start, end, content in reversed(spans):
        text = text[:start] + content + text[end:]
    return text


def apply_one(text: str | bytes, fix: Fix) -> str:
    """A file after one fix; it must compile."""
    source = SourceFile("app.py", text if isinstance(text, bytes) else text.encode())
    fixed = apply(source, fix.edits)
    compile(fixed, "app.py", "exec", dont_inherit=True)  # unlike a parser, it knows where `await` may stand
    return fixed


def apply_round(text: str, fixes: Iterable[Fix]) -> str:
    """A file after all of the fixes that do not meet; what several of them want is done once."""
    source = SourceFile("app.py", text.encode())
    taken: dict[tuple[int, int, str], Edit] = {}
    for fix in fixes:
        own = {(source.offset(e.location), source.offset(e.end_location), e.content): e for e in fix.edits}
        new, others = own.keys() - taken.keys(), taken.keys() - own.keys()
        if not any(_touch(span, other) for span in new for other in others):
            taken.update(own)
    return apply(source, taken.values())


def _touch(first: tuple[int, int, str], second: tuple[int, int, str]) -> bool:
    return first[0] <= second[1] and second[0] <= first[1]


def fixed_to_the_end(text: str, codes: Iterable[str], style: OffloadStyle = "auto") -> str:
    """A single file after round upon round, until nothing changes."""
    wanted = list(codes)
    for _ in range(10):
        repaired = apply_round(text, Repaired({"app.py": text}, wanted, style).fixes)
        compile(repaired, "app.py", "exec", dont_inherit=True)
        if repaired == text:
            return text
        text = repaired
    raise AssertionError("does not come to an end")
