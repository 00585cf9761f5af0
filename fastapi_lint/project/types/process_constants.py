"""Which expressions have one value as long as the process lives?

Literals, what a module binds once, the environment, what a cached function without arguments gives (injected, perhaps),
and attributes of those that nothing but a constructor sets: `settings.url`, `get_config().to_dict()`. A cached function
that is given nothing else runs once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Expr, Lit, Map, Param, Phi, Seq, Sub, Use, Var
from fastapi_lint.project.code.spelling import is_receiver, signature
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.values import (
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    InstanceV,
    MethodV,
    Value,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST = 8
_DUMPS = frozenset({"model_dump", "dict", "copy"})
_MODELS = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic_settings.BaseSettings"})
_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get"})
_COMPOUND = (Bin, Choice, Map, Seq, Sub)


class ProcessConstants:
    """Answers by expression."""

    def __init__(self, inference: Inference, may_run: Callable[[int], bool] = lambda _: True) -> None:
        """`may_run` says which functions run in a process that serves, for all that is known: others change nothing."""
        self._inference = inference
        self._index = inference.index
        self._may_run = may_run

    def are_given(self, gid: int, node: Call) -> bool:
        """Whether a call in scope `gid` passes nothing else, and anything at all."""
        given = [*node.args, *(value for _, value in node.keywords)]
        return bool(given) and all(self._is(gid, expr, False, 0) for expr in given)

    def is_one(self, gid: int, expr: int) -> bool:
        """Whether an expression of scope `gid` is such a value."""
        return self._is(gid, expr, False, 0)

    def _is(self, gid: int, expr: int, of_constant: bool, hops: int) -> bool:
        """With `of_constant` the receiver of the method that the scope is is such a value itself."""
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if hops > _DEEPEST:
            return False
        if isinstance(node, Lit):
            return True
        if is_receiver(scope, expr) and self._index.class_of(gid) != NONE:
            return of_constant
        if isinstance(node, (Use, Phi)):
            return all(self._is(gid, scope.defs[number].value, of_constant, hops + 1) for number in node.defs)
        if isinstance(node, Var):
            owner = self._index.local(gid, node.scope)
            numbers = self._index.scope(owner).names.get(node.name, ())
            is_once = len(numbers) == 1 and (owner, node.name) not in self._index.rebinds
            return is_once and self._index.scope(owner).kind == "module"
        if isinstance(node, Param):
            return self._is_injected(gid, node.index, hops)
        if isinstance(node, Sub) and self._is_environment(gid, node.base):
            return self._is(gid, node.index, of_constant, hops + 1)
        if isinstance(node, Attr):
            return self._is(gid, node.base, of_constant, hops + 1) and not self._may_change(gid, node)
        if isinstance(node, Call):
            return self._is_call(gid, node, of_constant, hops)
        if isinstance(node, _COMPOUND):
            return all(self._is(gid, part, of_constant, hops + 1) for part in _inner(node) if part != NONE)
        return False

    def _is_environment(self, gid: int, expr: int) -> bool:
        return self._inference.type(self._inference.plain_frame(gid), expr) == (ExternalV("os.environ"),)

    def _is_injected(self, gid: int, number: int, hops: int) -> bool:
        """Whether FastAPI injects for a parameter what a function gives that gives one value."""
        outer = self._inference.binding.outer(self._inference.plain_frame(gid))
        parameter = self._index.scope(gid).params[number]
        injection = Injection(self._inference)
        found = [
            dependency
            for expr in (parameter.default, parameter.annotation)
            for dependency, _ in injection.dependencies(outer, expr, parameter.annotation)
        ]
        return bool(found) and all(
            bool(kind) and all(isinstance(one, FunctionV) and self._gives_one(one, False, hops) for one in kind)
            for kind in found
        )

    def _is_call(self, gid: int, node: Call, of_constant: bool, hops: int) -> bool:
        called = self._inference.type(self._inference.plain_frame(gid), node.func)
        given = [*node.args, *(value for _, value in node.keywords)]
        if not called or not all(self._is(gid, expr, of_constant, hops + 1) for expr in given):
            return False
        func = self._index.scope(gid).exprs[node.func]
        on_constant = isinstance(func, Attr) and self._is(gid, func.base, of_constant, hops + 1)
        return all(self._gives_one(value, on_constant, hops) for value in called)

    def _gives_one(self, value: Value, on_constant: bool, hops: int) -> bool:
        if isinstance(value, MethodV) and on_constant:
            return self._returns_constants(value.function.gid, hops)
        if isinstance(value, ExtMemberV):
            return on_constant and value.name in _MODELS and value.path in _DUMPS
        if isinstance(value, ExternalV):
            return value.name in _ENVIRONMENT
        if not isinstance(value, FunctionV):
            return False
        scope = self._index.scope(value.gid)
        is_cached = not scope.params and bool(scope.decorators) and self._inference.decorators.is_cached(value.gid)
        return is_cached or (not scope.params and self._returns_constants(value.gid, hops))

    def _returns_constants(self, gid: int, hops: int) -> bool:
        scope = self._index.scope(gid)
        returned = self._inference.names.returns(gid)
        if scope.is_async or scope.is_generator or scope.decorators or not returned:
            return False
        return all(self._is(gid, expr, True, hops + 1) for expr in returned)

    def _may_change(self, gid: int, node: Attr) -> bool:
        """Whether anything but constructors and validators sets the attribute."""
        if any(self._may_run(site.gid) for site, _ in self._index.attribute_stores(node.name)):
            return True
        for owner in self._inference.type(self._inference.plain_frame(gid), node.base):
            if isinstance(owner, InstanceV):
                sites = self._inference.classes.stored(owner.gid, node.name)
                makers = (self._index.scope(site.gid) for site in sites)
                if not all(maker.name == "__init__" or maker.decorators for maker in makers):
                    return True
            elif not isinstance(owner, ExtInstanceV):
                return True
        return False


def _inner(node: Expr) -> list[int]:
    if isinstance(node, Map):
        return [*node.keys, *node.values]
    return [*node.items, node.test] if isinstance(node, Choice) else signature(node)[1]
