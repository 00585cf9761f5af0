"""LibCST nodes without LibCST's parser.

Facts need what the code says, not how it is laid out; most of what LibCST's parser builds is layout. Python's own
parser is ten times faster and knows every position. So where it accepts a file, its tree is turned into the LibCST
nodes that the walk knows, with default layout, and positions come for free. Whatever differs between the two (string
literals that are joined or formatted, parentheses that mean something) goes through LibCST's parser in small pieces,
and a file with anything else that is not surely the same goes through it as a whole. `tests/test_quick_tree.py`
compares the facts.

Never use these trees to write code: they have not the layout of the file.
"""

from __future__ import annotations

import ast
import warnings

import libcst as cst

from fastapi_lint.extract.quick_tree.nodes import makers
from fastapi_lint.extract.quick_tree.statements import Statements
from fastapi_lint.extract.quick_tree.text import NotQuick
from fastapi_lint.facts import Place
from fastapi_lint.source import SourceFile

__all__ = ["NotQuick", "QuickTree"]


class QuickTree:
    """The tree of a file, what its string literals stand for (by the id of the node), and its places."""

    def __init__(self, source: SourceFile) -> None:
        """Raises NotQuick where only LibCST's parser will do."""
        known = makers()
        if known is None:
            raise NotQuick
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the linted code's own affair
                parsed = ast.parse(source.text)
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise NotQuick from error
        self._converter = Statements(source, known)
        self.module: cst.Module = self._converter.module(parsed)
        self.strings = self._converter.strings

    def places(self, nodes: list[cst.CSTNode]) -> tuple[Place, ...]:
        """The places of `nodes` (each listed once), in the same order; raises NotQuick if one is not known."""
        return self._converter.places(nodes)
