"""From a source file to its facts: parse, bind names, one walk, places."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import libcst as cst

from fastapi_lint.extract.builder import (
    ModuleBuilder,
    NodeHandler,
    ScopeBuilder,
    Signature,
)
from fastapi_lint.extract.control_flow import CONTROL_FLOW
from fastapi_lint.extract.definitions import DEFINITIONS
from fastapi_lint.extract.parsing import parse
from fastapi_lint.extract.positions import locate
from fastapi_lint.extract.quick_tree import NotQuick, QuickTree
from fastapi_lint.extract.statements import SIMPLE_STATEMENTS
from fastapi_lint.extract.suites import lower_body
from fastapi_lint.facts import NONE, ModuleFacts, Place
from fastapi_lint.scopes import bind_names
from fastapi_lint.source import SourceFile

_POOLERS = ("pgbouncer", "pgcat", "supavisor", "odyssey")
_STATEMENTS = {**SIMPLE_STATEMENTS, **CONTROL_FLOW, **DEFINITIONS}

__all__ = ["NodeHandler", "extract"]


def extract(
    source: SourceFile, handlers: dict[type, tuple[NodeHandler, ...]] | None = None, *, quick: bool = True
) -> ModuleFacts:
    """The facts of one file; `handlers` are node rules by node type. Raises SourceError where it does not parse.

    With `quick` the nodes have no layout of their own unless the file needs LibCST's parser.
    """
    if quick:
        with contextlib.suppress(NotQuick):
            tree = QuickTree(source)
            return _lowered(tree.module, source, handlers or {}, tree.places, tree.strings)
    module = parse(source)
    return _lowered(module, source, handlers or {}, lambda wanted: locate(module, wanted, source), {})


def _lowered(
    tree: cst.Module,
    source: SourceFile,
    handlers: dict[type, tuple[NodeHandler, ...]],
    places: Callable[[list[cst.CSTNode]], tuple[Place, ...]],
    strings: dict[int, str | bytes],
) -> ModuleFacts:
    names = bind_names(tree)
    builder = ModuleBuilder(names, _STATEMENTS, handlers, strings)
    module = ScopeBuilder(builder, "module", "", None, names.scopes[id(tree)], NONE, Signature())
    lower_body(module, tree)
    while builder.pending:
        builder.pending.popleft()()
    text = source.text.lower()
    return builder.finish(places(builder.wanted), any(pooler in text for pooler in _POOLERS))
