"""The file that everything is kept in.

One SQLite file takes care of concurrent runs and of runs that are killed. A file that is no cache is put aside and
built anew; where the folder cannot be written, the run goes on without a cache.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

FOLDER = ".fastapi_lint_cache"
_PATIENCE = 300
_TABLES = (
    "CREATE TABLE IF NOT EXISTS facts (key BLOB PRIMARY KEY, data BLOB NOT NULL, shape BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS analyses (key BLOB PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS states (shape BLOB PRIMARY KEY, analysis BLOB NOT NULL, digests BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS fixes (key BLOB PRIMARY KEY, analysis BLOB NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS catalogue (key BLOB PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS contents (root TEXT PRIMARY KEY, data BLOB NOT NULL)",
)


class Database:
    """Rows by key. Every method is safe to call after a failure: it then finds and keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection | None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            ignore = self._folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("# Made by fastapi-lint; safe to delete.\n*\n", encoding="utf-8")
            return self._connect()
        except (OSError, sqlite3.Error):
            return None

    def _connect(self) -> sqlite3.Connection:
        path = self._folder / "facts.sqlite"
        try:
            return _prepared(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
                raise  # busy for too long, or not to be written
            # not a database, a broken one, or somebody else's
            path.unlink(missing_ok=True)
            return _prepared(path)

    def rows(self, statement: str, values: list[object]) -> list[tuple[bytes, ...]]:
        """What a query gives; nothing if it fails."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                return self._connection.execute(statement, values).fetchall()
        return []

    def change(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        """Runs a statement for each row, all of them or none."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error), self._connection:
                self._connection.executemany(statement, rows)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time gets in; whoever was waiting finds what the one before him has kept.

        The lock goes with its process, however that ends. Nobody waits for ever.
        """
        lock = None
        if self._connection is not None:
            with contextlib.suppress(OSError, sqlite3.Error):
                lock = sqlite3.connect(self._folder / "lock.sqlite", timeout=_PATIENCE, isolation_level=None)
                lock.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            if lock is not None:
                lock.close()

    def close(self) -> None:
        """Lets go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepared(path: Path) -> sqlite3.Connection:
    # Opened in one thread and used in another (see deep_stack), though never in both at the same time.
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a lost cache is only slow
        for table in _TABLES:
            connection.execute(table)
        connection.execute("SELECT key, data, shape FROM facts LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
