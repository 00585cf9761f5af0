"""Facts of files that were seen before: no parsing of what has not changed.

One row a content: the key is a hash of the bytes, of the node rules that ran in the walk, and of this program's version
and code. Rows hold msgpack records of a fixed schema, which cannot execute anything, and the shape of the facts.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from fastapi_lint import __version__
from fastapi_lint.cache.database import Database
from fastapi_lint.facts import ModuleFacts
from fastapi_lint.shared_strings import SharedStrings

_MOST_BYTES = 256 * 1024 * 1024
_BATCH = 500


def shape(facts: ModuleFacts) -> bytes:
    """Stands for facts without their places: comments, blank lines and layout do not change it."""
    unplaced = msgspec.structs.replace(facts, packed_places=b"")
    content = msgspec.msgpack.encode((len(facts.places), unplaced))
    return hashlib.blake2b(content, digest_size=16).digest()


class FactsCache:
    """A store of facts by content."""

    def __init__(self, database: Database, codes: Iterable[str]) -> None:
        self._database = database
        salt = "\n".join([__version__, sys.version.split()[0], *sorted(codes)]).encode()
        self._salt = hashlib.blake2b(salt + _code_of_extraction(), digest_size=32).digest()
        self._decoder = msgspec.msgpack.Decoder(ModuleFacts)
        self._strings = SharedStrings()
        self._encoder = msgspec.msgpack.Encoder()

    def key(self, digest: bytes) -> bytes:
        """The name under which the facts of the content with this digest are kept."""
        return hashlib.blake2b(digest, digest_size=16, key=self._salt).digest()

    def load(self, keys: Iterable[bytes]) -> dict[bytes, ModuleFacts]:
        """The facts that are kept under these keys; records that do not fit the schema are passed over."""
        found: dict[bytes, ModuleFacts] = {}
        for key, data in self._rows("data", keys):
            with contextlib.suppress(msgspec.DecodeError):
                found[key] = self._strings.share(self._decoder.decode(data))
        return found

    def shapes(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The shapes of the facts that are kept under these keys."""
        return dict(self._rows("shape", keys))

    def _rows(self, column: str, keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for batch in _batches(list(keys)):
            marks = ",".join("?" * len(batch))
            rows = self._database.rows(f"SELECT key, {column} FROM facts WHERE key IN ({marks})", [*batch])
            yield from ((key, value) for key, value in rows)

    def store(self, facts: Mapping[bytes, tuple[ModuleFacts, bytes]]) -> None:
        """Keeps new facts with their shapes; when the file grows too large the oldest half goes."""
        if not facts:
            return
        rows: list[tuple[object, ...]]
        rows = [(key, self._encoder.encode(value), shaped) for key, (value, shaped) in facts.items()]
        self._database.change("INSERT OR REPLACE INTO facts (key, data, shape) VALUES (?, ?, ?)", rows)
        half = "SELECT rowid FROM facts ORDER BY rowid LIMIT (SELECT count(*) / 2 FROM facts)"
        size = "(SELECT total(length(data)) FROM facts)"
        self._database.change(f"DELETE FROM facts WHERE {size} > ? AND rowid IN ({half})", [(_MOST_BYTES,)])


def _code_of_extraction() -> bytes:
    """The code that makes facts: a checkout changes without a new version, and old facts may mean other things."""
    folder = Path(__file__).parents[1]
    files = [
        folder / "facts.py",
        folder / "scopes.py",
        folder / "source.py",
        *sorted((folder / "extract").rglob("*.py")),
    ]
    return b"".join(file.read_bytes() for file in files)


def _batches(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
