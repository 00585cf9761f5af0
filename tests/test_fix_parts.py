"""The parts of fixing that have an answer of their own: edits, moved places, damage, patches, writing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_lint.diagnostic import Edit, Position
from fastapi_lint.fix import Change
from fastapi_lint.fix.diff import unified_diff
from fastapi_lint.fix.edits import EditError, Splice, spliced, splices
from fastapi_lint.fix.guards import damage
from fastapi_lint.fix.places import FileEdits, Span
from fastapi_lint.fix.writing import WriteError, write_changes
from fastapi_lint.source import SourceFile


def source(text: str) -> SourceFile:
    return SourceFile("app.py", text.encode())


def edit(content: str, start: tuple[int, int], end: tuple[int, int]) -> Edit:
    return Edit(content, Position(*start), Position(*end))


# -- edits


def test_insertions_at_one_place_stay_in_order() -> None:
    file = source("abc\n")
    made = splices(file, [edit("1", (1, 2), (1, 2)), edit("2", (1, 2), (1, 2)), edit("X", (1, 2), (1, 3))])
    assert spliced(file, made).text == "a12Xc\n"


def test_the_end_of_a_line_and_the_line_after_the_last() -> None:
    file = source("a\nb\n")
    assert spliced(file, splices(file, [edit("x", (1, 2), (1, 2)), edit("y", (3, 1), (3, 1))])).text == "ax\nb\ny"
    assert spliced(file, splices(file, [edit("", (2, 1), (3, 1))])).text == "a\n"


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([edit("", (1, 3), (1, 2))], "ends before it begins"),
        ([edit("", (3, 2), (3, 2))], "outside of its line"),
        ([edit("", (1, 9), (1, 9))], "outside of its line"),
        ([edit("", (9, 1), (9, 1))], "outside of the file"),
        ([edit("", (0, 1), (1, 1))], "outside of the file"),
        ([edit("", (1, 0), (1, 1))], "outside of the file"),
        ([edit("x", (1, 1), (1, 3)), edit("y", (1, 2), (1, 4))], "overlap"),
        ([edit("x", (1, 1), (1, 3)), edit("y", (1, 1), (1, 3))], "overlap"),
    ],
)
def test_impossible_edits(edits: list[Edit], message: str) -> None:
    with pytest.raises(EditError, match=message):
        splices(source("abc\nd\n"), edits)


def test_edits_that_change_how_the_file_is_read_are_refused() -> None:
    file = source("x = 'é'\n")
    with pytest.raises(EditError, match="not be readable"):
        spliced(file, [Splice(0, 0, "# coding: latin-1\n")])
    with pytest.raises(EditError, match="not be readable"):
        spliced(file, [Splice(0, 0, "# coding: klingon\n")])


# -- places


def test_moved_places() -> None:
    before = source("ab cd ef\ngh\n")
    changes = (Splice(0, 0, "1\n"), Splice(3, 5, "XYZ"), Splice(9, 12, ""))
    edits = FileEdits(before, spliced(before, changes), changes)
    assert edits.after.text == "1\nab XYZ ef\n"

    def moved(row: int, column: int) -> tuple[tuple[int, int], tuple[int, int]]:
        span = edits.moved(Position(row, column))
        return (span.first.row, span.first.column), (span.last.row, span.last.column)

    assert moved(1, 1) == ((1, 1), (2, 1))  # before or behind what was inserted
    assert moved(1, 2) == ((2, 2), (2, 2))
    assert moved(1, 5) == ((2, 4), (2, 7))  # somewhere in the new text
    assert moved(1, 7) == ((2, 8), (2, 8))
    assert moved(2, 2) == ((3, 1), (3, 1))  # gone
    assert moved(9, 9) == ((3, 1), (3, 1))  # never was
    assert edits.new_rows(changes[0]).first == 1
    assert edits.new_rows(changes[1]).last == 2


def test_span() -> None:
    span = Span(Position(1, 4), Position(2, 2))
    assert [span.holds(Position(*at)) for at in ((1, 3), (1, 4), (1, 99), (2, 2), (2, 3))] == [
        False, True, True, True, False,
    ]  # fmt: skip


# -- damage


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("x = 1\n", "x = 2\n", None),
        ("x = 1\n", "x = = 2\n", "compile"),
        ("def f():\n    x = 1\n", "def f():\n    x = await g()\n", "compile"),
        ("x = 1\n", "import a\nfrom __future__ import annotations\n", "compile"),
        ("x = = 1\n", "x = = 2\n", None),
        ("x = 1  # why\n", "x = 2\n", "comment"),
        ("x = 1  # why\n", "# why\nx = 2\n", None),
        ("x = 1  # why\ny = 1  # why\n", "x = 1  # why\ny = 1\n", "comment"),
        ("x = '# no comment'\n", "x = 1\n", None),
        ('x = """\n# no comment\n"""\n', "x = 1\n", None),
    ],
)
def test_damage(before: str, after: str, expected: str | None) -> None:
    found = damage(source(before), source(after), ())
    assert expected in found if expected is not None and found is not None else found == expected


def test_a_comment_that_the_diagnostic_is_about_may_go() -> None:
    before, after = source("x = 1  # why\ny = 2  # keep\n"), source("x = 1\ny = 2  # keep\n")
    assert damage(before, after, [7]) is None
    assert damage(before, source("x = 1\ny = 2\n"), [7]) == "a comment would be lost"


def test_warnings_of_the_compiler_stay_silent(recwarn: pytest.WarningsRecorder) -> None:
    assert damage(source("x = 1 is 1\n"), source("x = 1 is 1; y = '\\d'\n"), ()) is None
    assert not recwarn.list


