"""The reported call, handed to a thread and awaited."""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.facts import EventKind
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.legality import awaited, may_await
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.names import binding_scope
from fastapi_lint.repair.opened import Change, OpenedFile
from fastapi_lint.repair.style import Offloading

_OPENED = frozenset({"typing.IO"})


class Offloads:
    """Writes `await to_thread(f, x)` for `f(x)`, and `await to_thread(getattr, x, "name")` for a property."""

    def __init__(self, project: Project, moving: Moving, offloading: Offloading) -> None:
        self._project = project
        self._moving = moving
        self._offloading = offloading

    def fix(self, opened: OpenedFile, imports: Imports, use: BlockingUse, applicability: Applicability) -> Fix | None:
        """The fix for a use that is a call or a property."""
        event = self._project.index.scope(use.frame.gid).events[use.event]
        if self._gives_open_file(use):
            return None
        changes: list[Change] | None = None
        if event.kind == EventKind.CALL:
            call = opened.at(use.spot.place, cst.Call)
            if call is None or not may_await(opened, call) or self._moving.call(use) is not None:
                return None
            changes = self._offloading.call(opened, imports, call)
            name = use.callee if use.edge is not None else use.call.name
        elif event.kind == EventKind.ATTR:
            attribute = opened.at(use.spot.place, cst.Attribute)
            if attribute is None or not may_await(opened, attribute) or self._moving.call(use) is not None:
                return None
            changes = self._property(opened, imports, attribute)
            name = use.callee
        else:
            return None
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

    def _property(self, opened: OpenedFile, imports: Imports, node: cst.Attribute) -> list[Change] | None:
        name = node.attr.value
        if name.startswith("__") or binding_scope(opened, "getattr", node) is not None:
            return None
        if any(isinstance(parent, cst.FormattedString) for _, parent in opened.ancestors(node)):
            return None  # quotes inside of quotes
        base = opened.text[opened.outer_start(node.value) : opened.outer_end(node.value)]
        found = self._offloading.api(opened, imports, node)
        if found is None:
            return None
        style, api = found
        before, behind = awaited(opened, node)
        given = f'getattr, {base}, "{name}"'
        text = f'{api.text}(getattr)({base}, "{name}")' if style == "asyncer" else f"{api.text}({given})"
        return [*api.changes, Change(opened.start(node), opened.end(node), f"{before}{text}{behind}")]
