"""Which files are part of the application, and which only ever run beside it?"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_FOLDERS = frozenset(
    {"test", "tests", "testing", "e2e", "benchmark", "benchmarks", "bench", "alembic", "migrations", "versions"}
)
_MIGRATION_PARENTS = frozenset({"alembic", "migrations", "migration"})
_FILE = re.compile(r"^(?:test_.*|.*_test|conftest|setup|noxfile|locustfile|.*_benchmark|benchmark_.*)\.py$")


def serves(path: str) -> bool:
    """Whether code in this file may run in a server: not in tests, benchmarks and migrations.

    `path` is relative to the project root. A folder `versions` counts only below a folder of migrations: an API has
    versions, too.
    """
    parts = PurePosixPath(path).parts
    for number, part in enumerate(parts[:-1]):
        if part == "versions":
            if number and parts[number - 1] in _MIGRATION_PARENTS:
                return False
        elif part in _FOLDERS:
            return False
    return _FILE.match(parts[-1]) is None
