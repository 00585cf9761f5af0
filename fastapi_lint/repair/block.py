"""What a `with` block takes from the function around it and leaves behind: can it become a function of its own?"""

from __future__ import annotations

import libcst as cst
import msgspec

from fastapi_lint.repair.names import names_inside
from fastapi_lint.repair.opened import Comprehension, OpenedFile

_LEAVES = (
    cst.Await, cst.Yield, cst.Asynchronous, cst.Global, cst.Nonlocal, cst.Del, cst.NamedExpr, cst.Import,
    cst.ImportFrom, cst.ClassDef, cst.FunctionDef, cst.Lambda, cst.Match, cst.TypeAlias,
)  # fmt: skip
_CALLER = frozenset({"super", "__class__", "locals", "vars", "dir", "eval", "exec"})


class Block(msgspec.Struct, frozen=True):
    """A `with` statement that can be moved: `results` are the names that later code reads."""

    statement: cst.With
    results: tuple[str, ...]
    returns: bool
    name: str
    last_row: int


def read_block(opened: OpenedFile, statement: cst.With, is_tried: bool) -> Block | None:
    """The block, or None where something in it has to stay in the function."""
    function = opened.function_around(statement)
    body = statement.body
    if function is None or not isinstance(body, cst.IndentedBlock) or _has_multiline_string(opened, statement):
        return None
    parts = list(opened.inside(statement))
    if any(isinstance(part, _LEAVES) for part in parts) or _jumps_out(opened, statement, parts):
        return None
    names = names_inside(opened, statement)
    if any(name.value in _CALLER for name in names):
        return None
    returns = isinstance(body.body[-1], cst.SimpleStatementLine) and isinstance(body.body[-1].body[-1], cst.Return)
    if not returns and any(isinstance(part, cst.Return) for part in parts):
        return None
    bound = _bound(opened, names)
    results = _results(opened, statement, function, bound, is_tried)
    if results is None or (returns and results):
        return None
    last = opened.row(_end(opened, body))
    return Block(statement, results, returns, _name(statement, results), last)


def _end(opened: OpenedFile, body: cst.IndentedBlock) -> int:
    """Where the last statement of a block ends, comments behind it left out."""
    last = body.body[-1]
    while not isinstance(last, cst.SimpleStatementLine):
        inner = _last_suite(last)
        if isinstance(inner, cst.IndentedBlock):
            last = inner.body[-1]
        else:
            return opened.end(last)
    return opened.end(last.body[-1])


def _last_suite(statement: cst.CSTNode) -> cst.CSTNode | None:
    for name in ("finalbody", "orelse"):
        part = getattr(statement, name, None)
        if part is not None:
            return _last_suite(part) if isinstance(part, cst.If) else part.body
    handlers = getattr(statement, "handlers", None)
    if handlers:
        return handlers[-1].body  # type: ignore[no-any-return]
    return getattr(statement, "body", None)


def _has_multiline_string(opened: OpenedFile, statement: cst.With) -> bool:
    """Whether a string goes over several lines: indenting would change it."""
    for part in opened.inside(statement):
        if isinstance(part, (cst.SimpleString, cst.FormattedString, cst.TemplatedString)):
            if opened.row(opened.start(part)) != opened.row(opened.end(part)):
                return True
    text = opened.text[opened.start(statement) : opened.end(statement)]
    return "\\\n" in text or "\\\r" in text or "\f" in text


def _jumps_out(opened: OpenedFile, statement: cst.With, parts: list[cst.CSTNode]) -> bool:
    """Whether a `break` or `continue` belongs to a loop around the block."""
    for part in parts:
        if isinstance(part, (cst.Break, cst.Continue)):
            for child, parent in opened.ancestors(part):
                if parent is statement:
                    return True
                if isinstance(parent, (cst.For, cst.While)) and child is parent.body:
                    break
    return False


def _bound(opened: OpenedFile, names: list[cst.Name]) -> set[str]:
    """The names that the block binds, those of comprehensions left out."""
    return {name.value for name in names if _is_target(opened, name)}


