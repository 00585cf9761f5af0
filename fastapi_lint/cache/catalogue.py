"""The bundled catalogue as it was read last: reading its data files takes longer than linking a small project."""

from __future__ import annotations

from fastapi_lint.cache.database import Database


class CatalogueCache:
    """Keeps one reading of the catalogue, by a key that stands for the data and the code that read it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, key: bytes) -> bytes | None:
        """What was kept under this key."""
        return next((data for (data,) in self._database.rows("SELECT data FROM catalogue WHERE key = ?", [key])), None)

    def store(self, key: bytes, data: bytes) -> None:
        """Keeps this reading and no other."""
        self._database.change("DELETE FROM catalogue WHERE key <> ?", [(key,)])
        self._database.change("INSERT OR REPLACE INTO catalogue (key, data) VALUES (?, ?)", [(key, data)])
