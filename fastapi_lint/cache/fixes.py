"""Fixes that an earlier run computed for the findings of a kept analysis: reports that show them open no file."""

from __future__ import annotations

import hashlib

import msgspec

from fastapi_lint.cache.database import Database
from fastapi_lint.diagnostic import Fix, Position

_MOST_BYTES = 16 * 1024 * 1024

_Answer = tuple[str, str, Position, Fix | None]


class KeptFixes:
    """Answers what it was told before; raises KeyError for what it was not. File names are relative to the root."""

    def __init__(self, answers: list[_Answer]) -> None:
        self._fixes = {(code, path, at): fix for code, path, at, fix in answers}

    def fix(self, code: str, path: str, at: Position) -> Fix | None:
        """The fix of an occurrence, or None where there is none."""
        return self._fixes[code, path, at]


class FixesCache:
    """The fixes for one analysis, under settings that say what is asked for and how it is to look."""

    def __init__(self, database: Database, analysis: bytes, settings: bytes) -> None:
        """`analysis` is the key of the analysis."""
        self._database = database
        self._analysis = analysis
        self._key = hashlib.blake2b(settings, key=analysis, digest_size=32).digest()

    def load(self) -> KeptFixes | None:
        """What was kept; None where there is nothing that fits the schema."""
        for (data,) in self._database.rows("SELECT data FROM fixes WHERE key = ?", [self._key]):
            try:
                return KeptFixes(msgspec.msgpack.decode(data, type=list[_Answer]))
            except msgspec.DecodeError:
                break
        return None

    def store(self, answers: list[_Answer]) -> None:
        """Keeps answers; those about analyses that are gone go."""
        data = msgspec.msgpack.encode(answers)
        if len(data) > _MOST_BYTES:
            return
        row = (self._key, self._analysis, data)
        self._database.change("INSERT OR REPLACE INTO fixes (key, analysis, data) VALUES (?, ?, ?)", [row])
        self._database.change("DELETE FROM fixes WHERE analysis NOT IN (SELECT key FROM analyses)", [()])