def _is_target(opened: OpenedFile, name: cst.Name) -> bool:
    for child, parent in opened.ancestors(name):
        if isinstance(parent, (cst.Attribute, cst.Subscript, cst.Call)):
            return False
        if isinstance(parent, (cst.AssignTarget, cst.AsName)):
            return True
        if isinstance(parent, (cst.AugAssign, cst.AnnAssign, cst.For)):
            return child is parent.target
        if isinstance(parent, (*Comprehension, cst.BaseStatement)):
            return False
    return False


def _results(
    opened: OpenedFile, statement: cst.With, function: cst.FunctionDef, bound: set[str], is_tried: bool
) -> tuple[str, ...] | None:
    """The bound names that code outside of the block reads; None where they cannot be handed out."""
    start, end = opened.start(statement), opened.end(statement)
    outside: set[str] = set()
    before: set[str] = set()
    read_inside: set[str] = set()
    augmented: set[str] = set()
    for name in opened.of(cst.Name):
        if name.value not in bound:
            continue
        at = opened.start(name)
        inside = start <= at < end
        target = _is_target(opened, name)
        if inside:
            parent = opened.parent(name)
            if isinstance(parent, cst.AugAssign) and parent.target is name:
                augmented.add(name.value)
            elif not target:
                read_inside.add(name.value)
        elif _is_in(opened, name, function):
            if _handles(opened, name, statement):
                return None
            (before if target or isinstance(opened.parent(name), cst.Param) else outside).add(name.value)
    scope = opened.names.scopes.get(id(function))
    if scope is None or bound & (scope.globals | scope.nonlocals):
        return None
    if before and (is_tried or before & (read_inside | augmented)):
        return None
    settled = _settled(statement)
    results = sorted(outside)
    if is_tried and results and not set(results) <= settled:
        return None
    return tuple(results) if set(results) <= settled else None


def _is_in(opened: OpenedFile, node: cst.CSTNode, function: cst.FunctionDef) -> bool:
    return any(parent is function for _, parent in opened.ancestors(node))


def _handles(opened: OpenedFile, name: cst.Name, statement: cst.With) -> bool:
    """Whether a name stands where an exception leads that leaves the block: it may find it half done."""
    around = {id(parent): child for child, parent in opened.ancestors(statement)}
    for child, parent in opened.ancestors(name):
        if isinstance(parent, (cst.Try, cst.TryStar)) and around.get(id(parent)) is parent.body:
            return child is not parent.body and child is not parent.orelse
    return False


def _settled(statement: cst.With) -> set[str]:
    """The names that are bound for sure when the block ends: by statements of its own, on no condition."""
    found: set[str] = set()
    body = statement.body
    for line in body.body:
        if isinstance(line, cst.SimpleStatementLine):
            for part in line.body:
                if isinstance(part, cst.Assign):
                    found |= {t.target.value for t in part.targets if isinstance(t.target, cst.Name)}
                elif isinstance(part, cst.AnnAssign) and part.value is not None and isinstance(part.target, cst.Name):
                    found.add(part.target.value)
        elif isinstance(line, cst.With) and not line.asynchronous:
            continue
    return found


def _name(statement: cst.With, results: tuple[str, ...]) -> str:
    """A name that says what the function does: it loads what is read later, or works with what the block opens."""
    if len(results) == 1 and not any(_writes(item.item) for item in statement.items):
        return f"load_{results[0].strip('_')}"
    first = statement.items[0].asname
    opened = first.name.value if first is not None and isinstance(first.name, cst.Name) else ""
    return f"use_{opened}" if len(opened) > 1 else "use_file"


def _writes(opening: cst.BaseExpression) -> bool:
    """Whether a file is opened with a mode other than for reading."""
    given = opening.args if isinstance(opening, cst.Call) else ()
    modes = [arg.value.raw_value for arg in given if isinstance(arg.value, cst.SimpleString)]
    return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)
