"""The asynchronous twin of a call, where both do the same: `asyncio.sleep`, and `UploadFile`'s own methods."""

from __future__ import annotations

import libcst as cst
import msgspec

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.facts import Attr, Call, Import, Lit, Use, Var
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, ModuleV
from fastapi_lint.repair.imports import Imports, Visible
from fastapi_lint.repair.legality import awaited, may_await
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.names import is_reference
from fastapi_lint.repair.opened import Change, OpenedFile
from fastapi_lint.repair.style import Offloading

_UPLOAD = "starlette.datastructures.UploadFile"
_MOST_HOPS = 12
_SPOOLED = "tempfile.SpooledTemporaryFile"


class Replacement(msgspec.Struct, frozen=True):
    """A call in its asynchronous form; `dropped` are the names that the old form used, `imports` what it needs."""

    changes: tuple[Change, ...]
    imports: tuple[Change, ...]
    dropped: tuple[cst.Name, ...]
    twin: str
    is_sure: bool


class Twins:
    """Finds the twin for a use, if there is one."""

    def __init__(self, project: Project, moving: Moving, offloading: Offloading) -> None:
        self._project = project
        self._moving = moving
        self._offloading = offloading

    def has_twin(self, use: BlockingUse) -> bool:
        """Whether a use is of a kind that a twin exists for; whether it fits is for `replacement` to say."""
        return use.edge is None and (use.call.name == "time.sleep" or use.call.name.startswith(f"{_SPOOLED}."))

    def replacement(self, opened: OpenedFile, imports: Imports, use: BlockingUse) -> Replacement | None:
        """The call in its asynchronous form."""
        node = opened.at(use.spot.place, cst.Call)
        if node is None or not self.has_twin(use) or not may_await(opened, node):
            return None
        if self._moving.pause(use) is not None:
            return None
        is_sure = self._moving.is_sure(use)
        if use.call.name == "time.sleep":
            # of a negative time `asyncio.sleep` makes nothing, and `time.sleep` a ValueError
            if not self._means_sleep(use) or self._moving.around(use).catches("builtins.ValueError"):
                return None
            return self._sleep(opened, imports, node, is_sure)
        return self._upload(opened, use, node, is_sure)

    def fix(self, opened: OpenedFile, imports: Imports, use: BlockingUse, others: list[BlockingUse]) -> Fix | None:
        """The fix for one use. `others` are all of its kind in the file: the last one takes the import with it."""
        found = self.replacement(opened, imports, use)
        if found is None:
            return None
        together = self._together(opened, imports, use, others) if found.dropped else []
        changes = [*found.changes, *found.imports]
        dropped = [name for one in (found, *together) for name in one.dropped]
        removed = imports.unused_without(dropped, found.imports)
        if removed:
            changes += [change for one in together for change in one.changes] + removed
        applicability = Applicability.SAFE if found.is_sure else Applicability.UNSAFE
        return opened.fix(applicability, f"use `await {found.twin}(...)`", changes)

    def _together(
        self, opened: OpenedFile, imports: Imports, use: BlockingUse, others: list[BlockingUse]
    ) -> list[Replacement]:
        """What the other uses become, for the last of them in the file.

        Fixes are applied together, and none of them alone would see that nobody uses the import any more. So the last
        one does what all of them do, and removes the import.
        """
        places = {other.spot.place for other in others}
        if any((place.row, place.column) > (use.spot.place.row, use.spot.place.column) for place in places):
            return []
        found = []
        for other in others:
            if other.spot.place == use.spot.place or _is_suppressed(opened, other):
                continue
            one = self.replacement(opened, imports, other)
            if one is not None and one.is_sure:
                found.append(one)
        return found

    # -- the twins

    def _means_sleep(self, use: BlockingUse) -> bool:
        """Whether the name that is called means `time.sleep` and never anything else."""
        scope = self._project.index.scope(use.frame.gid)
        node = scope.exprs[use.call.expr]
        return isinstance(node, Call) and self._is_settled(use.frame.gid, node.func)

    def _is_settled(self, gid: int, expr: int, hops: int = 0) -> bool:
        """Whether an expression is a name that only imports bind, maybe by way of another such name."""
        index = self._project.index
        scope = index.scope(gid)
        node = scope.exprs[expr]
        if isinstance(node, Import):
            kind = self._project.inference.type(self._project.inference.plain_frame(gid), expr)
            return bool(kind) and all(
                isinstance(value, ModuleV) or (isinstance(value, ExternalV) and value.name in ("time", "time.sleep"))
                for value in kind
            )
        if hops > _MOST_HOPS:
            return False
        if isinstance(node, Attr):
            kind = self._project.inference.type(self._project.inference.plain_frame(gid), node.base)
            is_module = bool(kind) and all(isinstance(value, (ModuleV, ExternalV)) for value in kind)
            return is_module and self._is_settled(gid, node.base, hops + 1)
        if isinstance(node, Use):
            return all(self._is_binding(gid, scope.defs[number].value, hops) for number in node.defs)
        if isinstance(node, Var):
            owner = index.local(gid, node.scope)
            numbers = index.scope(owner).names.get(node.name, ())
            return bool(numbers) and all(
                self._is_binding(owner, index.scope(owner).defs[number].value, hops) for number in numbers
            )
        return False

    def _is_binding(self, gid: int, expr: int, hops: int) -> bool:
        """A binding to None stands for a library that is missing: calling it fails in any case."""
        node = self._project.index.scope(gid).exprs[expr]
        return node == Lit(None) or self._is_settled(gid, expr, hops + 1)

    def _sleep(self, opened: OpenedFile, imports: Imports, node: cst.Call, is_sure: bool) -> Replacement | None:
        if len(node.args) != 1 or node.args[0].star or node.args[0].keyword is not None:
            return None
        name = _root(node.func)
        visible = self._sleeper(opened, imports, node)
        if name is None or visible is None:
            return None
        before, behind = awaited(opened, node)
        start, end = opened.start(node), opened.outer_end(node.func)
        changes = [Change(start, end, f"{before}{visible.text}")]
        if behind:
            changes.append(Change(opened.end(node), opened.end(node), behind))
        dropped = (name,) if is_reference(opened, name) else ()
        return Replacement(tuple(changes), visible.changes, dropped, visible.text, is_sure)

    def _sleeper(self, opened: OpenedFile, imports: Imports, node: cst.CSTNode) -> Visible | None:
        text = imports.visible("asyncio", "sleep", node)
        if text is not None:
            return Visible(text)
        for module in ("anyio", "trio"):
            text = imports.visible(module, "sleep", node)
            if text is not None:
                return Visible(text)
        if self._offloading.style(opened.key) == "anyio":
            return imports.need("anyio", "sleep", node)
        return imports.need("asyncio", "sleep", node)

    def _upload(self, opened: OpenedFile, use: BlockingUse, node: cst.Call, is_sure: bool) -> Replacement | None:
        """`upload.file.read()` becomes `await upload.read()`.

        Starlette's methods take one argument without a keyword; all but `read` give nothing, and `write` counts into
        `size`, so that these stand for a statement only.
        """
        func = node.func
        if not isinstance(func, cst.Attribute) or not isinstance(func.value, cst.Attribute) or func.lpar:
            return None
        if not self._is_upload(use) or func.value.attr.value != "file" or func.value.lpar:
            return None
        method = func.attr.value
        plain = all(not arg.star and arg.keyword is None for arg in node.args)
        least = {"read": 0, "write": 1, "seek": 1, "close": 0}.get(method)
        most = {"read": 1, "write": 1, "seek": 1, "close": 0}.get(method, -1)
        if least is None or not plain or not least <= len(node.args) <= most:
            return None
        if method != "read" and not isinstance(opened.parent(node), cst.Expr):
            return None
        before, behind = awaited(opened, node)
        start = opened.start(node)
        changes = [
            Change(start, start, before),
            Change(opened.outer_end(func.value.value), opened.end(func.value), ""),
        ]
        if behind:
            changes.append(Change(opened.end(node), opened.end(node), behind))
        upload = opened.text[opened.outer_start(func.value.value) : opened.outer_end(func.value.value)]
        return Replacement(tuple(changes), (), (), f"{upload}.{method}", is_sure)

    def _is_upload(self, use: BlockingUse) -> bool:
        scope = self._project.index.scope(use.frame.gid)
        node = scope.exprs[use.call.expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        file = scope.exprs[func.base] if isinstance(func, Attr) else None
        if not isinstance(file, Attr):
            return False
        kind = self._project.inference.type(use.frame, file.base)
        libraries = self._project.inference.libraries
        return bool(kind) and all(isinstance(v, ExtInstanceV) and libraries.is_a(v, _UPLOAD) for v in kind)


def _root(func: cst.BaseExpression) -> cst.Name | None:
    while isinstance(func, cst.Attribute):
        func = func.value
    return func if isinstance(func, cst.Name) else None


def _is_suppressed(opened: OpenedFile, use: BlockingUse) -> bool:
    """Whether a comment on the lines of a use keeps its diagnostic, and so its code, as it is."""
    rows = range(use.spot.place.row, use.spot.place.end_row + 1)
    return any("noqa" in opened.line(row) or "fastapi-lint:" in opened.line(row) for row in rows)
