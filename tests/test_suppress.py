"""Suppression comments: what they silence, and what becomes of those that silence nothing."""

from __future__ import annotations

import textwrap

import msgspec
import pytest

from fastapi_lint.diagnostic import Diagnostic, Position, Severity
from fastapi_lint.source import SourceFile
from fastapi_lint.suppress import Kind, Suppressions, apply, parse_suppressions, unused

NAMES = {"FAL101": "blocking-sleep", "FAL102": "blocking-http", "FAL001": "unreadable-source", "ACM101": "acme-thing"}
KNOWN = {name: code for code, name in NAMES.items()}


def diagnostic(row: int, code: str = "FAL101", end_row: int | None = None) -> Diagnostic:
    end = Position(end_row or row, 9)
    return Diagnostic(code, NAMES[code], Severity.ERROR, "message", "app.py", Position(row, 5), end)


def silenced(text: str, each: Diagnostic) -> bool:
    kept, used = apply([each], parse_suppressions(text))
    assert bool(used) is not bool(kept)
    return not kept


def judge(
    text: str, *diagnostics: Diagnostic, active: tuple[str, ...] = tuple(NAMES), narrowed: bool = False
) -> list[str]:
    suppressions = parse_suppressions(text)
    _, used = apply(diagnostics, suppressions)
    return [each.message for each in unused("app.py", suppressions, used, KNOWN, active, narrowed)]


def repaired(text: str, *diagnostics: Diagnostic) -> str:
    """The text with all fixes of unused suppressions applied, the last one first."""
    suppressions = parse_suppressions(text)
    _, used = apply(diagnostics, suppressions)
    source = SourceFile("app.py", text.encode())
    for each in reversed(unused("app.py", suppressions, used, KNOWN, tuple(NAMES))):
        assert each.fix is not None
        edit = each.fix.edits[0]
        start, end = source.offset(edit.location), source.offset(edit.end_location)
        text = text[:start] + edit.content + text[end:]
    return text


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa", True),
        ("#noqa", True),
        ("# NoQA", True),
        ("# noqa: FAL101", True),
        ("# noqa:FAL101", True),
        ("# noqa : fal101", True),
        ("# noqa: E501, FAL101", True),
        ("# noqa: E501 FAL101", True),
        ("# noqa: FAL1", True),
        ("# noqa: FAL101 because it is cheap", True),
        ("# type: ignore # noqa: FAL101", True),
        ("# slow, but  # noqa: FAL101", True),
        ("# noqa: FAL102", False),
        ("# noqa: E501", False),
        ("# noqa: FAL1011", False),
        ("# noqact", False),
        ("# see noqa", False),
        ("# fastapi-lint: ignore", True),
        ("# fastapi-lint:ignore", True),
        ("# fastapi-lint: ignore[blocking-sleep]", True),
        ("# fastapi-lint: ignore[FAL102, blocking-sleep] -- only at start", True),
        ("# fastapi-lint: ignore[FAL1]", True),
        ("# fastapi-lint: ignore[blocking-http]", False),
        ("# fastapi-lint: ignored", False),
        ("# fastapi-lint: skip-file", False),  # only on a line of its own
        ("# ruff: noqa: FAL101", False),
        ("# flake8: noqa", False),
    ],
)
def test_comment_on_the_line(comment: str, expected: bool) -> None:
    assert silenced(f"time.sleep(1)  {comment}\n", diagnostic(1)) is expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# fastapi-lint: skip-file", True),
        ("# flake8: noqa", True),
        ("# ruff: noqa", True),
        ("# ruff: noqa: FAL101", True),
        ("# flake8: noqa: FAL102", False),
        ("# noqa", False),
        ("# fastapi-lint: ignore", False),
    ],
)
def test_comment_for_the_file(comment: str, expected: bool) -> None:
    assert silenced(f"import time\n  {comment}\n\ntime.sleep(1)\n", diagnostic(4)) is expected


def test_skips_file_only_without_codes() -> None:
    assert parse_suppressions("# ruff: noqa\n").skips_file
    assert not parse_suppressions("# ruff: noqa: FAL101\n").skips_file


def test_inside_strings_is_no_comment() -> None:
    text = textwrap.dedent(
        '''
        a = "# noqa"; time.sleep(1)
        b = """
        # fastapi-lint: skip-file
        """; time.sleep(1)
        c = r"\\" + '# noqa'; time.sleep(1)
        d = 'it\\'s # noqa'; time.sleep(1)
        e = f"{x['# noqa']}"; time.sleep(1)
        """doc ' # noqa"""; time.sleep(1)
        '''
    )
    assert parse_suppressions(text) == Suppressions()


def test_comment_after_strings_is_found() -> None:
    text = 'a = \'it\\\'s\' + """x\n\' """  # noqa\n'
    assert [(entry.row, entry.first, entry.last) for entry in parse_suppressions(text).entries] == [(2, 1, 2)]


MULTI_LINE = """\
await run(  # A
    helper(
        1,  # B
    ),
    other(),
)  # C
"""


@pytest.mark.parametrize(
    ("mark", "row", "end_row", "expected"),
    [
        ("A", 1, 6, True),
        ("A", 2, 4, True),  # the first line of the statement
        ("C", 2, 4, True),  # its last line
        ("C", 1, 6, True),
        ("B", 2, 4, False),
        ("B", 3, 3, True),
        ("B", 5, 5, False),
        ("B", 2, 3, True),  # the last line of the reported range
    ],
)
def test_statement_over_several_lines(mark: str, row: int, end_row: int, expected: bool) -> None:
    text = MULTI_LINE.replace(f"# {mark}", "# noqa")
    assert silenced(text, diagnostic(row, end_row=end_row)) is expected


