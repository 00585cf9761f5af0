"""A dependency that a loop drives by hand becomes a context manager where it is used, so that its end is run in time.

`async for db in get_db():` becomes `async with asynccontextmanager(get_db)() as db:`. An exception in the block then
reaches the generator at its `yield`, which is what `FastAPI` does, too; a generator that swallows it there would hide
it from the caller, and stays as it is.
"""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import Project
from fastapi_lint.project.resources.leaked_generators import LeakedGenerator
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.opened import Change, OpenedFile


class Generators:
    """Repairs of loops of FAL209."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def fix(self, opened: OpenedFile, imports: Imports, leaked: LeakedGenerator, home: OpenedFile | None) -> Fix | None:
        """The fix for one loop; `home` is the file of the generator."""
        node = opened.at(self._project.spot(leaked.gid, leaked.place).place, cst.Call)
        loop = opened.parent(node) if node is not None else None
        if node is None or not isinstance(loop, cst.For) or loop.iter is not node or loop.asynchronous is None:
            return None
        if loop.orelse is not None or not isinstance(loop.target, cst.Name) or _leaves(opened, loop):
            return None
        if home is None or not self._hands_exceptions_on(home, leaked):
            return None
        found = imports.need("contextlib", "asynccontextmanager", loop, whole=False)
        if found is None:
            return None
        func = opened.text[opened.outer_start(node.func) : opened.outer_end(node.func)]
        given = opened.text[opened.outer_end(node.func) : opened.end(node)]
        head = f"async with {found.text}({func}){given} as {loop.target.value}"
        change = Change(opened.start(loop), opened.outer_end(node), head)
        return opened.fix(Applicability.UNSAFE, "enter the dependency as a context manager", [*found.changes, change])

    def _hands_exceptions_on(self, home: OpenedFile, leaked: LeakedGenerator) -> bool:
        """Whether the generator yields once, in no loop, and raises what it catches there."""
        place = self._project.spot(leaked.generator, self._project.index.scope(leaked.generator).place).place
        function = home.at(place, cst.FunctionDef) or _around(home, home.at(place, cst.Name))
        yields = [
            node for node in home.of(cst.Yield) if function is not None and home.function_around(node) is function
        ]
        if len(yields) != 1:
            return False
        for child, parent in home.ancestors(yields[0]):
            if isinstance(parent, (cst.For, cst.While)):
                return False
            if isinstance(parent, cst.TryStar):
                return False
            if isinstance(parent, cst.Try) and child is parent.body:
                if not all(_raises_again(handler) for handler in parent.handlers):
                    return False
            if parent is function:
                return True
        return False


def _around(home: OpenedFile, name: cst.Name | None) -> cst.FunctionDef | None:
    parent = home.parent(name) if name is not None else None
    return parent if isinstance(parent, cst.FunctionDef) else None


def _raises_again(handler: cst.ExceptHandler) -> bool:
    """Whether a handler ends by raising what it has caught; one that raises something else would tell the caller so."""
    last = handler.body.body[-1] if handler.body.body else None
    part = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
    return isinstance(part, cst.Raise) and part.exc is None


def _leaves(opened: OpenedFile, loop: cst.For) -> bool:
    """Whether a `break` or `continue` belongs to the loop."""
    for node in opened.inside(loop.body):
        if isinstance(node, (cst.Break, cst.Continue)):
            around = (parent for _, parent in opened.ancestors(node) if isinstance(parent, (cst.For, cst.While)))
            if next(around, None) is loop:
                return True
    return False
