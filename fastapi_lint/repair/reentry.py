"""An event loop started inside of the running one: its coroutine is awaited instead."""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import BlockingUse
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.legality import awaited, may_await
from fastapi_lint.repair.names import names_inside
from fastapi_lint.repair.opened import Change, OpenedFile

_RUN_COROUTINE = frozenset({"asyncio.run", "uvloop.run"})
_RUN_FUNCTION = frozenset({"anyio.run", "trio.run"})
_ATOMS = (cst.Call, cst.Name, cst.Attribute, cst.Subscript)


class Reentry:
    """`asyncio.run(f())` becomes `await f()`. With options, or through a helper, somebody has to decide."""

    def fix(self, opened: OpenedFile, imports: Imports, use: BlockingUse) -> Fix | None:
        """The fix for a direct call of a function that runs a loop."""
        node = opened.at(use.spot.place, cst.Call)
        if node is None or use.edge is not None or not may_await(opened, node):
            return None
        if not node.args or any(arg.keyword is not None or arg.star == "**" for arg in node.args):
            return None
        if use.call.name in _RUN_COROUTINE and len(node.args) == 1:
            changes = self._coroutine(opened, node)
        elif use.call.name in _RUN_FUNCTION and not node.args[0].star:
            changes = self._function(opened, node)
        else:
            return None
        if changes is None:
            return None
        changes += imports.unused_without(names_inside(opened, node.func))
        return opened.fix(Applicability.UNSAFE, "`await` the coroutine", changes)

    def _coroutine(self, opened: OpenedFile, node: cst.Call) -> list[Change] | None:
        """`run(x)`: the parentheses go where `x` stands on its own."""
        arg = node.args[0]
        if arg.star:
            return None
        before, behind = awaited(opened, node)
        value, end = arg.value, opened.end(node)
        first, last = opened.outer_start(value), opened.outer_end(value)
        if isinstance(value, _ATOMS) and "#" not in opened.text[last:end]:
            head = opened.text[opened.start(node) : first]
            if "#" not in head:
                return [Change(opened.start(node), first, before), Change(last, end, behind)]
        start = opened.outer_end(node.func)
        changes = [Change(opened.start(node), start, before)]
        if isinstance(arg.comma, cst.Comma):
            comma = opened.text.index(",", last)
            changes.append(Change(comma, comma + 1, ""))
        return [*changes, Change(end, end, behind)] if behind else changes

    def _function(self, opened: OpenedFile, node: cst.Call) -> list[Change] | None:
        """`run(f, x)` becomes `await f(x)`."""
        func = node.args[0]
        if not isinstance(func.value, (cst.Name, cst.Attribute)):
            return None
        before, behind = awaited(opened, node)
        name = opened.text[opened.outer_start(func.value) : opened.outer_end(func.value)]
        end = opened.start(node.args[1]) if len(node.args) > 1 else opened.end(node) - 1
        changes = [Change(opened.start(node), end, f"{before}{name}(")]
        return [*changes, Change(opened.end(node), opened.end(node), behind)] if behind else changes
