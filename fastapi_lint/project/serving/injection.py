"""Which dependencies does FastAPI run for a parameter?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, Sub
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.annotations import injected_expr
from fastapi_lint.project.types.values import ClassV, ExtInstanceV, InstanceV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


class Injection:
    """Reads `Depends(...)` in defaults and in the metadata of `Annotated`."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index

    def dependencies(self, outer: Frame, expr: int, annotation: int) -> list[tuple[Type, int]]:
        """The callables behind each `Depends` in an expression of the scope around the function, with their places."""
        found: list[tuple[Type, int]] = []
        if expr == NONE:
            return found
        annotations = self._inference.annotations
        where = outer
        node = self._index.scope(outer.gid).exprs[expr]
        if type(node) is not Call and type(node) is not Sub:
            definition = annotations.definition(outer, expr)
            if definition is None:
                return found
            where, expr = definition
            node = self._index.scope(where.gid).exprs[expr]
        for number in _calls_inside(self._index, where.gid, expr):
            call = self._index.scope(where.gid).exprs[number]
            if type(call) is Call and annotations.is_injector(where, call):
                place = call.place if where.gid == outer.gid else NONE
                found.append((self._called(where, call, outer, annotation), place))
        return found

    def of_parameter(self, frame: Frame, number: int) -> Type | None:
        """The dependencies behind a parameter; None if it is no injected one."""
        outer = self._inference.binding.outer(frame)
        parameter = self._index.scope(frame.gid).params[number]
        found: Type = ()
        for expr in (parameter.default, parameter.annotation):
            for dependency, _ in self.dependencies(outer, expr, parameter.annotation):
                found += dependency or (ExtInstanceV(""),)
        return found or None

    def _called(self, where: Frame, call: Call, outer: Frame, annotation: int) -> Type:
        """What is called for a dependency: the argument of `Depends`, or the annotated class."""
        dependency = injected_expr(call)
        if dependency != NONE:
            return self._inference.type(where, dependency)
        declared = self._inference.annotations.type(outer, annotation)
        return tuple(ClassV(value.gid) for value in declared if isinstance(value, InstanceV))


def _calls_inside(index: Index, gid: int, expr: int) -> list[int]:
    """The calls in a default or in the metadata of an `Annotated`."""
    node = index.scope(gid).exprs[expr]
    if isinstance(node, Call):
        return [expr]
    if isinstance(node, Sub):
        items = getattr(index.scope(gid).exprs[node.index], "items", ())
        return [item for item in items if isinstance(index.scope(gid).exprs[item], Call)]
    return []
