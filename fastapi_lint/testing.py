"""Test cases in files: run the linter on a case and compare with the expectations in its comments.

A case is a file or a folder of files; a folder is a project of its own. A line that must be reported ends in
`# expect: FAL101` (several codes with commas); every other line must stay silent.
"""

from __future__ import annotations

import re
from pathlib import Path

from fastapi_lint.config import load_settings
from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.engine import CheckRequest, CheckResult, check, fix
from fastapi_lint.fix import Repaired

_EXPECT = re.compile(r"#\s*expect:\s*(FAL\d+(?:\s*,\s*FAL\d+)*)")

Marks = set[tuple[str, int, str]]
"""What is expected or reported: file relative to the case's folder, row, code."""


def case_files(case: Path) -> list[Path]:
    """The Python files of a case."""
    return [case] if case.is_file() else sorted(case.rglob("*.py"))


def case_root(case: Path) -> Path:
    """The folder that is the project of a case."""
    return case.parent if case.is_file() else case


def expectations(case: Path) -> Marks:
    """What the comments of a case ask for."""
    marks: Marks = set()
    for file in case_files(case):
        name = file.relative_to(case_root(case)).as_posix()
        for row, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            found = _EXPECT.search(line)
            if found:
                marks.update((name, row, code.strip()) for code in found.group(1).split(","))
    return marks


def run_case(case: Path, select: tuple[str, ...]) -> CheckResult:
    """Lints a case with the given rules. A file is linted alone, as if its folder held nothing else."""
    return check(_request(case, select))


def fix_case(case: Path, select: tuple[str, ...], unsafe: bool) -> Repaired[CheckResult]:
    """Applies the fixes of these rules to a case, in memory."""
    return fix(_request(case, select), unsafe)


def _request(case: Path, select: tuple[str, ...]) -> CheckRequest:
    root = case_root(case)
    settings = load_settings(
        [case], root, isolated=True, overrides={"select": list(select), "exclude": [], "cache": False}
    )
    if case.is_file():
        return CheckRequest((), settings, case.parent / "__case__", (str(case), case.read_bytes()))
    return CheckRequest((case,), settings, case)


def reported(case: Path, diagnostics: tuple[Diagnostic, ...]) -> Marks:
    """The diagnostics in the form of `expectations`."""
    root = case_root(case)
    return {(Path(d.filename).relative_to(root).as_posix(), d.location.row, d.code) for d in diagnostics}
