"""What do decorators make of a function?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Attr, Call
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    InstanceV,
    MethodV,
    PropertyV,
    Type,
    Value,
    WrappedV,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_BUILTIN_WRAPPERS = {
    "builtins.staticmethod": "static",
    "builtins.classmethod": "class",
    "contextlib.contextmanager": "contextmanager",
    "contextlib.asynccontextmanager": "contextmanager",
}
_PROPERTIES = frozenset(
    {
        "builtins.property",
        "functools.cached_property",
        "abc.abstractproperty",
        "django.utils.functional.cached_property",
        "sqlalchemy.ext.hybrid.hybrid_property",
        "pydantic.computed_field",
    }
)
_ACCESSORS = frozenset({"getter", "setter", "deleter"})
_ABSTRACT = "abstractmethod"
_CACHES = frozenset({"functools.lru_cache", "functools.cache"})
_EXPIRING = frozenset({"cachetools.func.ttl_cache", "cachetools.TTLCache", "cachetools.TLRUCache"})
"""See https://cachetools.readthedocs.io: what they keep is there for some time only."""


class Decorators:
    """A decorated function as a value."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._kinds: dict[int, str] = {}

    def applied(self, frame: Frame, function: FunctionV) -> Type:
        """The function after its decorators, innermost first; `frame` is the scope that holds the `def`."""
        result: Type = (function,)
        for decorator in reversed(self._index.scope(function.gid).decorators):
            result = union(self._apply(frame, decorator, value) for value in result)
        return result

    def _apply(self, frame: Frame, decorator: int, value: Value) -> Type:
        if not isinstance(value, FunctionV):
            return (value,)
        node = self._index.scope(frame.gid).exprs[decorator]
        target = node.func if isinstance(node, Call) else decorator
        if isinstance(node, Attr) and node.name in _ACCESSORS:  # the property, with one more accessor
            target = node.base
        for made_by in self._inference.type(frame, target):
            changed = self._by(frame, decorator, made_by, value)
            if changed is not None:
                return changed
        return (value,)

    def _by(self, frame: Frame, decorator: int, made_by: Value, function: FunctionV) -> Type | None:
        if isinstance(made_by, ExternalV) and made_by.name in _BUILTIN_WRAPPERS:
            return (WrappedV(function, _BUILTIN_WRAPPERS[made_by.name]),)
        if isinstance(made_by, ExternalV) and made_by.name in _PROPERTIES:
            return (PropertyV(function),)
        if isinstance(made_by, (ExternalV, ExtMemberV)):  # a method as well: `@cli.group()`
            return self._by_library(made_by, function)
        if isinstance(made_by, PropertyV):  # `@value.setter`
            return (made_by,)
        if isinstance(made_by, (FunctionV, MethodV)):
            said, _ = self._inference.libraries.call_spec(made_by)
            if said is not None and said.decorates in ("offloads", "contextmanager"):
                return (WrappedV(function, said.decorates),)
            return self._by_function(frame, decorator, function)
        if isinstance(made_by, ClassV) and not isinstance(self._index.scope(frame.gid).exprs[decorator], Call):
            return (InstanceV(made_by.gid),)
        return None

    def _by_library(self, made_by: ExternalV | ExtMemberV, function: FunctionV) -> Type | None:
        spec, _ = self._inference.libraries.call_spec(made_by)
        if spec is not None and spec.decorates in ("offloads", "contextmanager"):
            return (WrappedV(function, spec.decorates),)
        if spec is not None and spec.decorates == "property":
            return (PropertyV(function),)
        if spec is not None and spec.decorates is None and spec.returns is not None and spec.entry is None:
            return self._inference.libraries.read(spec.returns)
        return None

    def _by_function(self, frame: Frame, decorator: int, function: FunctionV) -> Type | None:
        """A first-party decorator: what it returns when it is given the function."""
        calls = self._inference.calls
        node = self._index.scope(frame.gid).exprs[decorator]
        if isinstance(node, Call):
            made = self._inference.type(frame, decorator)
        else:
            made = self._inference.type(frame, decorator)
        results = [
            calls.returned(self._inference.binding.frame_with(value, [(function,)]))
            for value in self._inference.functions(made)
        ]
        return self._of_same_kind(union(results), function) or None

    def _of_same_kind(self, wrappers: Type, function: FunctionV) -> Type:
        """A decorator for both kinds of functions asks which it got and returns a wrapper of the same kind."""
        is_async = self._index.scope(function.gid).is_async
        same = tuple(v for v in wrappers if isinstance(v, FunctionV) and self._index.scope(v.gid).is_async == is_async)
        other = tuple(v for v in wrappers if isinstance(v, FunctionV) and v not in same)
        return tuple(v for v in wrappers if v not in other) if same and other else wrappers

    def names(self, gid: int) -> list[str]:
        """The qualified names of the library decorators of a function."""
        frame = self._inference.plain_frame(self._index.parent(gid))
        found = []
        for decorator in self._index.scope(gid).decorators:
            node = self._index.scope(frame.gid).exprs[decorator]
            target = node.func if isinstance(node, Call) else decorator
            for value in self._inference.type(frame, target):
                if isinstance(value, ExternalV):
                    found.append(value.name)
                elif isinstance(value, ExtMemberV):
                    found.append(f"{value.name}.{value.path}")
        return found

    def named(self, gid: int, wanted: frozenset[str]) -> tuple[str, int] | None:
        """The first library decorator of a function that is among `wanted`, with its place."""
        frame = self._inference.plain_frame(self._index.parent(gid))
        scope = self._index.scope(gid)
        for decorator, place in zip(scope.decorators, scope.decorator_places, strict=True):
            node = self._index.scope(frame.gid).exprs[decorator]
            for value in self._inference.type(frame, node.func if isinstance(node, Call) else decorator):
                if isinstance(value, ExternalV) and value.name in wanted:
                    return value.name, place
        return None

    def has_unknown(self, gid: int) -> bool:
        """Whether a decorator could have turned the function into anything."""
        frame = self._inference.plain_frame(self._index.parent(gid))
        for decorator in self._index.scope(gid).decorators:
            node = self._index.scope(frame.gid).exprs[decorator]
            target = node.func if isinstance(node, Call) else decorator
            values = self._inference.type(frame, target)
            if not values:
                return True
            for value in values:
                if isinstance(value, (ExternalV, ExtMemberV)):
                    spec, name = self._inference.libraries.call_spec(value)
                    if spec is None and not name.startswith(("builtins.", "functools.", "abc.", "typing")):
                        return True
        return False

    def is_cached(self, gid: int) -> bool:
        """Whether the body runs once per key: `lru_cache` and its kin."""
        for name in self.names(gid):
            if name in _CACHES:
                return True
            spec = self._inference.libraries.catalogue.function(name)
            if spec is not None and spec.decorates == "cached":
                return True
        return False

    def is_kept_for_good(self, gid: int) -> bool:
        """Whether the body runs once per key, and again only where newer keys leave no room: nothing gets too old."""
        return self.is_cached(gid) and not self._expires(gid)

    def _expires(self, gid: int) -> bool:
        """Whether what a cached function keeps gets too old, so that its body runs again and again."""
        frame = self._inference.plain_frame(self._index.parent(gid))
        for decorator in self._index.scope(gid).decorators:
            node = frame.scope.exprs[decorator]
            given = [decorator]
            if isinstance(node, Call):
                given = [node.func, *node.args, *(value for _, value in node.keywords)]
            for one in given:
                where, made = self._inference.annotations.definition(frame, one) or (frame, one)
                node = where.scope.exprs[made]
                kinds = self._inference.type(where, node.func if isinstance(node, Call) else made)
                if any(isinstance(value, (ExternalV, ExtInstanceV)) and value.name in _EXPIRING for value in kinds):
                    return True
        return False

    def is_cached_property(self, gid: int) -> bool:
        """Whether a method runs once for each instance."""
        return any(name.endswith(".cached_property") for name in self.names(gid))

    def method_kind(self, gid: int) -> str:
        """`instance`, `class` or `static`; read off the decorators' names so that no type is needed to know it."""
        known = self._kinds.get(gid)
        if known is None:
            scope, parent = self._index.scope(gid), self._index.parent(gid)
            spelled = [getattr(self._index.scope(parent).exprs[d], "name", "") for d in scope.decorators]
            known = "instance"
            if "classmethod" in spelled or scope.name in ("__init_subclass__", "__class_getitem__"):
                known = "class"
            elif "staticmethod" in spelled:
                known = "static"
            self._kinds[gid] = known
        return known

    def is_abstract(self, gid: int) -> bool:
        """Whether the body is only a place holder: empty, or one with the `yield` that makes a generator of it."""
        scope = self._index.scope(gid)
        if scope.is_stub or not (scope.is_generator and scope.decorators):
            return scope.is_stub
        return any(self._index.spelled(self._index.parent(gid), one) == _ABSTRACT for one in scope.decorators)
