"""Facts of files that were seen before: no parsing of what has not changed.

One SQLite file, one row a content: the key is a hash of the bytes, of the node rules that ran in the walk, and of
this program's version and code. Rows hold msgpack records of a fixed schema, which cannot execute anything; a file
that is no cache is put aside and built anew. SQLite takes care of concurrent runs and of runs that are killed; where
the folder cannot be written the run goes on without a cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from fastapi_lint import __version__
from fastapi_lint.facts import ModuleFacts

FOLDER = ".fastapi_lint_cache"
_MOST_BYTES = 256 * 1024 * 1024
_BATCH = 500


class FactsCache:
    """A store of facts. Every method is safe to call after a failure: it then finds and keeps nothing."""

    def __init__(self, folder: Path, codes: Iterable[str]) -> None:
        self._folder = folder
        salt = "\n".join([__version__, sys.version.split()[0], *sorted(codes)]).encode()
        self._salt = hashlib.blake2b(salt + _code_of_extraction(), digest_size=32).digest()
        self._decoder = msgspec.msgpack.Decoder(ModuleFacts)
        self._encoder = msgspec.msgpack.Encoder()
        self._connection = self._open()

    def key(self, content: bytes) -> bytes:
        """The name under which the facts of this content are kept."""
        return hashlib.blake2b(content, digest_size=16, key=self._salt).digest()

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
        except sqlite3.DatabaseError:
            # not a database, or a broken one
            path.unlink(missing_ok=True)
            return _prepared(path)

    def load(self, keys: Iterable[bytes]) -> dict[bytes, ModuleFacts]:
        """The facts that are kept under these keys; records that do not fit the schema are passed over."""
        found: dict[bytes, ModuleFacts] = {}
        if self._connection is None:
            return found
        with contextlib.suppress(sqlite3.Error):
            for batch in _batches(list(keys)):
                marks = ",".join("?" * len(batch))
                rows = self._connection.execute(f"SELECT key, data FROM facts WHERE key IN ({marks})", batch)
                for key, data in rows:
                    with contextlib.suppress(msgspec.DecodeError):
                        found[key] = self._decoder.decode(data)
        return found

    def store(self, facts: Mapping[bytes, ModuleFacts]) -> None:
        """Keeps new facts; when the file grows too large the oldest half goes."""
        if self._connection is None or not facts:
            return
        rows = [(key, self._encoder.encode(value)) for key, value in facts.items()]
        with contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO facts (key, data) VALUES (?, ?)", rows)
            (size,) = self._connection.execute("SELECT total(length(data)) FROM facts").fetchone()
            if size > _MOST_BYTES:
                self._connection.execute(
                    "DELETE FROM facts WHERE rowid IN (SELECT rowid FROM facts ORDER BY rowid LIMIT "
                    "(SELECT count(*) / 2 FROM facts))"
                )

    def close(self) -> None:
        """Lets go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _code_of_extraction() -> bytes:
    """The code that makes facts: a checkout changes without a new version, and old facts may mean other things."""
    folder = Path(__file__).parent
    files = [
        folder / "facts.py",
        folder / "scopes.py",
        folder / "source.py",
        *sorted((folder / "extract").glob("*.py")),
    ]
    return b"".join(file.read_bytes() for file in files)


def _prepared(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a lost cache is only slow
        connection.execute("CREATE TABLE IF NOT EXISTS facts (key BLOB PRIMARY KEY, data BLOB NOT NULL)")
        connection.execute("SELECT key, data FROM facts LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _batches(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
