"""The cases in `tests/fixtures`: where they are, which rules they run with, and what makes a case sloppy."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import libcst as cst

from fastapi_lint.testing import case_files, expectations

ROOT = Path(__file__).parent / "fixtures"
_FOLDER = re.compile(r"FAL\d{3}")
_OFF_BY_DEFAULT = ("FAL112",)
_NEWEST = (3, 14)


def rule_folders(root: Path = ROOT) -> list[Path]:
    """The folders of fixtures, one for each rule."""
    return sorted(folder for folder in root.iterdir() if _FOLDER.fullmatch(folder.name))


def cases_in(folder: Path) -> list[Path]:
    """The cases of one rule: Python files and folders."""
    found = (path for path in folder.iterdir() if not path.name.startswith(("__", ".")))
    return sorted(path for path in found if path.is_dir() or path.suffix == ".py")


def all_cases() -> list[Path]:
    """The cases of all rules."""
    return [case for folder in rule_folders() for case in cases_in(folder)]


def case_id(case: Path) -> str:
    """`FAL101/report_direct_route`."""
    return f"{case.parent.name}/{case.stem}"


def selection(case: Path) -> tuple[str, ...]:
    """A case runs with its whole family, so that no relative of the rule may report anything else."""
    code = case.parent.name
    return (code,) if code in _OFF_BY_DEFAULT else (code[:4],)


def body(file: Path) -> str:
    """The code of a file without layout, comments and docstring."""
    tree = ast.parse(file.read_bytes())
    if ast.get_docstring(tree, clean=False) is not None:
        del tree.body[0]
    return ast.dump(tree)


def parses(file: Path) -> bool:
    """Whether the file is valid Python: of this interpreter, or at least of the newest one that LibCST knows."""
    content = file.read_bytes()
    try:
        compile(content, str(file), "exec", dont_inherit=True)
    except SyntaxError:
        if sys.version_info >= _NEWEST:
            return False
        try:
            cst.parse_module(content)
        except cst.ParserSyntaxError:
            return False
    return True


def faults(case: Path) -> Iterator[str]:
    """What is sloppy about a case taken by itself."""
    files = case_files(case)
    expected = expectations(case)
    if not files:
        yield "holds no Python file"
    if not case.name.startswith(("report_", "silent_")):
        yield "is named neither report_* nor silent_*"
    if case.name.startswith("silent_") and expected:
        yield "is called silent and expects diagnostics"
    if case.name.startswith("report_") and case.parent.name not in {code for _, _, code in expected}:
        yield f"never expects {case.parent.name}"
    broken = [file for file in files if not parses(file)]
    yield from (f"does not compile: {file.name}" for file in broken)
    if not any(_has_docstring(file) for file in files):
        yield "has no docstring that says what it is about"


def _has_docstring(file: Path) -> bool:
    try:
        module = cst.parse_module(file.read_bytes())
    except cst.ParserSyntaxError:
        return False
    return bool(module.get_docstring())
