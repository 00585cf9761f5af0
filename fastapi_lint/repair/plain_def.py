"""A route or dependency that awaits nothing can be a plain `def`: FastAPI then runs it in its thread pool."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.facts import NONE, Attr, Call, EventKind, Expr, Free, Import, Scope, Sub, Use, Var
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import CoroutineV, FunctionV, MethodV, PartialV, Value, WrappedV
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.opened import Change, OpenedFile

_KINDS = frozenset({"route", "dependency"})
_ASYNC_NODES = (cst.Await, cst.Asynchronous, cst.Yield)


class PlainDefs:
    """Decides for a whole coroutine function, so that all its diagnostics get the same fix."""

    def __init__(self, project: Project, moving: Moving) -> None:
        self._project = project
        self._index = project.index
        self._threads = moving.threads
        self._outside = moving.outside
        self._references: dict[int, bool] = {}

    def fix(self, opened: OpenedFile, use: BlockingUse) -> Fix | None:
        """Drops `async` from the function around the use."""
        node = opened.at(use.spot.place, cst.BaseExpression)  # type: ignore[type-abstract]
        function = opened.function_around(node) if node is not None else None
        if function is None or function.asynchronous is None:
            return None
        if not self._awaits_nothing(opened, function) or not self._is_only_registered(use.frame.gid):
            return None
        if self._threads.of_body(use.frame) is not None or self._gets_shared_objects(use.frame):
            return None
        if self._gives_thread_bound(use.frame) or self._outside.of_body(use.frame) is not None:
            return None
        start = opened.start(function.asynchronous)
        end = opened.text.index("def", start + len("async"))
        message = (
            f"make `{function.name.value}` a plain `def`, which FastAPI runs in its thread pool: it awaits nothing"
        )
        return opened.fix(Applicability.UNSAFE, message, [Change(start, end, "")])

    def _awaits_nothing(self, opened: OpenedFile, function: cst.FunctionDef) -> bool:
        """Nothing in it is asynchronous, not even a nested function: that would want the loop."""
        return not any(isinstance(part, _ASYNC_NODES) for part in opened.inside(function.body))

    def _gets_shared_objects(self, frame: Frame) -> bool:
        """Whether a parameter holds what the thread that made it must keep."""
        scope = self._index.scope(frame.gid)
        for number, expr in enumerate(scope.exprs):
            if isinstance(expr, Use) and self._threads.of_values(frame, [number]) is not None:
                return True
        return False

    def _gives_thread_bound(self, frame: Frame) -> bool:
        """Whether a dependency makes an object for the thread it runs in: its users may run in another one."""
        for value in self._project.inference.calls.returned(frame):
            result = value.result if isinstance(value, CoroutineV) else (value,)
            if self._threads.of_result(result) is not None:
                return True
        return False

    # -- who else knows the function

    def _is_only_registered(self, gid: int) -> bool:
        known = self._references.get(gid)
        if known is None:
            known = self._references[gid] = self._is_entry_point_only(gid)
        return known

    def _is_entry_point_only(self, gid: int) -> bool:
        scope = self._index.scope(gid)
        entries = [e for e in self._project.entry_points if e.frame is not None and e.frame.gid == gid]
        if not entries or any(entry.kind not in _KINDS for entry in entries):
            return False
        if scope.kind != "function" or scope.is_generator or self._index.class_of(gid) != NONE:
            return False
        if not self._has_registering_decorators_only(gid):
            return False
        return not self._is_used_otherwise(gid)

    def _has_registering_decorators_only(self, gid: int) -> bool:
        scope = self._index.scope(gid)
        outer = self._project.inference.plain_frame(self._index.parent(gid))
        for decorator in scope.decorators:
            node = self._index.scope(outer.gid).exprs[decorator]
            called = node.func if isinstance(node, Call) else decorator
            kinds = self._project.inference.type(outer, called)
            specs = [self._project.inference.libraries.call_spec(value)[0] for value in kinds]
            if not specs or any(spec is None or not spec.registers for spec in specs):
                return False
        return True

    def _is_used_otherwise(self, gid: int) -> bool:
        """Whether anything but a registration names the function."""
        name = self._index.scope(gid).name
        exported = self._index.module(gid).facts.exported
        if exported is not None and name in exported:
            return True
        for other, numbers in self._mentions.get(name, {}).items():
            frame = self._project.inference.plain_frame(other)
            named = {
                number
                for number in numbers
                if any(_is(value, gid) for value in self._project.inference.type(frame, number))
            }
            if named and named - self._registered(other):
                return True
        return False

    @cached_property
    def _mentions(self) -> dict[str, dict[int, list[int]]]:
        """For the name of each registered function the expressions that may mean it, by scope."""
        wanted = {self._index.scope(e.frame.gid).name for e in self._project.entry_points if e.frame is not None}
        found: dict[str, dict[int, list[int]]] = {}
        for gid in range(self._index.count):
            scope = self._index.scope(gid)
            for number, expr in enumerate(scope.exprs):
                for name in _spelled(scope, expr):
                    if name in wanted:
                        found.setdefault(name, {}).setdefault(gid, []).append(number)
        return found

    def _registered(self, gid: int) -> set[int]:
        """The expressions of a scope that are handed to a registration, or are keys of `dependency_overrides`."""
        scope = self._index.scope(gid)
        frame = self._project.inference.plain_frame(gid)
        found: set[int] = set()
        for expr in scope.exprs:
            if isinstance(expr, Call):
                for callee in self._project.inference.calls.callees(frame, expr):
                    for entry in callee.spec.registers if callee.spec is not None else ():
                        if entry.kind in _KINDS:
                            given = [self._project.inference.calls.argument(gid, expr, arg) for arg in entry.args]
                            found.update(number for number in given if number != NONE)
        for event in scope.events:
            base = scope.exprs[event.expr] if event.kind in (EventKind.STORE_ITEM, EventKind.ITEM) else None
            if isinstance(base, Attr) and base.name == "dependency_overrides":
                found.update(_keys_before(scope.exprs, event.expr))
            elif isinstance(base, Sub) and getattr(scope.exprs[base.base], "name", "") == "dependency_overrides":
                found.add(base.index)
        return found


def _keys_before(exprs: tuple[object, ...], base: int) -> list[int]:
    """The index of a stored item is lowered right behind its base."""
    return [base + 1] if base + 1 < len(exprs) else []


def _spelled(scope: Scope, expr: Expr) -> Iterator[str]:
    """The names under which an expression may mean a function: its own, and that which a local name was imported by."""
    if isinstance(expr, (Var, Attr, Free)):
        yield expr.name
    elif isinstance(expr, Use):
        for number in expr.defs:
            definition = scope.defs[number]
            yield definition.name
            value = scope.exprs[definition.value]
            if isinstance(value, Import) and value.name is not None:
                yield value.name


def _is(value: Value, gid: int) -> bool:
    while isinstance(value, PartialV):
        value = value.function
    if isinstance(value, (MethodV, WrappedV)):
        value = value.function
    return isinstance(value, FunctionV) and value.gid == gid
