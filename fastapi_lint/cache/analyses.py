"""Analyses of whole projects: where no file, no setting and no part of this program has changed, nothing is linked."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec

from fastapi_lint import __version__
from fastapi_lint.cache.database import Database
from fastapi_lint.findings import Analysis

_MOST = 24
_MOST_BYTES = 64 * 1024 * 1024


class Analyses:
    """Kept analyses, by all that they depend on."""

    def __init__(self, database: Database, settings: Iterable[bytes]) -> None:
        """`settings` is whatever of the configuration an analysis depends on."""
        self._database = database
        parts = [__version__.encode(), sys.version.encode(), *_program(), *settings]
        self._salt = hashlib.blake2b(msgspec.msgpack.encode(parts)).digest()

    def key(self, digests: Mapping[str, bytes]) -> bytes:
        """Stands for a state of the project: the digest (or the shape) of each file by its path, in order."""
        return hashlib.blake2b(msgspec.msgpack.encode(list(digests.items())), key=self._salt, digest_size=32).digest()

    def load(self, key: bytes) -> Analysis | None:
        """The kept analysis; None where there is none that fits the schema."""
        for (data,) in self._database.rows("SELECT data FROM analyses WHERE key = ?", [key]):
            try:
                return msgspec.msgpack.decode(data, type=Analysis)
            except msgspec.DecodeError:
                break
        return None

    def like(self, shape: bytes) -> tuple[Analysis, dict[str, bytes]] | None:
        """A kept analysis of files that had the same facts, but for places, and the digests that they had."""
        found = self._database.rows("SELECT analysis, digests FROM states WHERE shape = ?", [shape])
        for key, digests in found:
            analysis = self.load(key)
            if analysis is not None:
                with contextlib.suppress(msgspec.DecodeError):
                    return analysis, msgspec.msgpack.decode(digests, type=dict[str, bytes])
        return None

    def store_state(self, shape: bytes, key: bytes, digests: Mapping[str, bytes]) -> None:
        """Keeps which files a kept analysis is about, by their shapes; states whose analysis is gone go, too."""
        row = (shape, key, msgspec.msgpack.encode(digests))
        self._database.change("INSERT OR REPLACE INTO states (shape, analysis, digests) VALUES (?, ?, ?)", [row])
        self._database.change("DELETE FROM states WHERE analysis NOT IN (SELECT key FROM analyses)", [()])

    def store(self, key: bytes, analysis: Analysis) -> None:
        """Keeps an analysis; the oldest ones go, so that there are neither too many nor too much of them."""
        data = msgspec.msgpack.encode(analysis)
        if len(data) > _MOST_BYTES:
            return
        self._database.change("INSERT OR REPLACE INTO analyses (key, data) VALUES (?, ?)", [(key, data)])
        newest = "OVER (ORDER BY rowid DESC)"
        ranked = f"SELECT rowid, row_number() {newest} AS number, sum(length(data)) {newest} AS size FROM analyses"
        beyond = f"SELECT rowid FROM ({ranked}) WHERE number > ? OR size > ?"
        self._database.change(f"DELETE FROM analyses WHERE rowid IN ({beyond})", [(_MOST, _MOST_BYTES)])


def _program() -> list[bytes]:
    """What tells this code and catalogue from others: an install or a checkout may change any of its files."""
    found = []
    for folder in _folders():
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".toml"):
                status = file.stat()
                found.append(f"{file} {status.st_size} {status.st_mtime_ns}".encode())
    return found


def _folders() -> list[Path]:
    spec = find_spec("fastapi_lint.rules")
    rules = [Path(place) for place in spec.submodule_search_locations or ()] if spec is not None else []
    return [Path(__file__).parents[1], *rules]
