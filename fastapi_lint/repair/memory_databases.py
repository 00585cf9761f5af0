"""Does the project keep a database in memory that each thread has for its own?

SQLAlchemy gives every thread a connection of its own to an in-memory SQLite database, and so a database of its own,
unless the engine is made with a `StaticPool` (its documentation on SQLite, "Using a Memory Database in Multiple
Threads").
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Call, Lit
from fastapi_lint.project import Project
from fastapi_lint.project.types.values import ExternalV

_MAKERS = frozenset({"sqlalchemy.create_engine", "sqlmodel.create_engine"})
_OWNERS = ("sqlalchemy.", "sqlmodel.")


class MemoryDatabases:
    """Asked for the names of library calls."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: bool | None = None

    def may_serve(self, name: str) -> bool:
        """Whether a call of this library may be to such a database: the project makes one."""
        if not name.startswith(_OWNERS):
            return False
        if self._known is None:
            sites = self._project.index.call_sites("create_engine")
            self._known = any(self._is_in_memory(site.gid, site.expr) for site in sites)
        return self._known

    def _is_in_memory(self, gid: int, expr: int) -> bool:
        index, inference = self._project.index, self._project.inference
        node = index.scope(gid).exprs[expr]
        frame = inference.plain_frame(gid)
        if not isinstance(node, Call) or not self._project.is_served(gid):
            return False
        if not any(
            isinstance(value, ExternalV) and value.name in _MAKERS for value in inference.type(frame, node.func)
        ):
            return False
        url = inference.calls.argument(gid, node, 0)
        literal = index.scope(gid).exprs[url] if url != NONE else None
        if not isinstance(literal, Lit) or not isinstance(literal.value, str):
            return False
        scheme, _, path = literal.value.partition("://")
        in_memory = scheme.split("+")[0] == "sqlite" and (path.strip("/") == "" or ":memory:" in path)
        return in_memory and inference.calls.argument(gid, node, "poolclass") == NONE
