"""A whole block or expression, moved to a thread: a file is opened, read and closed there.

Only `with` statements and expressions that open a file (or something like it) and use it up. A block becomes a nested
function, with what it computes as the result, where it can be told what that is: nothing in it leaves the block,
awaits, yields or changes variables of the function that were there before.
"""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.facts import Call, EventKind, Place
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.types.values import ExternalV
from fastapi_lint.repair.block import Block, Movable, name_for, read_block
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.legality import awaited, may_await
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.names import fresh_name
from fastapi_lint.repair.opened import Change, OpenedFile
from fastapi_lint.repair.stretches import Stretch, Stretches
from fastapi_lint.repair.style import Offloading

_FILES = frozenset({"file", "metadata", "http", "network", "subprocess"})
_KINDS = _FILES | {"database"}
_FILE_METHODS = frozenset({"read", "readline", "readlines", "write", "writelines"})
_CONSUMERS = frozenset(
    {
        "json.load", "pickle.load", "marshal.load", "plistlib.load", "tomllib.load", "tomli.load", "toml.load",
        "yaml.safe_load", "yaml.full_load", "yaml.load", "builtins.list", "builtins.tuple", "builtins.len",
        "json.dump", "pickle.dump",
    }
)  # fmt: skip
_STAYS = (cst.Await, cst.Yield, cst.NamedExpr, cst.Asynchronous)


