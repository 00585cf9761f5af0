"""What a block takes from the function around it and leaves behind: can it become a function of its own?

What it binds and later code reads is its result, where that is bound for sure. Variables that exist before it, and that
it changes or may leave as they are, are `nonlocal` in the new function: they then have at each moment, after an
exception, too, the value that they had.
"""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
import msgspec

from fastapi_lint.repair.assigned import Assigned
from fastapi_lint.repair.names import is_reference, names_inside
from fastapi_lint.repair.opened import Comprehension, OpenedFile

Movable = cst.With | cst.For
_LEAVES = (
    cst.Await, cst.Yield, cst.Asynchronous, cst.Global, cst.Nonlocal, cst.Del, cst.NamedExpr, cst.Import,
    cst.ImportFrom, cst.ClassDef, cst.FunctionDef, cst.Lambda, cst.Match, cst.TypeAlias,
)  # fmt: skip
_CALLER = frozenset({"super", "__class__", "locals", "vars", "dir", "eval", "exec"})
_ENDS = (cst.Return, cst.Raise, cst.Continue, cst.Break)


class Block(msgspec.Struct, frozen=True):
    """A statement that can be moved: later code reads the `results`, `changed` are variables that exist before it."""

    statement: Movable
    results: tuple[str, ...]
    changed: tuple[str, ...]
    returns: bool
    last_row: int


class _Names(msgspec.Struct, frozen=True):
    """Of the names that a block binds: those that other code of the function binds, those it reads, and where."""

    bound: frozenset[str]
    elsewhere: frozenset[str]
    read_later: frozenset[str]
    handled: frozenset[str]
    after_try: frozenset[str]


def read_block(opened: OpenedFile, statement: Movable, lets_out: Callable[[cst.With], bool]) -> Block | None:
    """The block, or None where something in it has to stay in the function."""
    function = opened.function_around(statement)
    body = statement.body
    if (
        function is None
        or function.asynchronous is None
        or not isinstance(body, cst.IndentedBlock)
        or _has_multiline_string(opened, statement)
    ):
        return None
    parts = list(opened.inside(statement))
    if any(isinstance(part, _LEAVES) for part in parts) or _jumps_out(opened, statement, parts):
        return None
    names = names_inside(opened, statement)
    if any(name.value in _CALLER for name in names):
        return None
    returns = isinstance(statement, cst.With) and lets_out(statement) and _ends_with_return(body)
    if any(isinstance(part, cst.Return) for part in parts) and not returns:
        return None
    passed = _passed(opened, statement, function, lets_out)
    if passed is None or (returns and passed[0]):
        return None
    return Block(statement, *passed, returns, opened.row(code_end(opened, statement)))


def _ends_with_return(body: cst.IndentedBlock) -> bool:
    last = body.body[-1]
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Return)


