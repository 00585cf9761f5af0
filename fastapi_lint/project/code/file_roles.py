"""Which files are part of the application, and which only ever run beside it?"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

FileRole = Literal["tests", "benchmarks", "migrations", "scripts"]

_FOLDERS: dict[str, FileRole] = {
    "test": "tests",
    "tests": "tests",
    "testing": "tests",
    "e2e": "tests",
    "benchmark": "benchmarks",
    "benchmarks": "benchmarks",
    "bench": "benchmarks",
    "alembic": "migrations",
    "migrations": "migrations",
    "versions": "migrations",
}
_MIGRATION_PARENTS = frozenset({"alembic", "migrations", "migration"})
_FILES: tuple[tuple[re.Pattern[str], FileRole], ...] = (
    (re.compile(r"^(?:test_.*|.*_test|conftest)\.py$"), "tests"),
    (re.compile(r"^(?:locustfile|.*_benchmark|benchmark_.*)\.py$"), "benchmarks"),
    (re.compile(r"^(?:setup|noxfile)\.py$"), "scripts"),
)


def file_role(path: str) -> FileRole | None:
    """What a file is that does not run in a server; None for a file of the application.

    `path` is relative to the project root. A folder `versions` counts only below a folder of migrations: an API has
    versions, too.
    """
    parts = PurePosixPath(path).parts
    for number, part in enumerate(parts[:-1]):
        if part == "versions" and not (number and parts[number - 1] in _MIGRATION_PARENTS):
            continue
        if part in _FOLDERS:
            return _FOLDERS[part]
    return next((role for pattern, role in _FILES if pattern.match(parts[-1])), None)
