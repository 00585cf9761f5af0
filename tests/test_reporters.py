"""Output formats, on made-up diagnostics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fastapi_lint.diagnostic import (
    Applicability,
    Diagnostic,
    Edit,
    EntryPointLabel,
    Fix,
    Hop,
    Position,
    Severity,
)
from fastapi_lint.reporters import FORMATS, Report, counts, read_source, render, statistics, summary
from fastapi_lint.reporters.report import RuleSummary
from fastapi_lint.reporters.style import printable, width

SOURCE = """\
import time

async def items():
    rows = 1
    time.sleep(1)
    return rows

x = 1
"""
SLEEP = Diagnostic(
    code="FAL101",
    name="blocking-sleep",
    severity=Severity.ERROR,
    message="`time.sleep` blocks the event loop",
    filename="app/main.py",
    location=Position(5, 5),
    end_location=Position(5, 18),
    fix=Fix(
        Applicability.SAFE,
        "Await `asyncio.sleep`",
        (Edit("await asyncio.sleep(1)", Position(5, 5), Position(5, 18)),),
    ),
    chain=(Hop("app/main.py", 5, 5, "`items` runs `nap`"), Hop("app/nap.py", 2, 1, "`nap` runs `time.sleep`")),
    entry_points=(EntryPointLabel("route", "GET /items"),),
)
GLOBAL = Diagnostic(
    "FAL301",
    "mutable-global",
    Severity.WARNING,
    "50% of a: b,\nc",
    "app/main.py",
    Position(8, 1),
    Position(9, 1),
)


def report(*diagnostics: Diagnostic, source: str | None = SOURCE, **options: Any) -> Report:
    lines = source.split("\n") if source is not None else None
    return Report(diagnostics=diagnostics, lines=lambda _name: lines, **options)


def text(*diagnostics: Diagnostic, output_format: str = "text", **options: Any) -> str:
    return "\n".join(render(report(*diagnostics, **options), output_format))


def at(row: int, start: int, end: int) -> Diagnostic:
    return Diagnostic("FAL101", "n", Severity.INFO, "m", "a.py", Position(row, start), Position(row, end))


def caret_column(output: str) -> tuple[str, int, int]:
    """The marked line without its gutter, and the cells from and to which carets stand."""
    lines = output.splitlines()
    index = next(number for number, line in enumerate(lines) if "^" in line)
    gutter = lines[index].index("|") + 2
    carets = lines[index][gutter:]
    return lines[index - 1][gutter:], carets.index("^"), len(carets)


def test_text() -> None:
    assert text(SLEEP).splitlines() == [
        "error[FAL101] [*]: `time.sleep` blocks the event loop (blocking-sleep)",
        " --> app/main.py:5:5",
        "  |",
        "3 | async def items():",
        "4 |     rows = 1",
        "5 |     time.sleep(1)",
        "  |     ^^^^^^^^^^^^^",
        "6 |     return rows",
        "  |",
        "  = runs for: GET /items (route)",
        "  = chain: app/main.py:5:5: `items` runs `nap`",
        "           app/nap.py:2:1: `nap` runs `time.sleep`",
        "  = help: Await `asyncio.sleep` (safe fix)",
    ]


def test_text_without_source_has_no_frame() -> None:
    lines = text(SLEEP, source=None).splitlines()
    assert lines[1] == " --> app/main.py:5:5"
    assert lines[2].startswith("  = runs for")
    assert "^" not in text(SLEEP, source="only\ntwo")


def test_text_of_many_entry_points_names_the_first() -> None:
    labels = tuple(EntryPointLabel("route", f"GET /{number}") for number in range(5))
    each = Diagnostic("C1", "n", Severity.INFO, "m", "a.py", Position(1, 1), Position(1, 2), None, (), labels)
    assert "runs for: GET /0 (route), GET /1 (route), GET /2 (route) and 2 more" in text(each)


def test_carets_stand_under_the_code_whatever_its_width() -> None:
    assert caret_column(text(at(1, 2, 6), source="\tcall()")) == ("    call()", 4, 8)
    line, start, end = caret_column(text(at(1, 8, 12), source='f("日本", call())'))
    assert (line, start, end) == ('f("日本", call())', 9, 13)
    line, start, end = caret_column(text(at(1, 5, 9), source='"e\u0301" call()'))
    assert (start, end) == (3, 7)


def test_range_over_several_lines_is_marked_to_the_end_of_its_first_line() -> None:
    each = Diagnostic("C1", "n", Severity.INFO, "m", "a.py", Position(1, 5), Position(3, 2))
    assert caret_column(text(each, source="x = call(  \n  1\n)")) == ("x = call(", 4, 9)


def test_empty_range_at_the_end_of_a_line_still_has_a_caret() -> None:
    assert caret_column(text(at(1, 4, 4), source="abc")) == ("abc", 3, 4)


@pytest.mark.parametrize("start", [1, 150, 590])
def test_long_lines_are_cropped_around_the_carets(start: int) -> None:
    source = "".join(chr(ord("a") + number % 26) for number in range(600))
    output = text(at(1, start, start + 10), source=source, width=80)
    assert max(map(len, output.splitlines())) <= 80
    line, first, last = caret_column(output)
    assert line[first:last] == source[start - 1 : start + 9]


def test_wide_characters_are_cropped_by_cells() -> None:
    output = text(at(1, 100, 104), source="日" * 200, width=80)
    assert max(map(width, output.splitlines())) <= 80


def test_source_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in text(at(1, 1, 2), source="x = '\x1b[31m\x00\u202e'")
    assert (
        printable("a\x1b\tb\u202e\r")
        == "a\N{REPLACEMENT CHARACTER}    b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.parametrize("output_format", ["text", "concise"])
def test_colours_only_on_request(output_format: str) -> None:
    assert "\x1b[" not in text(SLEEP, output_format=output_format)
    assert "\x1b[1;31m" in text(SLEEP, output_format=output_format, colour=True)


def test_full_is_text() -> None:
    assert text(SLEEP, output_format="full") == text(SLEEP)


def test_concise() -> None:
    assert text(SLEEP, at(1, 2, 3), output_format="concise").splitlines() == [
        "app/main.py:5:5: FAL101 [*] [blocking-sleep] `time.sleep` blocks the event loop",
        "a.py:1:2: FAL101 [n] m",
    ]


def test_json_has_the_documented_form() -> None:
    first, second = json.loads(text(SLEEP, GLOBAL, output_format="json"))
    start, end = {"row": 5, "column": 5}, {"row": 5, "column": 18}
    assert first == {
        "code": "FAL101",
        "name": "blocking-sleep",
        "severity": "error",
        "message": "`time.sleep` blocks the event loop",
        "filename": "app/main.py",
        "location": start,
        "end_location": end,
        "url": None,
        "fix": {
            "applicability": "safe",
            "message": "Await `asyncio.sleep`",
            "edits": [{"content": "await asyncio.sleep(1)", "location": start, "end_location": end}],
        },
        "chain": [
            {"filename": "app/main.py", "row": 5, "column": 5, "text": "`items` runs `nap`"},
            {"filename": "app/nap.py", "row": 2, "column": 1, "text": "`nap` runs `time.sleep`"},
        ],
        "entry_points": [{"kind": "route", "label": "GET /items"}],
    }
    assert (second["fix"], second["chain"], second["entry_points"]) == (None, [], [])


def test_json_lines_are_the_same_objects() -> None:
    lines = text(SLEEP, GLOBAL, output_format="json-lines").splitlines()
    assert [json.loads(line) for line in lines] == json.loads(text(SLEEP, GLOBAL, output_format="json"))


def test_github_escapes() -> None:
    assert text(SLEEP, GLOBAL, output_format="github").splitlines() == [
        (
            "::error title=fastapi-lint (FAL101),file=app/main.py,line=5,col=5,endLine=5,endColumn=18"
            "::app/main.py:5:5: FAL101 `time.sleep` blocks the event loop"
        ),
        (
            "::warning title=fastapi-lint (FAL301),file=app/main.py,line=8,endLine=9"
            "::app/main.py:8:1: FAL301 50%25 of a: b,%0Ac"
        ),
    ]


def test_github_properties_escape_separators() -> None:
    each = Diagnostic("C1", "n", Severity.INFO, "m", "a,b:c.py", Position(1, 1), Position(1, 2))
    assert "::notice title=fastapi-lint (C1),file=a%2Cb%3Ac.py,line=1" in text(each, output_format="github")


def test_gitlab_fingerprints_are_unique_and_survive_moved_lines() -> None:
    def prints(*diagnostics: Diagnostic, source: str) -> list[str]:
        entries = json.loads(text(*diagnostics, output_format="gitlab", source=source))
        return [entry["fingerprint"] for entry in entries]

    before = prints(at(1, 1, 4), at(2, 1, 4), source="f()\nf()\n")
    after = prints(at(3, 1, 4), at(4, 1, 4), source="\n\nf()\nf()\n")
    assert before == after
    assert len(set(before)) == 2
    (entry,) = json.loads(text(SLEEP, output_format="gitlab"))
    assert entry["severity"] == "major"
    assert entry["location"]["positions"]["begin"] == {"line": 5, "column": 5}


def test_sarif() -> None:
    rules = (RuleSummary("FAL101", "blocking-sleep", "Sleeps.", "error"), RuleSummary("FAL102", "x", "y", "info"))
    document = json.loads(text(SLEEP, GLOBAL, output_format="sarif", rules=rules, folder=Path("/repo")))
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["FAL101"]
    sleep, state = run["results"]
    place = sleep["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "app/main.py"
    assert place["region"] == {"startLine": 5, "startColumn": 5, "endLine": 5, "endColumn": 18}
    flow = sleep["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in flow] == [hop.text for hop in SLEEP.chain]
    assert sleep["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"].startswith("await")
    assert (state["level"], "codeFlows" in state, "fixes" in state) == ("warning", False, False)


def test_sarif_paths_outside_the_folder_are_uris() -> None:
    each = Diagnostic("C1", "n", Severity.INFO, "m", "/else where/a.py", Position(1, 1), Position(1, 2))
    (run,) = json.loads(text(each, output_format="sarif", folder=Path("/repo")))["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "file:///else%20where/a.py"


def test_junit_is_well_formed() -> None:
    nasty = Diagnostic("C1", "n", Severity.INFO, '<a & "b"> \x00', "b.py", Position(1, 1), Position(1, 2))
    root = ET.fromstring(text(SLEEP, GLOBAL, nasty, output_format="junit"))
    assert [suite.get("name") for suite in root] == ["app/main.py", "b.py"]
    assert (root.get("tests"), root.get("failures")) == ("3", "3")
    failure = root.find("./testsuite[@name='b.py']/testcase/failure")
    assert failure is not None and failure.get("message") == '<a & "b"> \N{REPLACEMENT CHARACTER}'
    clean = ET.fromstring(text(output_format="junit"))
    assert (clean.get("tests"), clean.get("failures"), len(clean.findall(".//testcase"))) == ("1", "0", 1)


@pytest.mark.parametrize("output_format", FORMATS)
def test_every_format_takes_nothing_and_something(output_format: str) -> None:
    empty, some = text(output_format=output_format), text(SLEEP, GLOBAL, output_format=output_format)
    assert "FAL101" not in empty
    assert "FAL101" in some and "FAL301" in some


def test_summary() -> None:
    assert summary([]) == "All checks passed!"
    assert summary([SLEEP]) == "Found 1 diagnostic (1 error, 0 warnings, 0 info)."
    assert summary([SLEEP, GLOBAL, GLOBAL]) == "Found 3 diagnostics (1 error, 2 warnings, 0 info)."


def test_statistics() -> None:
    many = [GLOBAL] * 11 + [SLEEP]
    assert [(each.code, each.count, each.fixable) for each in counts(many)] == [("FAL301", 11, 0), ("FAL101", 1, 1)]
    assert list(statistics(many, "text")) == ["11\tFAL301\t[ ] mutable-global", " 1\tFAL101\t[*] blocking-sleep"]
    assert json.loads("\n".join(statistics(many, "json")))[1] == {
        "code": "FAL101",
        "name": "blocking-sleep",
        "count": 1,
        "fixable": 1,
    }
    assert list(statistics([], "text")) == []


def test_read_source(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes("# coding: latin-1\r\nx = 'é'\r\n".encode("latin-1"))
    lines = read_source(("b.py", b"buffer\n"))
    assert lines(str(file)) == ["# coding: latin-1", "x = 'é'", ""]
    assert lines("b.py") == ["buffer", ""]
    assert lines(str(tmp_path / "missing.py")) is None
    file.write_bytes(b"\xff")
    assert read_source()(str(file)) is None
