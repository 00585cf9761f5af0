"""Which names are booleans that a module writes down, and that nothing in the project changes?

`DEBUG_LOCKS = False` may be edited one day; until then no request gets behind `if DEBUG_LOCKS`.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Declared, Import, Lit, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.modules import Module
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ModuleV

_MOST_HOPS = 4


class Switches:
    """Follows imports; what comes from an environment, a call or a second assignment is no such name."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index

    def value(self, frame: Frame, expr: int) -> bool | None:
        """Which of both an expression names; None for anything else."""
        node = frame.scope.exprs[expr]
        if type(node) is Use and len(node.defs) == 1:
            node = frame.scope.exprs[frame.scope.defs[node.defs[0]].value]
        module = self._index.module(frame.gid)
        if type(node) is Var and self._index.local(frame.gid, node.scope) == module.base:
            return self._constant(module, node.name, 0)
        if type(node) is Import:
            return self._imported(module, node, 0)
        if type(node) is Attr:
            owners = self._inference.type(frame, node.base)
            only = owners[0] if len(owners) == 1 else None
            source = self._index.table.by_key.get(only.path) if type(only) is ModuleV else None
            return self._constant(source, node.name, 0) if source is not None else None
        return None

    def _constant(self, module: Module, name: str, hops: int) -> bool | None:
        scope = module.facts.scopes[0]
        numbers = scope.names.get(name, ())
        if len(numbers) != 1 or hops > _MOST_HOPS or (module.base, name) in self._index.rebinds:
            return None
        if self._index.attribute_stores(name):  # `settings.DEBUG = True`, whatever `settings` is
            return None
        if any(star.after > numbers[0] for star in module.facts.star_imports):
            return None
        node = scope.exprs[scope.defs[numbers[0]].value]
        if isinstance(node, Declared) and node.value != NONE:
            node = scope.exprs[node.value]
        if isinstance(node, Import):
            return self._imported(module, node, hops + 1)
        return node.value if isinstance(node, Lit) and isinstance(node.value, bool) else None

    def _imported(self, module: Module, statement: Import, hops: int) -> bool | None:
        if statement.name is None:
            return None
        key = self._inference.names.module_key(module, statement.module, statement.level)
        source = self._index.table.by_key.get(key) if key is not None else None
        return self._constant(source, statement.name, hops) if source is not None and source is not module else None
