"""Where a new import goes: merged into one that is there, else sorted in among its kind."""

from __future__ import annotations

import sys
from collections.abc import Callable

import libcst as cst
import msgspec

from fastapi_lint.extract.statements import dotted
from fastapi_lint.repair.opened import Change, OpenedFile

_ImportStatement = cst.Import | cst.ImportFrom


class _Line(msgspec.Struct, frozen=True):
    """An import that stands on lines of its own at the top of the file; `kind` orders the sections as isort does."""

    statement: _ImportStatement
    module: str
    kind: int
    first_row: int
    last_row: int


def place_import(
    opened: OpenedFile, module: str, member: str | None, is_first_party: Callable[[str], bool]
) -> Change | None:
    """The insertion that imports `module`, or `member` from it, at the top level of the file."""
    lines = _import_lines(opened, is_first_party)
    if member is not None:
        for line in lines:
            merged = _merged(opened, line, module, member)
            if merged is not None:
                return merged
    text = f"import {module}" if member is None else f"from {module} import {member}"
    kind = _kind(module, 0, is_first_party)
    newline = opened.newline
    same = [line for line in lines if line.kind == kind]
    if same:
        row, after = _among(same, module, member is None)
        return _insertion(opened, row, text, after)
    before = [line for line in lines if line.kind < kind]
    if before:
        return _insertion(opened, before[-1].last_row, f"{newline}{text}", True)
    if lines:
        return _insertion(opened, lines[0].first_row, f"{text}{newline}", False)
    return _first_import(opened, text)


def _import_lines(opened: OpenedFile, is_first_party: Callable[[str], bool]) -> list[_Line]:
    """The imports at the top, up to the first other statement; the docstring and `__future__` are left out."""
    found: list[_Line] = []
    for number, statement in enumerate(opened.tree.body):
        if not isinstance(statement, cst.SimpleStatementLine):
            break
        if number == 0 and _is_docstring(statement):
            continue
        if not all(isinstance(part, (cst.Import, cst.ImportFrom)) for part in statement.body):
            break
        part = statement.body[0]
        if isinstance(part, cst.Import):
            module, level = dotted(part.names[0].name), 0
        elif isinstance(part, cst.ImportFrom):
            module, level = (dotted(part.module) if part.module is not None else ""), len(part.relative)
        else:
            break
        if module == "__future__":
            continue
        first, last = opened.row(opened.start(part)), opened.row(opened.end(statement.body[-1]))
        found.append(_Line(part, module, _kind(module, level, is_first_party), first, last))
    return found


def _is_docstring(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Expr):
        return False
    return isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))


def _kind(module: str, level: int, is_first_party: Callable[[str], bool]) -> int:
    """The section: Python's own, libraries, the project's own, relative."""
    if level:
        return 3
    if is_first_party(module):
        return 2
    return 0 if module.partition(".")[0] in sys.stdlib_module_names else 1


def _among(lines: list[_Line], module: str, plain: bool) -> tuple[int, bool]:
    """The row to insert at and whether behind it: `import x` before `from x import y`, each by name."""
    alike = [line for line in lines if isinstance(line.statement, cst.Import) is plain]
    if not alike:
        return (lines[0].first_row, False) if plain else (lines[-1].last_row, True)
    for line in alike:
        if line.module.lower() > module.lower():
            return line.first_row, False
    return alike[-1].last_row, True


def _insertion(opened: OpenedFile, row: int, text: str, after: bool) -> Change:
    if not after:
        offset = opened.line_start(row)
        return Change(offset, offset, text + opened.newline)
    offset = opened.line_start(row) + len(opened.line(row))
    return Change(offset, offset, opened.newline + text)


def _merged(opened: OpenedFile, line: _Line, module: str, member: str) -> Change | None:
    """The member among those that a `from module import ...` takes already."""
    statement = line.statement
    if not isinstance(statement, cst.ImportFrom) or line.module != module or statement.relative:
        return None
    if isinstance(statement.names, cst.ImportStar):
        return None
    aliases = list(statement.names)
    names = [dotted(alias.name) for alias in aliases]
    in_order = names == sorted(names, key=str.lower)
    for alias, name in zip(aliases, names, strict=True):
        if in_order and name.lower() > member.lower():
            start = opened.start(alias)
            return Change(start, start, f"{member},{_gap(opened, start)}")
    start, end = opened.start(aliases[-1]), opened.end(aliases[-1])
    return Change(end, end, f",{_gap(opened, start)}{member}")


def _gap(opened: OpenedFile, start: int) -> str:
    """What separates an alias from the one before it: a new line where it stands on a line of its own."""
    indent = opened.indent(start)
    on_its_own = opened.line_start(opened.row(start)) + len(indent) == start
    return f"{opened.newline}{indent}" if on_its_own else " "


def _first_import(opened: OpenedFile, text: str) -> Change | None:
    """A file without imports: behind the docstring and `__future__`, before the first code and its comments."""
    newline = opened.newline
    settled = [
        statement
        for number, statement in enumerate(opened.tree.body)
        if (number == 0 and _is_docstring(statement)) or _is_future(statement)
    ]
    if settled:
        last = settled[-1]
        if not isinstance(last, cst.SimpleStatementLine) or len(last.body) > 1:
            return None
        row = opened.row(opened.end(last.body[-1]))
        return _insertion(opened, row, f"{newline}{text}", True)
    if not opened.tree.body:
        return None
    row = opened.row(_start_with_decorators(opened, opened.tree.body[0]))
    while row > 1 and opened.line(row - 1).lstrip().startswith("#"):
        row -= 1
    if row == 1 or opened.line(1).startswith("#!"):
        row = opened.row(_start_with_decorators(opened, opened.tree.body[0]))
    return _insertion(opened, row, f"{text}{newline}", False)


def _start_with_decorators(opened: OpenedFile, statement: cst.BaseStatement) -> int:
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) and statement.decorators:
        return opened.start(statement.decorators[0])
    if isinstance(statement, cst.SimpleStatementLine):
        return opened.start(statement.body[0])
    return opened.start(statement)


def _is_future(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    first = statement.body[0]
    return isinstance(first, cst.ImportFrom) and first.module is not None and dotted(first.module) == "__future__"
