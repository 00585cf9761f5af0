"""From a source file to its facts: parse, bind names, one walk, places."""

from __future__ import annotations

import re

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
from fastapi_lint.extract.statements import SIMPLE_STATEMENTS
from fastapi_lint.extract.suites import lower_body
from fastapi_lint.facts import NONE, ModuleFacts
from fastapi_lint.scopes import bind_names
from fastapi_lint.source import SourceFile

_POOLER = re.compile(r"pgbouncer|pgcat|supavisor|odyssey", re.IGNORECASE)
_STATEMENTS = {**SIMPLE_STATEMENTS, **CONTROL_FLOW, **DEFINITIONS}

__all__ = ["NodeHandler", "extract"]


def extract(source: SourceFile, handlers: dict[type, tuple[NodeHandler, ...]] | None = None) -> ModuleFacts:
    """The facts of one file; `handlers` are node rules by node type. Raises SourceError where it does not parse."""
    tree = parse(source)
    names = bind_names(tree)
    builder = ModuleBuilder(names, _STATEMENTS, handlers or {})
    module = ScopeBuilder(builder, "module", "", None, names.scopes[id(tree)], NONE, Signature())
    lower_body(module, tree)
    while builder.pending:
        builder.pending.popleft()()
    return builder.finish(locate(tree, builder.wanted, source), _POOLER.search(source.text) is not None)
