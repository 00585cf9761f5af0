"""Is what a variable of a module holds always of the class that its declaration names?

`callbacks: list[Hook] = []`, and nothing but lists is ever assigned to it: `isinstance(callbacks, list)` holds, and so
does `hasattr(callbacks, "clear")`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Call, Declared, Free, Lit, Seq, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    InstanceV,
    LiteralV,
    ModuleV,
    Type,
    Value,
    union,
)


class DeclaredKinds:
    """Answers by variable and class, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[tuple[int, str, Type], bool] = {}

    def holds(self, frame: Frame, test: int) -> bool:
        """Whether a test is an `isinstance` that holds whatever the project assigns."""
        node = frame.scope.exprs[test]
        if not isinstance(node, Call) or len(node.args) != 2 or frame.scope.exprs[node.func] != Free("isinstance"):
            return False
        named = frame.scope.exprs[node.args[1]]
        classes = named.items if isinstance(named, Seq) else (node.args[1],)
        kinds = union(self._inference.type(frame, one) for one in classes)
        return bool(kinds) and any(self._is_always(*one, kinds) for one in self._variable(frame, node.args[0]))

    def has(self, frame: Frame, test: int) -> bool:
        """Whether a test asks for a method that all have which the project puts there: `hasattr(x, "clear")`.

        None is no such value: state that is missing is made, not changed.
        """
        node = frame.scope.exprs[test]
        if not isinstance(node, Call) or len(node.args) != 2 or frame.scope.exprs[node.func] != Free("hasattr"):
            return False
        asked = frame.scope.exprs[node.args[1]]
        values = [one for one in self._inference.type(frame, node.args[0]) if one != LiteralV(None)]
        if not values or not isinstance(asked, Lit) or not isinstance(asked.value, str):
            return False
        return all(self._has_method(value, asked.value) for value in values)

    def _has_method(self, value: Value, name: str) -> bool:
        if isinstance(value, InstanceV):
            return self._inference.classes.find_method(value.gid, name) is not None
        kind, _, what = value.name.partition(".") if isinstance(value, ExtInstanceV) else ("", "", "")
        return kind == "builtins" and hasattr(getattr(builtins, what, None), name)

    def _variable(self, frame: Frame, expr: int) -> Iterator[tuple[int, str]]:
        """The module and the name of a variable of module level."""
        node = frame.scope.exprs[expr]
        if isinstance(node, Var):
            owner = self._index.local(frame.gid, node.scope)
            if self._index.scope(owner).kind == "module":
                yield owner, node.name
        elif isinstance(node, Attr):
            modules = self._inference.type(frame, node.base)
            if len(modules) == 1 and isinstance(modules[0], ModuleV):
                source = self._index.table.by_key.get(modules[0].path)
                if source is not None:
                    yield source.base, node.name

    def _is_always(self, module: int, name: str, kinds: Type) -> bool:
        key = (module, name, kinds)
        if key not in self._known:
            self._known[key] = all(
                bool(held) and all(any(_is_a(self._inference, one, kind) for kind in kinds) for one in held)
                for held in self._held(module, name)
            )
        return self._known[key]

    def _held(self, module: int, name: str) -> Iterator[Type]:
        """What the declaration names, and what each assignment gives; nothing for what is not known."""
        scope, frame = self._index.scope(module), self._index.frame(module)
        made = [scope.exprs[scope.defs[number].value] for number in scope.names.get(name, ())]
        declared = [node for node in made if isinstance(node, Declared)]
        if len(declared) != 1:
            yield ()
        for node in declared:
            yield self._inference.annotations.type(frame, node.annotation)
            if node.value != NONE:
                yield self._inference.type(frame, node.value)
        for number in scope.names.get(name, ()):
            if not isinstance(scope.exprs[scope.defs[number].value], Declared):
                yield self._inference.type(frame, scope.defs[number].value)
        for site in self._index.rebinds.get((module, name), ()):
            yield self._inference.type(self._inference.plain_frame(site.gid), site.expr)
        key = self._index.module(module).key
        for base, value in self._index.attribute_stores(name):
            around = self._inference.plain_frame(base.gid)
            if any(isinstance(one, ModuleV) and one.path == key for one in self._inference.type(around, base.expr)):
                yield self._inference.type(around, value) if value != NONE else ()


def _is_a(inference: Inference, value: Value, kind: Value) -> bool:
    if isinstance(value, ExtInstanceV):
        return isinstance(kind, ExternalV) and value.name == kind.name
    if isinstance(value, InstanceV) and isinstance(kind, ClassV):
        return inference.classes.is_subclass(value.gid, kind.gid)
    return False
