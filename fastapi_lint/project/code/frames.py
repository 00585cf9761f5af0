"""A scope as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Call, Scope
from fastapi_lint.project.code.dependence import OUTER, parameter_bit
from fastapi_lint.project.types.values import ClassV, FunctionV, InstanceV, MethodV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.flow.told import Told
    from fastapi_lint.project.types.calls import Callee
    from fastapi_lint.project.types.inference import ForNow


class Frame:
    """A scope as it runs: for which receiver, and with what is known of parameters beyond their annotations.

    `awaited` says that the caller awaits what a plain `def` returns: of several ways to end it takes one that gives
    something awaitable. `holds` names attributes that the caller has found filled on the receiver (see `held`),
    and `told` is what else its branches say of what it hands over (see `told`).

    There is one object for each frame (`Index.frame` makes them), so that comparing frames costs nothing: by value it
    took 7 % of the time. `answers` belongs to `inference`: the types of expressions, and a number for one that is
    being computed, at that depth. `plain` is the frame of the scope in which nothing is bound, None for that very one:
    it answers for all expressions that do not depend on what is bound. Their bits are in `dependences`, and what is
    bound is in `given` (see `dependence`). `dead` and `sure` belong to `dead_branches`: the regions that are
    never taken, and those that are taken always; `callees` to `frame_walk`: what the calls run that are the same in all
    frames of the scope; `called` to `binding`: the frames that its calls run functions in; `returned` to `calls`: what
    a call of the function gives.
    """

    __slots__ = (
        "answers",
        "awaited",
        "bound",
        "called",
        "callees",
        "dead",
        "dead_for_now",
        "dependences",
        "gid",
        "given",
        "holds",
        "plain",
        "receiver",
        "returned",
        "scope",
        "sure",
        "told",
    )

    def __init__(
        self,
        gid: int,
        receiver: InstanceV | ClassV | None,
        bound: tuple[tuple[int, int, Type], ...],
        awaited: bool,
        holds: tuple[str, ...],
        told: tuple[Told, ...],
        scope: Scope,
        plain: Frame | None,
        dependences: tuple[int, ...],
    ) -> None:
        """`scope` is the code of `gid`."""
        self.gid = gid
        self.receiver = receiver
        self.bound = bound
        self.awaited = awaited
        self.holds = holds
        self.told = told
        self.scope = scope
        self.answers: dict[int, Type | int] = {}
        self.called: dict[tuple[FunctionV | MethodV, Call], Frame] = {}
        self.callees: dict[int, list[Callee]] = {}
        self.dead: frozenset[int] | None = None
        self.dead_for_now: ForNow[frozenset[int]] | None = None
        self.sure: frozenset[int] | None = None
        self.returned: Type | None = None
        self.plain = plain
        self.dependences = dependences
        self.given = 0
        for owner, number, _ in bound:
            self.given |= OUTER | (parameter_bit(number) if owner == gid else 0)

    def depends(self, expr: int) -> bool:
        """Whether the type of an expression depends on what is bound in this frame."""
        return bool(self.given) and bool(self.dependences[expr] & self.given)