def _passed(
    opened: OpenedFile, statement: Movable, function: cst.FunctionDef, lets_out: Callable[[cst.With], bool]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The results and the variables that are changed; None where a value would get lost."""
    names = _names(opened, statement, function)
    scope = opened.names.scopes.get(id(function))
    if scope is None or names.bound & (scope.globals | scope.nonlocals):
        return None
    assigned = Assigned(opened, names.bound, lets_out)
    settled = assigned.of(statement)
    if _opened_names(statement) & (names.read_later | names.handled):
        return None  # what is open only inside has no meaning outside, and may belong to the thread
    changed = assigned.exposed | (names.read_later - settled) | names.handled | names.after_try
    if not changed <= names.elsewhere or changed & _annotated(opened, statement):
        return None
    return tuple(sorted(names.read_later - changed)), tuple(sorted(changed))


def _names(opened: OpenedFile, statement: Movable, function: cst.FunctionDef) -> _Names:
    start, end = opened.start(statement), opened.end(statement)
    inside = (part for part in opened.inside(statement) if isinstance(part, cst.Name))
    bound = frozenset(name.value for name in inside if _is_target(opened, name))
    elsewhere: set[str] = set()
    read_later: set[str] = set()
    handled: set[str] = set()
    after_try: set[str] = set()
    for name in opened.of(cst.Name):
        if name.value not in bound or start <= opened.start(name) < end or not _is_in(opened, name, function):
            continue
        if isinstance(opened.parent(name), cst.Param) or _is_target(opened, name):
            elsewhere.add(name.value)
            if not isinstance(opened.parent(name), cst.AugAssign):
                continue
        if not is_reference(opened, name) or not _is_read_after(opened, name, statement, function):
            continue
        read_later.add(name.value)
        if _is_handler(opened, name, statement):
            handled.add(name.value)
        if _is_behind_open_try(opened, name, statement):
            after_try.add(name.value)
    return _Names(bound, *(frozenset(each) for each in (elsewhere, read_later, handled, after_try)))


def _annotated(opened: OpenedFile, statement: Movable) -> set[str]:
    """The names with an annotation of their own: such a name cannot be `nonlocal`."""
    targets = [part.target for part in opened.inside(statement) if isinstance(part, cst.AnnAssign)]
    return {target.value for target in targets if isinstance(target, cst.Name)}


def _opened_names(statement: Movable) -> set[str]:
    items = statement.items if isinstance(statement, cst.With) else ()
    return {item.asname.name.value for item in items if item.asname and isinstance(item.asname.name, cst.Name)}


# -- who reads what


def _is_read_after(opened: OpenedFile, name: cst.Name, statement: Movable, function: cst.FunctionDef) -> bool:
    """Whether a name may still have the value there that the block gave it."""
    at = opened.start(name)
    if at < opened.start(statement) and not _is_in_loop_of(opened, name, statement):
        return not _is_own_scope(opened, name, function)  # a nested function may be called later
    if not _is_own_scope(opened, name, function):
        return True
    around = {id(parent) for _, parent in opened.ancestors(statement)}
    for child, parent in opened.ancestors(name):
        if parent is function:
            return True
        if isinstance(parent, cst.IndentedBlock) and _is_given_in(opened, name, child, parent, statement):
            return False
        if id(parent) in around:
            continue
        if isinstance(parent, cst.For) and child is parent.body and _binds(opened, parent.target, name.value):
            return False
        if isinstance(parent, cst.With) and child is parent.body:
            if any(item.asname is not None and _binds(opened, item.asname, name.value) for item in parent.items):
                return False
        if isinstance(parent, (cst.ExceptHandler, cst.ExceptStarHandler)) and parent.name is not None:
            if child is parent.body and _binds(opened, parent.name, name.value):
                return False
        if isinstance(parent, Comprehension) and _binds(opened, parent.for_in.target, name.value):
            return False
    return True


def _is_given_in(
    opened: OpenedFile, name: cst.Name, child: cst.CSTNode, block: cst.IndentedBlock, statement: Movable
) -> bool:
    """Whether a plain assignment stands between the moved statement and the place, in the same suite as the latter."""
    for line in block.body:
        if line is child:
            return False
        if name.value in _given(line):
            if not opened.end(line) <= opened.start(statement) <= opened.start(name):
                return True
    return False


def _given(line: cst.CSTNode) -> set[str]:
    """The names that a line gives a value by a plain assignment."""
    parts = line.body if isinstance(line, cst.SimpleStatementLine) else ()
    targets = [each.target for part in parts if isinstance(part, cst.Assign) for each in part.targets]
    return {target.value for target in targets if isinstance(target, cst.Name)}


def _binds(opened: OpenedFile, target: cst.CSTNode, name: str) -> bool:
    return any(part.value == name for part in opened.inside(target) if isinstance(part, cst.Name))


def _is_own_scope(opened: OpenedFile, name: cst.Name, function: cst.FunctionDef) -> bool:
    return opened.function_around(name) is function


def _is_in_loop_of(opened: OpenedFile, name: cst.Name, statement: Movable) -> bool:
    """Whether a loop of the function is around both."""
    loops = set()
    for _, parent in opened.ancestors(statement):
        if isinstance(parent, cst.FunctionDef):
            break
        if isinstance(parent, (cst.For, cst.While)):
            loops.add(id(parent))
    return any(id(parent) in loops for _, parent in opened.ancestors(name))


def _is_in(opened: OpenedFile, node: cst.CSTNode, function: cst.FunctionDef) -> bool:
    return any(parent is function for _, parent in opened.ancestors(node))


def _tries_around(opened: OpenedFile, statement: Movable) -> dict[int, cst.Try | cst.TryStar]:
    """The `try` statements in whose body the block stands."""
    found: dict[int, cst.Try | cst.TryStar] = {}
    for child, parent in opened.ancestors(statement):
        if isinstance(parent, cst.FunctionDef):
            break
        if isinstance(parent, (cst.Try, cst.TryStar)) and child is parent.body:
            found[id(parent)] = parent
    return found


def _is_handler(opened: OpenedFile, name: cst.Name, statement: Movable) -> bool:
    """Whether a name stands where an exception leads that leaves the block: it may find it half done."""
    tries = _tries_around(opened, statement)
    for child, parent in opened.ancestors(name):
        if isinstance(parent, (cst.Try, cst.TryStar)) and id(parent) in tries:
            return child is not parent.body and child is not parent.orelse
    return False


def _is_behind_open_try(opened: OpenedFile, name: cst.Name, statement: Movable) -> bool:
    """Whether a name is read behind a `try` of the block whose handlers go on to it."""
    around = {id(parent) for _, parent in opened.ancestors(name)}
    for number, node in _tries_around(opened, statement).items():
        if number not in around and any(not _leaves(handler, name.value) for handler in node.handlers):
            return True
    return False


def _leaves(handler: cst.ExceptHandler | cst.ExceptStarHandler, name: str) -> bool:
    """Whether a handler goes elsewhere, or gives the name a value of its own."""
    if any(name in _given(line) for line in handler.body.body):
        return True
    last = handler.body.body[-1] if handler.body.body else None
    part = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
    return isinstance(part, _ENDS)


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


# -- the text


def code_end(opened: OpenedFile, statement: cst.CSTNode) -> int:
    """Where a statement ends, comments behind its last line left out."""
    last = statement
    while not isinstance(last, cst.SimpleStatementLine):
        inner = _last_suite(last)
        if not isinstance(inner, cst.IndentedBlock):
            return opened.end(last)
        last = inner.body[-1]
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


def _has_multiline_string(opened: OpenedFile, statement: Movable) -> bool:
    """Whether a string goes over several lines: indenting would change it."""
    for part in opened.inside(statement):
        if isinstance(part, (cst.SimpleString, cst.FormattedString, cst.TemplatedString)):
            if opened.row(opened.start(part)) != opened.row(opened.end(part)):
                return True
    text = opened.text[opened.start(statement) : opened.end(statement)]
    return "\\\n" in text or "\\\r" in text or "\f" in text


def _jumps_out(opened: OpenedFile, statement: Movable, parts: list[cst.CSTNode]) -> bool:
    """Whether a `break` or `continue` belongs to a loop around the block."""
    for part in parts:
        if not isinstance(part, (cst.Break, cst.Continue)):
            continue
        for child, parent in opened.ancestors(part):
            if isinstance(parent, (cst.For, cst.While)) and child is parent.body:
                break
            if parent is statement:
                return True
    return False


def name_for(block: Block) -> str:
    """A name that says what the function does: it loads what is read later, or works with what the block opens."""
    statement = block.statement
    if isinstance(statement, cst.For):
        target = statement.target.value if isinstance(statement.target, cst.Name) else ""
        if len(block.results) == 1:
            return f"load_{block.results[0].strip('_')}"
        return f"process_{target.strip('_')}" if len(target.strip("_")) > 1 else "process_items"
    if len(block.results) == 1 and not any(_writes(item.item) for item in statement.items):
        return f"load_{block.results[0].strip('_')}"
    first = statement.items[0].asname
    opened = first.name.value if first is not None and isinstance(first.name, cst.Name) else ""
    return f"use_{opened}" if len(opened) > 1 else "use_file"


def _writes(opening: cst.BaseExpression) -> bool:
    """Whether a file is opened with a mode other than for reading."""
    given = opening.args if isinstance(opening, cst.Call) else ()
    modes = [arg.value.raw_value for arg in given if isinstance(arg.value, cst.SimpleString)]
    return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)
