"""Does the project keep a database of which each thread has its own, or that only the thread that opened it may use?

SQLAlchemy gives every thread a connection of its own to an in-memory SQLite database, and so a database of its own,
unless the engine is made with a `StaticPool` (its documentation on SQLite, "Using a Memory Database in Multiple
Threads"). A connection that was opened with `check_same_thread=True` raises an error in any other thread, and the pool
hands it to whichever comes next.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Call, Choice, Lit, Map, Scope, Use
from fastapi_lint.project import Project
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.types.values import ExternalV

_MAKERS = frozenset({"sqlalchemy.create_engine", "sqlmodel.create_engine"})
_OWNERS = ("sqlalchemy.", "sqlmodel.")
_CHECKED = "check_same_thread"


class ThreadBoundDatabases:
    """Asked for library calls."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: str | None = None

    def reason(self, call: LibraryCall) -> str:
        """Why a call to a database must not change its thread, if the project makes such a one; else empty."""
        if not call.name.startswith(_OWNERS) and not (call.spec.twin or "").startswith(_OWNERS):
            return ""
        if self._known is None:
            sites = self._project.index.call_sites("create_engine")
            self._known = next((found for one in sites if (found := self._reason_at(one.gid, one.expr))), "")
        return self._known

    def _reason_at(self, gid: int, expr: int) -> str:
        index, inference = self._project.index, self._project.inference
        node = index.scope(gid).exprs[expr]
        frame = inference.plain_frame(gid)
        if not isinstance(node, Call) or not self._project.is_served(gid):
            return ""
        if not any(
            isinstance(value, ExternalV) and value.name in _MAKERS for value in inference.type(frame, node.func)
        ):
            return ""
        if self._is_in_memory(gid, node):
            return "each thread has its own database in memory"
        given = inference.calls.argument(gid, node, "connect_args")
        is_checked = given != NONE and any(_is_checked(frame.scope, one) for one in _maps(frame.scope, given))
        return "connections are checked to stay in their threads" if is_checked else ""

    def _is_in_memory(self, gid: int, node: Call) -> bool:
        argument = self._project.inference.calls.argument
        url = argument(gid, node, 0)
        literal = self._project.index.scope(gid).exprs[url] if url != NONE else None
        if not isinstance(literal, Lit) or not isinstance(literal.value, str):
            return False
        scheme, _, path = literal.value.partition("://")
        in_memory = scheme.split("+")[0] == "sqlite" and (path.strip("/") == "" or ":memory:" in path)
        return in_memory and argument(gid, node, "poolclass") == NONE


def _maps(scope: Scope, expr: int, hops: int = 0) -> Iterator[Map]:
    """The dictionaries that an expression may be, as far as they are written down in the same function."""
    node = scope.exprs[expr]
    if isinstance(node, Map):
        yield node
    parts = node.items if isinstance(node, Choice) else ()
    if isinstance(node, Use):
        parts = tuple(scope.defs[number].value for number in node.defs)
    for part in parts if hops < 4 else ():
        yield from _maps(scope, part, hops + 1)


def _is_checked(scope: Scope, given: Map) -> bool:
    for key, value in zip(given.keys, given.values, strict=True):
        if key != NONE and scope.exprs[key] == Lit(_CHECKED) and scope.exprs[value] == Lit(True):
            return True
    return False
