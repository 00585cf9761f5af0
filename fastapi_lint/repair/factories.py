"""What is made for each request from constants is made by a cached function instead, once.

Only what the catalogue calls `shareable`: one instance serves all threads and requests at once, is bound to no event
loop, and keeps nothing of those it serves (an HTTP client keeps their cookies). The function that made it must not
close it, change it, or hand it to code that might. Nothing runs earlier than before: what the constructor reads of the
environment, and where it fails, is left to the first request.
"""

from __future__ import annotations

import re

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import Project
from fastapi_lint.project.resources.creations import Creation
from fastapi_lint.repair.constancy import Constancy
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.names import used_names
from fastapi_lint.repair.opened import Change, OpenedFile
from fastapi_lint.repair.sharing import Sharing

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IN_MEMORY = re.compile(r"sqlite[^:]*://(?:/*$|.*:memory:|.*mode=memory)")


class Factories:
    """Remembers the functions it has planned, so that all who make the same thing get the same one."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._constancy = Constancy(project)
        self._sharing = Sharing(project)
        self._planned: dict[tuple[str, str], tuple[str, tuple[Change, ...]]] = {}

    def fix(self, opened: OpenedFile, imports: Imports, creation: Creation) -> Fix | None:
        """The fix for one creation."""
        if not creation.call.spec.shareable or creation.from_request:
            return None
        spot, _ = self._project.creation_place(creation)
        node = opened.at(spot.place, cst.Call)
        if node is None or spot.path != self._project.index.module(creation.frame.gid).path:
            return None
        function = opened.function_around(node)
        if function is None or self._may_be_in_memory(opened, creation, node):
            return None
        if not self._constancy.is_constant(opened, node) or not self._sharing.is_harmless(opened, creation, node):
            return None
        planned = self._plan(opened, imports, node)
        if planned is None:
            return None
        name, changes = planned
        change = Change(opened.start(node), opened.end(node), f"{name}()")
        return opened.fix(Applicability.UNSAFE, f"make it once, in a cached function `{name}`", [*changes, change])

    def _may_be_in_memory(self, opened: OpenedFile, creation: Creation, node: cst.Call) -> bool:
        """Whether it is an engine for a database that begins empty with each engine."""
        if creation.call.spec.creates != "engine":
            return False
        return any(_IN_MEMORY.match(text) for text in self._constancy.strings(opened, node))

    # -- the function

    def _plan(self, opened: OpenedFile, imports: Imports, node: cst.Call) -> tuple[str, tuple[Change, ...]] | None:
        text = _outdented(opened, node)
        if text is None:
            return None
        known = self._planned.get((opened.key, text))
        if known is None:
            known = self._existing(opened, text) or self._new(opened, imports, node, text)
            if known is None:
                return None
            self._planned[opened.key, text] = known
        return known

    def _existing(self, opened: OpenedFile, text: str) -> tuple[str, tuple[Change, ...]] | None:
        """A cached function of the file that returns just that."""
        for statement in opened.tree.body:
            if not isinstance(statement, cst.FunctionDef) or statement.asynchronous or len(statement.decorators) != 1:
                continue
            decorator = opened.tree.code_for_node(statement.decorators[0].decorator)
            body = statement.body.body
            line = body[0] if len(body) == 1 else None
            part = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
            if decorator not in ("cache", "functools.cache") or statement.params.params:
                continue
            if isinstance(part, cst.Return) and isinstance(part.value, cst.Call):
                if _outdented(opened, part.value) == text:
                    return statement.name.value, ()
        return None

    def _new(
        self, opened: OpenedFile, imports: Imports, node: cst.Call, text: str
    ) -> tuple[str, tuple[Change, ...]] | None:
        home = _top_level(opened, node)
        cache = imports.need("functools", "cache", home, whole=False) or imports.need("functools", "cache", home)
        if cache is None:
            return None
        name = self._name(opened, node)
        newline, step = opened.newline, opened.tree.default_indent
        body = text.replace("\n", f"{newline}{step}")
        returns = self._annotation(opened, node)
        lines = [f"@{cache.text}", f"def {name}(){returns}:", f"{step}return {body}", "", "", ""]
        start = opened.line_start(_first_row(opened, home))
        return name, (*cache.changes, Change(start, start, newline.join(lines)))

    def _name(self, opened: OpenedFile, node: cst.Call) -> str:
        """`get_` and what the code calls it, or else what it is."""
        parent = opened.parent(node)
        target = parent.targets[0].target if isinstance(parent, cst.Assign) else getattr(parent, "target", None)
        func = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        made = func.value if isinstance(func, cst.Name) else "object"
        word = _WORD.sub("_", made).lower().removeprefix("create_").removeprefix("get_")
        base = target.value.strip("_").lower() if isinstance(target, cst.Name) else word
        taken = used_names(opened) | {name for (key, _), (name, _) in self._planned.items() if key == opened.key}
        name, number = f"get_{base or word}", 2
        while name in taken:
            name, number = f"get_{base or word}_{number}", number + 1
        return name

    def _annotation(self, opened: OpenedFile, node: cst.Call) -> str:
        """The class, where the code around is annotated and the class is spelled plainly."""
        function = opened.function_around(node)
        func = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        if function is None or function.returns is None or not isinstance(func, cst.Name):
            return ""
        is_class = func.value[:1].isupper() and func.value != "TypeAdapter"
        return f" -> {opened.tree.code_for_node(node.func)}" if is_class else ""


def _top_level(opened: OpenedFile, node: cst.CSTNode) -> cst.CSTNode:
    """The statement of the module that holds a node."""
    for child, parent in opened.ancestors(node):
        if isinstance(parent, cst.Module):
            return child
    return node


def _first_row(opened: OpenedFile, statement: cst.CSTNode) -> int:
    """The first row of a top-level statement, with its decorators and the comments right above it."""
    start = opened.start(statement)
    for decorator in getattr(statement, "decorators", ()):
        start = min(start, opened.start(decorator))
    row = opened.row(start)
    while row > 1 and opened.line(row - 1).startswith("#"):
        row -= 1
    return row


def _outdented(opened: OpenedFile, node: cst.Call) -> str | None:
    """The text of a call as it looks at the start of a line; None where moving its lines would change a string."""
    if any(
        isinstance(part, (cst.SimpleString, cst.FormattedString, cst.TemplatedString))
        and opened.row(opened.start(part)) != opened.row(opened.end(part))
        for part in opened.inside(node)
    ):
        return None
    text = opened.text[opened.start(node) : opened.end(node)]
    if "#" in text or "\f" in text:
        return None
    indent = opened.indent(opened.start(node))
    return "\n".join(line.removeprefix(indent) for line in text.splitlines())
