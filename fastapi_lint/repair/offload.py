"""The reported call, handed to a thread and awaited."""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.facts import EventKind
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.legality import may_await
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.opened import OpenedFile
from fastapi_lint.repair.style import Offloading

_OPENED = frozenset({"typing.IO"})


class Offloads:
    """Writes `await to_thread(f, x)` for `f(x)`."""

    def __init__(self, project: Project, moving: Moving, offloading: Offloading) -> None:
        self._project = project
        self._moving = moving
        self._offloading = offloading

    def fix(self, opened: OpenedFile, imports: Imports, use: BlockingUse, applicability: Applicability) -> Fix | None:
        """The fix for a use that is a call."""
        event = self._project.index.scope(use.frame.gid).events[use.event]
        if self._gives_open_file(use):
            return None
        if event.kind != EventKind.CALL:
            return None  # a property: `to_thread(getattr, x, "name")` is nothing that one would write
        call = opened.at(use.spot.place, cst.Call)
        if call is None or not may_await(opened, call) or self._moving.call(use) is not None:
            return None
        changes = self._offloading.call(opened, imports, call)
        name = use.callee if use.edge is not None else use.call.name
        if changes is None:
            return None
        message = f"run `{name}` in a thread"
        return opened.fix(applicability, message, changes)

    def _gives_open_file(self, use: BlockingUse) -> bool:
        """`open()` is only the first of the calls that block on a file: moving it alone would hide the others."""
        spec = use.call.spec
        if use.edge is not None or spec.blocks != "file":
            return False
        return spec.returns in _OPENED or (spec.returns is not None and use.call.name.endswith(".open"))
