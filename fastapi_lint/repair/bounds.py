"""A bound for a cached function that has none.

What falls out of the cache is computed again. That is the same only if nobody tells the results apart: a text or a
number is equal each time, a lock, a client or a list that callers fill is another one.
"""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import Project
from fastapi_lint.project.shared.caches import CachedFunction
from fastapi_lint.project.types.values import ExtInstanceV, TupleV, Type
from fastapi_lint.repair.imports import Imports, imports_of
from fastapi_lint.repair.names import names_inside
from fastapi_lint.repair.opened import Change, OpenedFile

_MAXSIZE = "1024"
_IMMUTABLE = frozenset(
    {
        "builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.bytes", "builtins.complex",
        "builtins.frozenset", "builtins.None", "datetime.date", "datetime.datetime", "datetime.time",
        "datetime.timedelta", "decimal.Decimal", "pathlib.Path", "pathlib.PurePath", "types.NoneType", "uuid.UUID",
    }
)  # fmt: skip


class Bounds:
    """Repairs of functions of FAL304."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def fix(self, opened: OpenedFile, imports: Imports, function: CachedFunction) -> Fix | None:
        """The fix for one function."""
        spot = self._project.spot(self._project.index.parent(function.gid), function.place)
        inference = self._project.inference
        node = opened.at(spot.place, cst.BaseExpression)  # type: ignore[type-abstract]
        if node is None or not _are_equal(inference.calls.returned(inference.plain_frame(function.gid))):
            return None
        changes = self._bounded(node, opened) or self._replaced(node, opened, imports)
        return opened.fix(Applicability.UNSAFE, f"keep at most {_MAXSIZE} results", changes) if changes else None

    def _bounded(self, node: cst.BaseExpression, opened: OpenedFile) -> list[Change]:
        """`lru_cache(maxsize=None)` gets a number."""
        if not isinstance(node, cst.Call):
            return []
        for number, arg in enumerate(node.args):
            is_size = arg.keyword.value == "maxsize" if arg.keyword is not None else number == 0 and not arg.star
            if is_size and isinstance(arg.value, cst.Name) and arg.value.value == "None":
                return [Change(opened.start(arg.value), opened.end(arg.value), _MAXSIZE)]
        return []

    def _replaced(self, node: cst.BaseExpression, opened: OpenedFile, imports: Imports) -> list[Change]:
        """`cache` becomes `lru_cache`."""
        if isinstance(node, cst.Attribute):
            return [Change(opened.start(node.attr), opened.end(node), f"lru_cache(maxsize={_MAXSIZE})")]
        found = imports.need("functools", "lru_cache", node, whole=False) if isinstance(node, cst.Name) else None
        if found is None:
            return []
        change = Change(opened.start(node), opened.end(node), f"{found.text}(maxsize={_MAXSIZE})")
        return [change, *_imported(opened, imports, node, found.changes)]


def _imported(
    opened: OpenedFile, imports: Imports, node: cst.BaseExpression, added: tuple[Change, ...]
) -> list[Change]:
    """The changes of imports: the new name takes the place of the old one where nothing else uses that."""
    dropped = imports.unused_without(names_inside(opened, node))
    if not added or not dropped:
        return [*added, *dropped]
    names = {name.value for name in names_inside(opened, node)}
    alias = next((bound.alias for bound in imports_of(opened) if bound.name in names), None)
    return [] if alias is None else [Change(opened.start(alias), opened.end(alias), "lru_cache")]


def _are_equal(kinds: Type) -> bool:
    """Whether results for the same arguments are known to be equal for ever."""
    return bool(kinds) and all(
        (isinstance(value, ExtInstanceV) and value.name in _IMMUTABLE)
        or (isinstance(value, TupleV) and all(_are_equal(item) for item in value.items))
        for value in kinds
    )
