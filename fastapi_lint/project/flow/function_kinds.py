"""Has a branch asked what kind of function it calls, and which functions are then not called there?

`if inspect.iscoroutinefunction(self.fn): await self.fn()`, and the same where the constructor has asked and kept the
answer: `self.is_async = iscoroutinefunction(fn) or isasyncgenfunction(fn)`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Expr, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.code.logic import truth
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import is_receiver, same
from fastapi_lint.project.types.values import ExternalV, InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_KINDS = {
    "inspect.iscoroutinefunction": (True, False),
    "asyncio.iscoroutinefunction": (True, False),
    "inspect.isasyncgenfunction": (True, True),
    "inspect.isgeneratorfunction": (False, True),
}
"""Whether the function that is asked for is `async`, and whether it is a generator."""
_OBJECTS = frozenset({"__init__", "__call__"})
"""What runs where a class or an object is called: neither is a function of any kind."""


class FunctionKinds:
    """Asked for the calls of one frame."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = frame.scope

    def exclude(self, func: int, region: int, called: Scope) -> bool:
        """Whether the branches around are for other kinds of functions than `called`, which `func` may hold."""
        held = self._scope.exprs[func]
        if called.decorators or not self._is_held(held, called):
            return False
        simple = partial(self._is_of_kind, func, called)
        return any(
            (told := truth(self._scope, branch.expr, simple)) is not None and told is not (branch.kind == "if")
            for branch in branches(self._scope, region)
        )

    def _is_held(self, func: Expr, called: Scope) -> bool:
        if isinstance(func, Attr):
            return is_receiver(self._scope, func.base) and func.name != called.name
        return isinstance(func, Use)

    def _is_of_kind(self, func: int, called: Scope, test: int) -> bool | None:
        """What a simple test says of the function that is called, if it asks for its kind."""
        node = self._scope.exprs[test]
        if isinstance(node, Call):
            asked = node.args[0] if len(node.args) == 1 else NONE
            return self._answer(self._frame, node, called) if asked != NONE and same(self._scope, asked, func) else None
        held = self._scope.exprs[func]
        if isinstance(node, Attr) and isinstance(held, Attr) and is_receiver(self._scope, node.base):
            return self._kept(node.name, held.name, called)
        return None

    def _kept(self, name: str, held: str, called: Scope) -> bool | None:
        """What the constructor has kept under `name` of the kind of the function that it keeps under `held`."""
        receiver = self._frame.receiver
        sites = self._inference.classes.stored(receiver.gid, name) if isinstance(receiver, InstanceV) else []
        if not isinstance(receiver, InstanceV) or len(sites) != 1:
            return None
        site = sites[0]
        scope = self._inference.index.scope(site.gid)
        if scope.name != "__init__" or self._inference.classes.stored_outside(InstanceV(receiver.gid), name):
            return None
        given = [one.expr for one in self._inference.classes.stored(receiver.gid, held) if one.gid == site.gid]
        return truth(scope, site.expr, partial(self._was_asked, site, held, given, called))

    def _was_asked(self, site: Site, held: str, given: list[int], called: Scope, test: int) -> bool | None:
        scope = self._inference.index.scope(site.gid)
        node = scope.exprs[test]
        if not isinstance(node, Call) or len(node.args) != 1:
            return None
        asked = scope.exprs[node.args[0]]
        is_it = isinstance(asked, Attr) and asked.name == held and is_receiver(scope, asked.base)
        if not is_it and not any(same(scope, node.args[0], one) for one in given):
            return None
        return self._answer(self._inference.plain_frame(site.gid), node, called)

    def _answer(self, frame: Frame, node: Call, called: Scope) -> bool | None:
        for value in self._inference.type(frame, node.func):
            kind = _KINDS.get(value.name) if isinstance(value, ExternalV) else None
            if kind is not None:
                return called.name not in _OBJECTS and (called.is_async, called.is_generator) == kind
        return None
