"""What do attributes of classes hold: one thing for all instances, or each instance's and each request's own?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Call, Comp, Declared, Map, Seq
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import parts
from fastapi_lint.project.shared.containers import CONTAINERS
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    FunctionV,
    InstanceV,
    MethodV,
    PropertyV,
)

_HARMLESS_BASES = frozenset({"abc", "builtins", "collections", "enum", "starlette", "threading", "typing"})
_CONTEXT_VARIABLE = "contextvars.ContextVar"


class ClassAttributes:
    """Questions about attributes of first-party classes."""

    def __init__(self, inference: Inference) -> None:
        self._index = inference.index
        self._inference = inference

    def is_class_level(self, value: ClassV | InstanceV, name: str) -> bool:
        """Whether the attribute lives in the class itself and no method gives each instance its own."""
        classes = self._inference.classes
        if isinstance(value, InstanceV) and classes.stored(value.gid, name):
            return False
        if isinstance(value, InstanceV) and self._may_copy_defaults(value.gid):
            return False
        for entry in classes.mro(value.gid):
            if isinstance(entry, int) and name in self._index.scope(entry).names:
                # pydantic copies defaults for each instance
                models = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel")
                if any(classes.derives_from(entry, model) for model in models):
                    return False
                return self._holds_container(entry, name)
        return False

    def _may_copy_defaults(self, gid: int) -> bool:
        """Whether a library's class that nothing is known of may give each instance its own, as pydantic does."""
        known = self._inference.libraries.catalogue.type
        return any(
            known(base) is None and base.split(".")[0] not in _HARMLESS_BASES
            for base in self._inference.classes.external_bases(gid)
        )

    def _holds_container(self, owner: int, name: str) -> bool:
        """Whether the class body itself makes a container: a declared field or a descriptor makes one per instance."""
        scope = self._index.scope(owner)
        frame = self._index.frame(owner)
        return any(self._makes_container(frame, scope.defs[n].value) for n in scope.names.get(name, ()))

    def _makes_container(self, frame: Frame, expr: int) -> bool:
        node = self._index.scope(frame.gid).exprs[expr]
        if isinstance(node, Declared):
            return node.value != NONE and self._makes_container(frame, node.value)
        if isinstance(node, Call):
            made = self._inference.type(frame, node.func)
            return any(isinstance(value, ExternalV) and value.name in CONTAINERS for value in made)
        return isinstance(node, (Map, Comp)) or (isinstance(node, Seq) and node.kind != "tuple")

    def holds_instance(self, value: ClassV, name: str) -> bool:
        """Whether a class attribute is an object of the project (`Registry.instance`), not a method or a class."""
        held = self._inference.attribute(value, name)
        return bool(held) and all(isinstance(one, InstanceV) for one in held)

    def gives_own(self, value: InstanceV, name: str) -> bool:
        """Whether a property gives what a context variable holds: a shared object, but each request's own things."""
        members = self._inference.classes.member(value.gid, name)[0]
        return any(isinstance(one, PropertyV) and self._reads_context(one.function, 0) for one in members)

    def gives_own_items(self, value: InstanceV) -> bool:
        """Whether `value[key]` gives what a context variable holds."""
        method = self._inference.classes.find_method(value.gid, "__getitem__")
        return method is not None and self._reads_context(method, 0)

    def _reads_context(self, function: FunctionV | MethodV, hops: int) -> bool:
        """Whether what a function returns comes from what a context variable holds."""
        inner = self._inference.binding.frame_of(function)
        scope = self._index.scope(inner.gid)
        for expr in self._inference.names.returns(inner.gid):
            for node in (scope.exprs[part] for part in parts(scope, expr)):
                func = scope.exprs[node.func] if isinstance(node, Call) else None
                if isinstance(func, Attr) and func.name == "get":
                    holders = self._inference.type(inner, func.base)
                    if any(isinstance(one, ExtInstanceV) and one.name == _CONTEXT_VARIABLE for one in holders):
                        return True
                called = self._inference.type(inner, node.func) if isinstance(node, Call) and hops < 2 else ()
                if any(self._reads_context(one, hops + 1) for one in self._inference.functions(called)):
                    return True
        return False
