"""What is in a file that has not been touched since it was last read? Its digest is known without reading it."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import msgspec

from fastapi_lint.cache.database import Database

_SETTLED = 2_000_000_000
"""Nanoseconds after which a change of a file would show in its times, on every file system."""


class Stamp(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file as it was when it had this digest."""

    size: int
    modified: int
    changed: int
    digest: bytes

    def fits(self, status: os.stat_result) -> bool:
        """Whether the file has not been touched since."""
        return (self.size, self.modified, self.changed) == (status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def digest(content: bytes) -> bytes:
    """Stands for a content in keys."""
    return hashlib.blake2b(content, digest_size=16).digest()


class Contents:
    """Digests of files: kept ones by size and times, computed ones for all others."""

    def __init__(self, database: Database | None, root: Path) -> None:
        self._database = database
        self._root = str(root)
        self._known = self._load()
        self._now: dict[str, Stamp] = {}

    def _load(self) -> dict[str, Stamp]:
        if self._database is not None:
            for (data,) in self._database.rows("SELECT data FROM contents WHERE root = ?", [self._root]):
                try:
                    return msgspec.msgpack.decode(data, type=dict[str, Stamp])
                except msgspec.DecodeError:
                    break
        return {}

    def digest(self, key: str, path: Path) -> bytes:
        """The digest of the file's content; raises OSError where it cannot be read."""
        status = path.stat()
        known = self._known.get(key)
        if known is not None and known.fits(status):
            self._now[key] = known
            return known.digest
        content = digest(path.read_bytes())
        latest = max(status.st_mtime_ns, status.st_ctime_ns)
        if time.time_ns() - latest > _SETTLED:
            self._now[key] = Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, content)
        return content

    def keep(self) -> None:
        """Remembers what was found, for the next run."""
        if self._database is not None and self._now != self._known:
            data = msgspec.msgpack.encode(self._now)
            self._database.change("INSERT OR REPLACE INTO contents (root, data) VALUES (?, ?)", [(self._root, data)])
