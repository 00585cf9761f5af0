"""Of which kinds, of those that a function takes, is an argument not?

`convert(data: str | bytes)` asks `isinstance(data, str)`, and a caller hands it its own `content: bytes`: for that call
the branch for strings is left out. Kinds never change, so that it holds for coroutines and generators, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, Free, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.caller_tests import given_for, path_of
from fastapi_lint.project.flow.told import Told
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, TupleV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_APART = frozenset({f"builtins.{name}" for name in ("bytes", "dict", "list", "set", "str", "tuple")})
"""Nothing is of two of these kinds."""


class PassedKinds:
    """Answers for calls; what functions ask is found once for each."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._wanted: dict[int, dict[Told, frozenset[str]]] = {}

    def at_call(self, frame: Frame, expr: int, callee: Frame) -> tuple[Told, ...]:
        """The questions of a function for the kinds of its parameters that the call `expr` answers with no."""
        wanted = self._wanted_by(callee.gid)
        node = frame.scope.exprs[expr] if wanted else None
        if not isinstance(node, Call):
            return ()
        return tuple(told for told, kinds in wanted.items() if self._is_other(frame, node, callee, told.number, kinds))

    def _is_other(self, frame: Frame, node: Call, callee: Frame, number: int, kinds: frozenset[str]) -> bool:
        given = given_for(self._inference, callee, frame, node, number)
        if given == NONE:
            return False
        value = frame.scope.exprs[given]
        if isinstance(value, Lit):
            return isinstance(value.value, str) and "builtins.str" not in kinds
        path = path_of(frame.scope, given)
        if path is None or path[1]:
            return False  # of what is computed a part may be unknown
        passed = _names(self._inference.binding.declared(frame.gid, path[0]))
        return bool(passed) and passed <= _APART and passed.isdisjoint(kinds)

    def _wanted_by(self, gid: int) -> dict[Told, frozenset[str]]:
        """What a function asks of parameters that take several kinds, with the kinds that it asks for."""
        known = self._wanted.get(gid)
        if known is None:
            known = self._wanted[gid] = {}
            scope = self._inference.index.scope(gid)
            if any(type(node) is Call and scope.exprs[node.func] == Free("isinstance") for node in scope.exprs):
                for told in self._inference.tellings.wanted_by(gid):
                    kinds = self._kinds(gid, told)
                    if kinds:
                        known[Told(told.number, told.path, told.by, told.asked, False)] = kinds
        return known

    def _kinds(self, gid: int, told: Told) -> frozenset[str]:
        if told.path or len(told.by) != 2 or told.by[0] != (ExternalV("builtins.isinstance"),):
            return frozenset()
        asked = [part for one in told.by[1] for part in (one.items if isinstance(one, TupleV) else ((one,),))]
        kinds = frozenset(one[0].name if len(one) == 1 and isinstance(one[0], ExternalV) else "" for one in asked)
        taken = _names(self._inference.binding.declared(gid, told.number))
        return kinds if kinds < taken <= _APART else frozenset()


def _names(kind: Type) -> frozenset[str]:
    """The library's types that something is one of; what else it may be has no name."""
    return frozenset(value.name if isinstance(value, ExtInstanceV) else "" for value in kind)