def test_body_of_a_statement_is_not_covered_by_its_head() -> None:
    assert not silenced("for x in y:  # noqa\n    time.sleep(1)\n", diagnostic(2))


def test_backslash_joins_lines() -> None:
    assert silenced("x = 1 + \\\n    time.sleep(1)  # noqa\n", diagnostic(1))


def test_range_that_ends_before_the_first_column_ends_on_the_line_before() -> None:
    each = msgspec.structs.replace(diagnostic(1), end_location=Position(3, 1))
    assert not silenced("f()\ng()\nh()  # noqa\n", each)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = end.join(["x = '''", "'''", "time.sleep(1)  # noqa", ""])
    assert silenced(text, diagnostic(3))
    assert not silenced(text, diagnostic(2))


def test_broken_source_is_still_scanned() -> None:
    assert silenced("def f(:\n)]\ntime.sleep(1)  # noqa\nx = 'abc\n", diagnostic(3))
    assert not silenced(")]\ntime.sleep(1)\nf()  # noqa", diagnostic(2))


def test_unreadable_source_yields_only_to_comments_for_the_file() -> None:
    assert not silenced("def f(:  # noqa\n", diagnostic(1, "FAL001"))
    assert silenced("# fastapi-lint: skip-file\ndef f(:\n", diagnostic(2, "FAL001"))


def test_reason_is_kept() -> None:
    (entry,) = parse_suppressions("f()  # fastapi-lint: ignore[FAL101] -- start-up only  # type: ignore\n").entries
    assert (entry.kind, entry.reason) == (Kind.IGNORE, "start-up only")


def test_without_noqa_keeps_our_own() -> None:
    text = "f()  # noqa\ng()  # fastapi-lint: ignore\n# flake8: noqa\n# fastapi-lint: skip-file\n"
    assert [entry.kind for entry in parse_suppressions(text).without_noqa().entries] == [Kind.IGNORE, Kind.FILE_SKIP]


def test_plain_data_survives_msgpack() -> None:
    before = parse_suppressions("f()  # noqa: FAL101\n")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=Suppressions) == before


# -- unused


@pytest.mark.parametrize(
    ("comment", "messages"),
    [
        ("# noqa: FAL101", ["unused suppression: `FAL101` suppresses nothing"]),
        ("# noqa: FAL999", ["unused suppression: `FAL999` is not a rule"]),
        ("# noqa: ACM101", ["unused suppression: `ACM101` suppresses nothing"]),
        ("# noqa: E501, W291", []),
        ("# noqa", []),
        ("# noqa: FAL002", []),
        ("# noqa: FAL101, FAL002", []),
        ("# fastapi-lint: ignore", ["unused suppression: no diagnostic stands here"]),
        (
            "# fastapi-lint: ignore[blocking-sleep, nonsense]",
            ["unused suppression: `blocking-sleep` suppresses nothing, `nonsense` is not a rule"],
        ),
        ("# fastapi-lint: ignore[E501]", ["unused suppression: `E501` is not a rule"]),
    ],
)
def test_unused(comment: str, messages: list[str]) -> None:
    assert judge(f"f()  {comment}\n") == messages


def test_used_is_not_unused() -> None:
    assert judge("f()  # noqa: FAL1\n", diagnostic(1)) == []
    assert judge("f()  # fastapi-lint: ignore\n", diagnostic(1)) == []
    assert judge("# ruff: noqa: FAL101\nf()\n", diagnostic(2)) == []
    assert judge("f()  # noqa: FAL101 # fastapi-lint: ignore\n", diagnostic(1)) == []


def test_rules_that_did_not_run_are_not_judged() -> None:
    assert judge("f()  # noqa: FAL102\n", active=("FAL101",)) == []
    assert judge("f()  # fastapi-lint: ignore\n", active=("FAL101",), narrowed=True) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()  # noqa: FAL102\n", "f()\n"),
        ("f()  # noqa: FAL102", "f()"),
        ("f()  # noqa: FAL101, FAL102, E501\n", "f()  # noqa: FAL101, E501\n"),
        ("f()  # noqa: FAL102, E501  because\n", "f()  # noqa: E501  because\n"),
        ("f()  # noqa: FAL102 because\n", "f()  # because\n"),
        ("f()  # noqa: FAL102 -- reason\n", "f()\n"),
        ("f()  # noqa: FAL102  # type: ignore\n", "f()  # type: ignore\n"),
        ("f()  # type: ignore  # noqa: FAL102\n", "f()  # type: ignore\n"),
        ("f()  # fastapi-lint: ignore[blocking-http] -- why\ng()\n", "f()\ng()\n"),
        ("# ruff: noqa: FAL102\nf()\n", "f()\n"),
        ("f()\n    # noqa: FAL102", "f()\n"),
        ("f()\r\n# noqa: FAL102\r\ng()\r\n", "f()\r\ng()\r\n"),
    ],
)
def test_fix_removes_what_is_unused_and_nothing_else(before: str, after: str) -> None:
    assert repaired(before, diagnostic(1)) == after