# -- patches


def test_patch_can_be_applied(tmp_path: Path) -> None:
    cases = {
        "plain.py": (b"a\nb\n", b"a\nc\n"),
        "crlf.py": (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        "latin.py": (b"# coding: latin-1\n'\xe9'\n", b"# coding: latin-1\n'\xe8'\n"),
        "no_newline.py": (b"a\nb", b"a\nc"),
        "newline_gone.py": (b"a\nb\n", b"a\nb"),
        "form\x0cfeed.py": (b"a\x0c\x1c\nb\n", b"a\x0c\x1c\nc\n"),
        "empty.py": (b"a\n", b""),
    }
    patch = b""
    for name, (before, after) in cases.items():
        (tmp_path / name).write_bytes(before)
        patch += b"".join(unified_diff(Change(name, before, after)))
    done = subprocess.run(["git", "apply", "-p0", "-"], input=patch, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr.decode() + patch.decode(errors="replace")
    for name, (_, after) in cases.items():
        if name != "empty.py":
            assert (tmp_path / name).read_bytes() == after


def test_no_change_is_no_patch() -> None:
    assert b"".join(unified_diff(Change("a.py", b"a\n", b"a\n"))) == b""


# -- writing


def change(path: Path, after: bytes = b"new\n") -> Change:
    return Change(str(path), path.read_bytes(), after)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a.py", "b.py", "c.py")]
    for path in paths:
        path.write_bytes(b"old\n")
    return paths


def untouched(folder: Path) -> bool:
    return {path.name: path.read_bytes() for path in folder.iterdir()} == dict.fromkeys(
        ("a.py", "b.py", "c.py"), b"old\n"
    )


def test_writing_keeps_the_mode_and_leaves_nothing_behind(files: list[Path]) -> None:
    files[0].chmod(0o751)
    write_changes([change(files[0]), change(files[1])])
    assert [path.read_bytes() for path in files] == [b"new\n", b"new\n", b"old\n"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o751
    assert sorted(path.name for path in files[0].parent.iterdir()) == ["a.py", "b.py", "c.py"]


def test_a_file_that_changed_meanwhile_keeps_what_it_has(files: list[Path]) -> None:
    changes = [change(path) for path in files]
    files[1].write_bytes(b"mine\n")
    with pytest.raises(WriteError, match=r"b\.py: not written: it was changed while fastapi-lint ran"):
        write_changes(changes)
    assert [path.read_bytes() for path in files] == [b"old\n", b"mine\n", b"old\n"]


def test_a_file_that_is_gone_stays_gone(files: list[Path]) -> None:
    changes = [change(path) for path in files]
    files[2].unlink()
    with pytest.raises(WriteError, match=r"c\.py: not written: No such file"):
        write_changes(changes)
    assert [path.exists() for path in files] == [True, True, False]
    assert files[0].read_bytes() == b"old\n"


def test_read_only_files_are_named_and_nothing_is_written(files: list[Path]) -> None:
    files[0].chmod(0o444)
    files[2].chmod(0o444)
    with pytest.raises(WriteError) as caught:
        write_changes([change(path) for path in files])
    assert str(caught.value).splitlines() == [
        f"{files[0]}: not written: it is read-only",
        f"{files[2]}: not written: it is read-only",
    ]
    assert untouched(files[0].parent)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_links_stay_links(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.py"
    link.symlink_to(files[0])
    write_changes([change(link)])
    assert link.is_symlink()
    assert files[0].read_bytes() == b"new\n"
    assert [path.name for path in (tmp_path / "links").iterdir()] == ["link.py"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_two_names_of_one_file(files: list[Path], tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(files[0])
    with pytest.raises(WriteError, match="is the same file, fixed differently"):
        write_changes([change(files[0]), change(link, b"other\n")])
    assert files[0].read_bytes() == b"old\n"
    write_changes([change(files[0]), change(link)])
    assert files[0].read_bytes() == b"new\n"


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_while_writing_changes_nothing(
    files: list[Path], failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, 0

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device"):
        write_changes([change(path) for path in files])
    assert untouched(files[0].parent)


@pytest.mark.parametrize("error", [PermissionError(13, "in use"), KeyboardInterrupt()])
def test_a_failure_while_replacing(files: list[Path], error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was replaced is set back; an interruption leaves each file either as it was or as it should be."""
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if target == files[1] and self.read_bytes() == b"new\n":
            raise error
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises((WriteError, KeyboardInterrupt)):
        write_changes([change(path) for path in files])
    found = [path.read_bytes() for path in files]
    assert found == ([b"old\n"] * 3 if isinstance(error, OSError) else [b"new\n", b"old\n", b"old\n"])
    assert len(list(files[0].parent.iterdir())) == 3


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a privileged user may write anywhere")
def test_a_folder_that_cannot_be_written_to(files: list[Path]) -> None:
    folder = files[0].parent
    folder.chmod(0o555)
    try:
        with pytest.raises(WriteError, match="Permission denied"):
            write_changes([change(files[0])])
    finally:
        folder.chmod(0o755)
    assert untouched(folder)


def test_a_plain_run_imports_nothing_of_fixing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "app.py").write_text("x = 1\n")
    code = (
        "import sys; from fastapi_lint.cli import main\n"
        "try: main(['-s', '--no-cache', sys.argv[1]])\n"
        "except SystemExit: print(any(name.startswith('fastapi_lint.fix') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"


def test_fixing_alone_imports_no_parser() -> None:
    code = "import sys, fastapi_lint.fix; print('libcst' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"
