"""A file opened again, with its tree, the parents of its nodes and their places.

Fixes are computed on request, long after the tree that gave the facts is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

import libcst as cst
import msgspec

from fastapi_lint.diagnostic import Applicability, Edit, Fix
from fastapi_lint.extract.parsing import parse
from fastapi_lint.extract.positions import locate
from fastapi_lint.facts import Place
from fastapi_lint.scopes import ModuleNames, bind_names
from fastapi_lint.source import SourceFile

N = TypeVar("N", bound=cst.CSTNode)

Comprehension = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)
# What LibCST knows the place of; tokens and white space are shared between trees and have none.
_PLACED = (
    cst.BaseExpression,
    cst.BaseStatement,
    cst.BaseSmallStatement,
    cst.BaseElement,
    cst.BaseDictElement,
    cst.Arg,
    cst.Param,
    cst.ImportAlias,
    cst.WithItem,
    cst.Decorator,
    cst.Asynchronous,
    cst.Annotation,
)


_LAYOUT = frozenset(
    {
        "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "leading_lines", "header",
        "footer", "trailing_whitespace", "newline", "colon", "dot", "indent", "relative", "star", "start", "end",
        "prefix", "conversion", "encoding", "default_indent", "default_newline", "has_trailing_newline", "posonly_ind",
    }
)  # fmt: skip


class Change(msgspec.Struct, frozen=True, order=True):
    """Puts `text` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class OpenedFile:
    """One file. Offsets count characters of `text`, which has no byte order mark."""

    def __init__(self, key: str, content: bytes) -> None:
        self.key = key
        self.source = SourceFile(key, content)
        self.text = self.source.text
        self.tree = parse(self.source)
        self.names: ModuleNames = bind_names(self.tree)
        self.nodes: list[cst.CSTNode] = []
        self._parents: dict[int, cst.CSTNode] = {}
        self._read(self.tree)
        places = locate(self.tree, self.nodes, self.source)
        self._places = {id(node): place for node, place in zip(self.nodes, places, strict=True)}
        self._at: dict[Place, list[cst.CSTNode]] = {}
        for node, place in zip(self.nodes, places, strict=True):
            self._at.setdefault(place, []).append(node)

    def _read(self, top: cst.CSTNode) -> None:
        """Notes parents and placed nodes, without recursion: code may nest deeply."""
        todo: list[cst.CSTNode] = [top]
        while todo:
            node = todo.pop()
            for child in _parts(node):
                self._parents[id(child)] = node
                if _is_placed(type(child)):
                    self.nodes.append(child)
                todo.append(child)

    # -- nodes

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node around this one; None for the module."""
        return self._parents.get(id(node))

    def ancestors(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        """Pairs of (child, parent) from the node up to the module."""
        parent = self.parent(node)
        while parent is not None:
            yield node, parent
            node, parent = parent, self.parent(parent)

    def at(self, place: Place, kind: type[N]) -> N | None:
        """The node of this kind that takes up exactly this place."""
        for node in self._at.get(place, ()):
            if isinstance(node, kind):
                return node
        return None

    def of(self, kind: type[N]) -> list[N]:
        """Every placed node of this kind."""
        return [node for node in self.nodes if isinstance(node, kind)]

    def function_around(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        """The `def` whose body runs this node; None where a lambda or a class body does, or the module itself."""
        for child, parent in self.ancestors(node):
            if isinstance(parent, cst.FunctionDef):
                if child is parent.body:
                    return parent
            elif isinstance(parent, (cst.Lambda, cst.ClassDef)) and child is parent.body:
                return None
        return None

    def inside(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """A node and all nodes in it, in the order of the text."""
        todo = [node]
        while todo:
            current = todo.pop()
            yield current
            todo += reversed(list(_parts(current)))

    def statement_around(self, node: cst.CSTNode) -> cst.CSTNode:
        """The whole statement, simple or compound, that this node is part of."""
        if isinstance(node, cst.BaseStatement):
            return node
        return next((parent for _, parent in self.ancestors(node) if isinstance(parent, cst.BaseStatement)), node)

    # -- places

    def place(self, node: cst.CSTNode) -> Place:
        """The place of a node, as facts give it."""
        return self._places[id(node)]

    def start(self, node: cst.CSTNode) -> int:
        """Where a node begins, behind its opening parentheses."""
        place = self._places[id(node)]
        return self.source.line_starts[place.row - 1] + place.column - 1

    def end(self, node: cst.CSTNode) -> int:
        """Where a node ends, before its closing parentheses."""
        place = self._places[id(node)]
        return self.source.line_starts[place.end_row - 1] + place.end_column - 1

    def outer_start(self, node: cst.BaseExpression) -> int:
        return self.start(node) - sum(len(self.tree.code_for_node(token)) for token in node.lpar)

    def outer_end(self, node: cst.BaseExpression) -> int:
        return self.end(node) + sum(len(self.tree.code_for_node(token)) for token in node.rpar)

    def row(self, offset: int) -> int:
        """The 1-based row of a character."""
        return self.source.position(offset).row

    def line(self, row: int) -> str:
        """A line without its ending."""
        return self.source.lines[row - 1]

    def line_start(self, row: int) -> int:
        starts = self.source.line_starts
        return starts[row - 1] if row <= len(starts) else len(self.text)

    def indent(self, offset: int) -> str:
        """The white space in front of the line that a character stands in."""
        line = self.line(self.row(offset))
        return line[: len(line) - len(line.lstrip())]

    @property
    def newline(self) -> str:
        """The line ending of the file."""
        return self.tree.default_newline

    # -- results

    def fix(self, applicability: Applicability, message: str, changes: Iterable[Change]) -> Fix | None:
        """Changes as a fix; None where two of them want the same text, or a comment would go."""
        merged: list[Change] = []
        for change in sorted(set(changes)):
            last = merged[-1] if merged else None
            if last is None or (change.start >= last.end and not change.end == change.start == last.start):
                merged.append(change)
            elif change.start == change.end == last.end:  # two insertions in one place
                merged[-1] = Change(last.start, last.end, last.text + change.text)
            elif change.start == change.end and not last.text:  # an insertion where a line goes
                merged[-1] = Change(last.start, last.end, change.text.strip("\r\n") + self.newline)
            else:
                return None
        if any(self._loses_comment(change) for change in merged):
            return None
        position = self.source.position
        edits = [Edit(change.text, position(change.start), position(change.end)) for change in merged]
        return Fix(applicability, message, tuple(edits)) if edits else None

    def _loses_comment(self, change: Change) -> bool:
        lines = self.text[change.start : change.end].splitlines()
        return any("#" in line and line[line.index("#") :].rstrip() not in change.text for line in lines)


def _parts(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The child nodes, except white space and tokens."""
    for name in _fields(type(node)):
        value: Any = getattr(node, name)
        if isinstance(value, (list, tuple)):
            yield from (item for item in value if hasattr(item, "_codegen_impl"))
        elif hasattr(value, "_codegen_impl"):  # asking for the base class takes ten times as long
            yield value


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node that may hold code."""
    return tuple(
        name
        for name in kind.__dataclass_fields__
        if name not in _LAYOUT and not name.startswith(("whitespace", "lines_"))
    )


@cache
def _is_placed(kind: type[cst.CSTNode]) -> bool:
    return issubclass(kind, _PLACED)
