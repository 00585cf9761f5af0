"""What does a function of the project do with a coroutine that it is given: does a thread run it on a loop of its own?

`run_sync(self.pull())` does, where `run_sync` starts a thread that calls `asyncio.run(coro)`, or calls that itself only
where no loop runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Func, Lit, Param, Scope, Seq, Use, Var
from fastapi_lint.project.code.call_arguments import argument_at, has_star
from fastapi_lint.project.code.name_uses import holders
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.loop_probes import OffLoop
from fastapi_lint.project.types.values import ExternalV, FunctionV

if TYPE_CHECKING:
    from fastapi_lint.project.code.frames import Frame
    from fastapi_lint.project.types.inference import Inference

LOOP_STARTERS = frozenset(
    {
        "asyncio.run",
        "asyncio.Runner.run",
        "asyncio.AbstractEventLoop.run_until_complete",
        "anyio.run",
        "trio.run",
        "uvloop.run",
    }
)
STARTING = frozenset(name.rpartition(".")[2] for name in LOOP_STARTERS)
_SENDS = "asyncio.run_coroutine_threadsafe"
_RUNNING = ExternalV("asyncio.get_running_loop")
_ASKS = frozenset({"asyncio.iscoroutine", "inspect.iscoroutine", "inspect.isawaitable"})
_MOST_HOPS = 2

Needs = frozenset[int]
"""The parameters that a call has to leave out."""


class GivenCoroutines:
    """Answers by parameter, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[tuple[int, int], Needs | None] = {}

    def are_run_apart(self, gid: int, caller: Frame, node: Call, given: int) -> bool:
        """Whether a call of function `gid` has the coroutine `given` run in that way."""
        scope = self._index.scope(gid)
        for number, parameter in enumerate(scope.params):
            if argument_at(caller.scope, node, number, parameter.name, parameter.kind) == given:
                needs = self._of(gid, number, 0)
                return needs is not None and not any(_gives(caller.scope, node, scope, n) for n in needs)
        return False

    def _of(self, gid: int, number: int, hops: int) -> Needs | None:
        key = (gid, number)
        if key not in self._known:
            self._known[key] = None  # a function that calls itself
            self._known[key] = self._judged(gid, number, hops)
        return self._known[key]

    def _judged(self, gid: int, number: int, hops: int) -> Needs | None:
        """What a call has to leave out so that nothing but that becomes of a parameter; None if more may."""
        needs: set[int] = set()
        found = False
        for inner, use, holder in self._uses(gid, number):
            node = self._index.scope(inner).exprs[holder] if holder != NONE else None
            if isinstance(node, Attr) and node.name == "close":
                continue
            judged = self._call(gid, inner, node, holder, use, hops) if isinstance(node, Call) else None
            if judged is None:
                return None
            found = found or judged[0]
            needs |= judged[1]
        return frozenset(needs) if found else None

    def _uses(self, gid: int, number: int) -> Iterator[tuple[int, int, int]]:
        """Where the function, or one inside of it, has the parameter: the scope, the expression, and what holds that.

        That is no expression (NONE) for what is returned or kept, and for what the function gives the name besides.
        """
        name = self._index.scope(gid).params[number].name
        if (gid, name) in self._index.rebinds:
            yield gid, NONE, NONE
        for inner in self._inner(gid):
            scope = self._index.scope(inner)
            holding: dict[int, int] | None = None
            for use, node in enumerate(scope.exprs):
                is_own = inner == gid and isinstance(node, Use) and self._may_be(gid, node, number)
                is_outer = isinstance(node, Var) and node.name == name and self._index.local(inner, node.scope) == gid
                if is_own or is_outer:
                    holding = holders(scope) if holding is None else holding
                    holder = holding.get(use, NONE)
                    if holder != NONE and isinstance(scope.exprs[holder], Seq):
                        holder = holding.get(holder, NONE)  # `Thread(target=asyncio.run, args=(coro,))`
                    yield inner, use, holder

    def _may_be(self, gid: int, node: Use, number: int) -> bool:
        scope = self._index.scope(gid)
        return any(scope.exprs[scope.defs[one].value] == Param(number) for one in node.defs)

    def _inner(self, gid: int) -> Iterator[int]:
        """A function and all that stands in it."""
        module = self._index.module(gid)
        inside = {gid}
        for one in range(gid, module.base + len(module.facts.scopes)):
            if one == gid or self._index.parent(one) in inside:
                inside.add(one)
                yield one

    def _call(
        self, gid: int, inner: int, node: Call, expr: int, use: int, hops: int
    ) -> tuple[bool, frozenset[int]] | None:
        """Whether a call runs the coroutine so, or only asks what it is, and what that rests on; None for others."""
        frame = self._inference.plain_frame(inner)
        scope = frame.scope
        for value in self._inference.type(frame, node.func):
            spec, name = self._inference.libraries.call_spec(value)
            if name in _ASKS:
                return False, frozenset()
            if name in LOOP_STARTERS:
                return (True, frozenset()) if self._is_apart(frame, expr) else None
            if name == _SENDS and len(node.args) > 1 and self._is_threads_own(frame):
                left_out = self._no_loop(gid, inner, node.args[1])
                return (False, left_out) if left_out is not None else None
            if spec is not None and spec.offloads:
                return (True, frozenset()) if any(self._is_starter(frame, one) for one in _given(scope, node)) else None
            if isinstance(value, FunctionV) and hops < _MOST_HOPS:
                for number, parameter in enumerate(self._index.scope(value.gid).params):
                    if argument_at(scope, node, number, parameter.name, parameter.kind) == use:
                        needs = self._of(value.gid, number, hops + 1)
                        return (True, frozenset()) if needs == frozenset() else None
        return None

    def _is_starter(self, frame: Frame, expr: int) -> bool:
        node = frame.scope.exprs[expr]
        if not isinstance(node, Attr) or node.name not in STARTING:
            return False
        kind = self._inference.type(frame, expr)
        return any(self._inference.libraries.call_spec(value)[1] in LOOP_STARTERS for value in kind)

    def _is_apart(self, frame: Frame, call: int) -> bool:
        """Whether a call runs in a thread of its own, or only where no loop runs."""
        if self._is_threads_own(frame):
            return True
        off_loop = OffLoop(self._inference, frame).regions()
        events = (event for event in frame.scope.events if event.kind == EventKind.CALL and event.expr == call)
        return bool(off_loop) and all(within(frame.scope, event.region, off_loop) for event in events)

    def _is_threads_own(self, frame: Frame) -> bool:
        """Whether a function inside of another one is there only to be handed to threads."""
        parent = self._index.parent(frame.gid)
        if parent == NONE or frame.scope.is_async or frame.scope.kind not in ("function", "lambda"):
            return False
        outer = self._inference.plain_frame(parent)
        made = Func(frame.gid - self._index.module(frame.gid).base)
        holding = holders(outer.scope)
        uses = [number for number, node in enumerate(outer.scope.exprs) if self._means(outer, node, made)]
        if frame.scope.kind == "function":
            uses = [number for number in uses if isinstance(outer.scope.exprs[number], Use)]
        return bool(uses) and all(self._is_offloaded(outer, use, holding.get(use, NONE)) for use in uses)

    def _means(self, frame: Frame, node: object, made: Func) -> bool:
        if not isinstance(node, Use):
            return node == made
        return any(frame.scope.exprs[frame.scope.defs[number].value] == made for number in node.defs)

    def _is_offloaded(self, frame: Frame, use: int, holder: int) -> bool:
        node = frame.scope.exprs[holder] if holder != NONE else None
        if not isinstance(node, Call):
            return False
        specs = [self._inference.libraries.call_spec(value)[0] for value in self._inference.type(frame, node.func)]
        return bool(specs) and all(
            spec is not None
            and any(self._inference.calls.argument(frame.gid, node, selector) == use for selector in spec.offloads)
            for spec in specs
        )

    def _no_loop(self, gid: int, inner: int, expr: int) -> Needs | None:
        """The parameter that has to be left out so that an expression is no loop in a thread; None if it may be one.

        It is None by default, and else only set to the running loop: a thread has none, and asking for it raises.
        """
        node = self._index.scope(inner).exprs[expr]
        outer = self._index.scope(gid)
        if not isinstance(node, Var) or self._index.local(inner, node.scope) != gid:
            return None
        number = next((n for n, parameter in enumerate(outer.params) if parameter.name == node.name), NONE)
        default = outer.params[number].default if number != NONE else NONE
        around = self._index.scope(self._index.parent(gid))
        made = [outer.exprs[outer.defs[one].value] for one in outer.names.get(node.name, ())]
        if default == NONE or around.exprs[default] != Lit(None) or made != [Param(number)]:
            return None
        for site in self._index.rebinds.get((gid, node.name), ()):
            frame = self._inference.plain_frame(site.gid)
            value = frame.scope.exprs[site.expr]
            called = self._inference.type(frame, value.func) if isinstance(value, Call) else ()
            if site.gid != inner or called != (_RUNNING,):
                return None
        return frozenset((number,))


def _given(scope: Scope, node: Call) -> Iterator[int]:
    """The arguments of a call, and what it gives in a tuple."""
    for one in (*node.args, *(value for _, value in node.keywords)):
        held = scope.exprs[one]
        yield from held.items if isinstance(held, Seq) else (one,)


def _gives(caller: Scope, node: Call, function: Scope, number: int) -> bool:
    """Whether a call may pass something for a parameter."""
    parameter = function.params[number]
    is_spread = has_star(caller, node) or any(key == "**" for key, _ in node.keywords)
    return is_spread or argument_at(caller, node, number, parameter.name, parameter.kind) != NONE