class Extraction:
    """Finds the smallest whole thing that can be moved."""

    def __init__(self, project: Project, moving: Moving, offloading: Offloading) -> None:
        self._project = project
        self._moving = moving
        self._offloading = offloading
        self._stretches = Stretches(project, moving)

    def fix(self, opened: OpenedFile, imports: Imports, use: BlockingUse) -> Fix | None:
        """The fix for a use that opens something, or that stands in the head or the body of what does."""
        if self._moving.pause(use) is not None:
            return None
        call = opened.at(use.spot.place, cst.Call)
        if call is not None and self._opens(use) and may_await(opened, call):
            found = self._expression(opened, imports, use, call)
            if found is not None:
                return found
        place = use.spot.place
        node = call or opened.at(place, cst.Attribute) or opened.at(place, cst.Name)
        return None if node is None else self._statement(opened, imports, use, node)

    def _opens(self, use: BlockingUse) -> bool:
        if use.edge is not None or use.call.spec.blocks not in _FILES:
            return False
        return self._moving.is_sure(use) and not self._moving.is_after_cancellation(use)

    # -- expressions

    def _expression(self, opened: OpenedFile, imports: Imports, use: BlockingUse, node: cst.Call) -> Fix | None:
        """`open(p).read()` and `json.load(open(p))`, in a lambda."""
        whole = self._consumed(opened, use, node)
        if whole is None or any(isinstance(part, _STAYS) for part in opened.inside(whole)):
            return None
        if _names_class(opened, whole) or not may_await(opened, whole):
            return None
        start, end = opened.outer_start(whole) if not whole.lpar else opened.start(whole), opened.end(whole)
        if self._risk(use, opened, start, end):
            return None
        before, behind = awaited(opened, whole)
        visible = self._offloading.function(opened, imports, whole, f"lambda: {opened.text[start:end]}")
        if visible is None or "\n" in opened.text[start:end]:
            return None
        changes = [*visible.changes, Change(start, end, f"{before}{visible.text}{behind}")]
        return opened.fix(Applicability.UNSAFE, "open and use the file in a thread", changes)

    def _consumed(self, opened: OpenedFile, use: BlockingUse, node: cst.Call) -> cst.Call | None:
        """The expression that uses the opened file up."""
        parent = opened.parent(node)
        if isinstance(parent, cst.Attribute) and parent.attr.value in _FILE_METHODS:
            outer = opened.parent(parent)
            return outer if isinstance(outer, cst.Call) and outer.func is parent else None
        if isinstance(parent, cst.Arg):
            outer = opened.parent(parent)
            if isinstance(outer, cst.Call) and self._called(opened, use, outer) in _CONSUMERS:
                return outer
        return None

    def _called(self, opened: OpenedFile, use: BlockingUse, node: cst.Call) -> str:
        """The library function that a call of the same coroutine means."""
        module = self._project.index.module(use.frame.gid)
        place = opened.place(node)
        for expr in self._project.index.scope(use.frame.gid).exprs:
            if isinstance(expr, Call) and expr.place >= 0 and module.facts.places[expr.place] == place:
                for value in self._project.inference.type(use.frame, expr.func):
                    if isinstance(value, ExternalV):
                        return value.name
        return ""

    # -- blocks

    def _statement(
        self, opened: OpenedFile, imports: Imports, use: BlockingUse, node: cst.BaseExpression
    ) -> Fix | None:
        """The smallest `with` or `for` around that can be moved as a whole.

        Where the use stands in its body, what its head opens or goes through has to be known.
        """
        for child, parent in opened.ancestors(node):
            if isinstance(parent, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
                return None
            if not isinstance(parent, (cst.With, cst.For)) or parent.asynchronous is not None:
                continue
            in_head = any(child is head for head in (parent.items if isinstance(parent, cst.With) else (parent.iter,)))
            if in_head or self._has_known_head(opened, use, parent):
                found = self._moved(opened, imports, use, parent)
                if found is not None:
                    return found
        return None

    def _has_known_head(self, opened: OpenedFile, use: BlockingUse, statement: Movable) -> bool:
        """Whether each item of a `with`, or what a loop goes through, is a call of a library that is known."""
        known = {
            self._project.spot(use.frame.gid, call.place).place
            for call in self._project.graph.node(use.frame).calls
            if call.spec.blocks in _KINDS or call.spec.returns is not None
        }
        heads = [item.item for item in statement.items] if isinstance(statement, cst.With) else [statement.iter]
        return all(isinstance(head, cst.Call) and opened.place(head) in known for head in heads)

    def _moved(self, opened: OpenedFile, imports: Imports, use: BlockingUse, statement: Movable) -> Fix | None:
        whole = opened.place(statement)
        stretch = Stretch(self._project, use.frame, (whole.row, whole.column), (whole.end_row, whole.end_column))

        def lets_out(inner: cst.With) -> bool:
            return all(self._stretches.lets_out(stretch, opened.place(item.item)) for item in inner.items)

        block = read_block(opened, statement, lets_out)
        if block is None or self._stretches.risk(stretch) is not None:
            return None
        if self._stretches.of_results(stretch, (*block.results, *block.changed)) is not None:
            return None
        if block.returns and self._stretches.of_returned(stretch) is not None:
            return None
        return self._extracted(opened, imports, block)

    def _extracted(self, opened: OpenedFile, imports: Imports, block: Block) -> Fix | None:
        statement = block.statement
        name = fresh_name(opened, name_for(block))
        visible = self._offloading.function(opened, imports, statement, name)
        if visible is None:
            return None
        indent = opened.indent(opened.start(statement))
        step = opened.tree.default_indent
        rows = range(opened.row(opened.start(statement)), block.last_row + 1)
        moved = [step + line if line.strip() else line for line in map(opened.line, rows)]
        results = ", ".join(block.results)
        call = f"await {visible.text}"
        if block.returns:
            call = f"return {call}"
        elif results:
            call = f"{results} = {call}"
        shared = [f"{indent}{step}nonlocal {', '.join(block.changed)}"] if block.changed else []
        tail = [f"{indent}{step}return {results}"] if results else []
        head = [""] if _follows_code(opened, statement) else []
        text = opened.newline.join([*head, f"{indent}def {name}():", *shared, *moved, *tail, "", f"{indent}{call}"])
        start, end = opened.line_start(rows[0]), opened.line_start(rows[-1]) + len(opened.line(rows[-1]))
        # one change for all of it, so that nothing else is changed inside of the block at the same time
        changes = [Change(start, end, text), *visible.changes]
        return opened.fix(Applicability.UNSAFE, "move the block to a function and run it in a thread", changes)

    def _risk(self, use: BlockingUse, opened: OpenedFile, start: int, end: int) -> bool:
        """Whether anything in a stretch of the coroutine must stay on the loop."""
        module = self._project.index.module(use.frame.gid)
        inside: set[int] = set()
        for number, event in enumerate(self._project.index.scope(use.frame.gid).events):
            if event.kind == EventKind.AWAIT:
                continue
            if event.place >= 0 and _within(opened, module.facts.places[event.place], start, end):
                inside.add(number)
        risk = self._moving.threads.of_events(use.frame, inside) or self._moving.beside_others(use.frame, inside)
        return risk is not None


def _follows_code(opened: OpenedFile, statement: cst.CSTNode) -> bool:
    """Whether the line above is code of the same block: style guides want a blank line between it and a `def`."""
    around = opened.parent(statement)
    if isinstance(around, (cst.IndentedBlock, cst.Module)) and around.body[0] is statement:
        return False
    above = opened.line(opened.row(opened.start(statement)) - 1).strip()
    return bool(above) and not above.startswith("#")


def _within(opened: OpenedFile, place: Place, start: int, end: int) -> bool:
    starts = opened.source.line_starts
    first = starts[place.row - 1] + place.column - 1
    last = starts[place.end_row - 1] + place.end_column - 1
    return start <= first and last <= end


def _names_class(opened: OpenedFile, node: cst.CSTNode) -> bool:
    """Whether code relies on the method it stands in: `super()` and `__class__`."""
    return any(isinstance(part, cst.Name) and part.value in ("super", "__class__") for part in opened.inside(node))
