"""What does a frame run? One pass over its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import NONE, Attr, Bin, Call, Cls, Event, EventKind, Func, Seq, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.code.regions import branches, within
from fastapi_lint.project.code.spelling import behind_tests
from fastapi_lint.project.flow.awaiting import Awaiting
from fastapi_lint.project.flow.conditions import Conditions
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.given_coroutines import LOOP_STARTERS, STARTING
from fastapi_lint.project.flow.implicit_calls import (
    SPECIAL_FUNCTIONS,
    STACK_ENTERERS,
    ImplicitCalls,
)
from fastapi_lint.project.flow.lazy_code import LazyCode
from fastapi_lint.project.flow.loop_probes import OffLoop
from fastapi_lint.project.flow.loop_threads import is_own_loop
from fastapi_lint.project.flow.nodes import LibraryCall, Node
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.calls import Callee
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.given import holds
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV, LiteralV, PartialV, Type

TASK_MAKERS = frozenset(
    {
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.AbstractEventLoop.create_task",
        "asyncio.TaskGroup.create_task",
        "asyncio.run_coroutine_threadsafe",
        "anyio.abc.TaskGroup.start_soon",
        "anyio.abc.TaskGroup.start",
    }
)
ASYNC_STEP = "builtins.anext"
_FROM_OTHER_THREADS = "asyncio.run_coroutine_threadsafe"
_LOOP_FUNCTIONS = TASK_MAKERS | LOOP_STARTERS


class FrameWalk(ImplicitCalls):
    """One pass over the events of a frame. Nothing in it refers back to it, so that all of it goes when it is done."""

    def __init__(self, inference: Inference, frame: Frame, is_property: Callable[[str], bool]) -> None:
        super().__init__(inference, frame, is_property)
        lazy = LazyCode(self.scope, self.callees)
        self.deferred = lazy.deferred
        self.not_run = lazy.regions()
        self.handed: dict[int, str] = {}
        self.apart: set[int] = set()
        self.has_served = False
        self.probed: frozenset[int] = frozenset()
        self.handed_on: frozenset[int] = self.find_handed_on()

    def run(self) -> Node:
        """Everything that the frame runs."""
        self.find_handed()
        skipped = self.not_run | dead_regions(self.inference, self.frame)
        off_loop = OffLoop(self.inference, self.frame).regions()
        selected = self.selected()
        conditions = Conditions(self.inference, self.frame)
        here, is_run, is_off_loop = NONE - 1, False, False  # most events stand in the region of the one before
        for number, event in enumerate(self.scope.events):
            handler = _HANDLERS.get(event.kind)
            if handler is None:
                continue
            if event.region != here:
                here = event.region
                is_run = not (skipped and within(self.scope, here, skipped))
                if is_run:
                    is_off_loop = bool(off_loop) and within(self.scope, here, off_loop)
                    self.first_use = self.inference.first_use.of(self.frame, here)
                    self.is_selected = bool(selected) and within(self.scope, here, selected)
                    self.conditions = conditions.at(here)
            if is_run:
                self.number = number
                self.off_loop = self.has_served or is_off_loop
                handler(self, event)
        self.off_loop, self.first_use, self.is_selected, self.conditions = False, "", False, 0
        self.injected()
        if self.scope.decorators and not self.scope.is_async and not self.scope.is_generator:
            self.decorated()
        return Node(self.frame, tuple(self.edges), tuple(self.calls))

    def decorated(self) -> None:
        """What decorators do around a plain function each time that it runs: wait before they try again, commit."""
        outer = self.inference.plain_frame(self.index.parent(self.frame.gid))
        for decorator, place in zip(self.scope.decorators, self.scope.decorator_places, strict=True):
            node = outer.scope.exprs[decorator]
            made = node if isinstance(node, Call) else Call(decorator, (), (), place)
            for value in self.inference.type(outer, made.func):
                spec, name = self.inference.libraries.call_spec(value)
                if spec is None or spec.decorates != "blocks":
                    continue
                if not any(holds(self.inference, outer, made, condition) for condition in spec.unless):
                    self.calls.append(LibraryCall(NONE, place, NONE, name, spec, False, value, conditions=1))

    def selected(self) -> set[int]:
        """The branches that are one of many, for all that is known of this frame."""
        constants = Constants(self.inference, self.frame)
        found = set()
        for number in self.inference.dispatch.selected(self.frame.gid):
            test = self.scope.exprs[self.scope.regions[number].expr]
            if isinstance(test, Bin) and not isinstance(constants.of(test.left), LiteralV):
                found.add(number)
        return found

    def find_handed_on(self) -> frozenset[int]:
        """The calls whose results are awaited later: under a local name, or by the caller who gets them returned."""
        kinds = (EventKind.AWAIT, EventKind.RETURN) if self.frame.awaited else (EventKind.AWAIT,)
        awaited = [event for event in self.scope.events if event.kind in kinds and event.expr != NONE]
        self.probed = frozenset(value for e in awaited if self.is_probed(e) for value in self.values_of(e.expr))
        return frozenset(value for event in awaited for value in self.values_of(event.expr))

    def is_probed(self, event: Event) -> bool:
        """Whether the function asks first if it can be awaited: `if inspect.isawaitable(result): await result`."""
        awaited = self.scope.exprs[event.expr]
        tests = [self.scope.exprs[region.expr] for region in branches(self.scope, event.region)]
        asked = [argument for test in tests if isinstance(test, Call) for argument in test.args]
        return any(self.scope.exprs[argument] == awaited for argument in asked)

    def values_of(self, expr: int) -> tuple[int, ...]:
        """What a local name may stand for, whatever has been asked of its type since, else the expression itself."""
        node = self.scope.exprs[expr]
        values = [self.scope.defs[number].value for number in node.defs] if isinstance(node, Use) else [expr]
        return tuple(behind_tests(self.scope, value) for value in values)

    def find_handed(self) -> None:
        """Coroutines that are made only to be handed to a task or to a new loop run there."""
        for event in self.scope.events:
            if event.kind != EventKind.CALL:
                continue
            node = self.scope.exprs[event.expr]
            if not isinstance(node, Call):
                continue
            given = [*node.args, *(value for _, value in node.keywords)]
            for one in self.handed_to_starter(given):
                self.handed[one] = "new-loop"
                self.apart.add(one)
            made = [one for one in given if type(self.scope.exprs[one]) is Call]
            if not made:
                continue
            for callee in self.callees(event.expr):
                if callee.frame is not None:
                    self.handed_apart(event, node, callee.frame, made)
                elif not node.args or node.args[0] not in made:
                    continue
                elif callee.name in TASK_MAKERS and not self.is_for_own_loop(callee.name, node):
                    self.handed[node.args[0]] = "task"
                elif callee.name in TASK_MAKERS:
                    self.handed[node.args[0]] = "new-loop"
                    self.apart.add(node.args[0])
                elif callee.name in LOOP_STARTERS:
                    self.handed[node.args[0]] = "new-loop"

    def handed_apart(self, event: Event, node: Call, callee: Frame, made: list[int]) -> None:
        """Coroutines that a function of the project is given, and that it has a thread run on a loop of its own."""
        if event.flag or callee.receiver is not None or callee.scope.is_async:
            return
        for one in made:
            is_coroutine = any(inner.mode == "coroutine" for inner in self.callees(one))
            if is_coroutine and self.inference.given_coroutines.are_run_apart(callee.gid, self.frame, node, one):
                self.handed[one] = "new-loop"
                self.apart.add(one)

    def is_for_own_loop(self, name: str, node: Call) -> bool:
        """Whether a coroutine is handed to a loop that a thread of the project's own runs."""
        if name != _FROM_OTHER_THREADS:
            return False
        loop = node.args[1] if len(node.args) > 1 else dict(node.keywords).get("loop", NONE)
        return loop != NONE and is_own_loop(self.inference, self.frame, loop)

    def handed_to_starter(self, given: list[int]) -> Iterator[int]:
        """The coroutines that a thread runs on a loop of its own: `Thread(target=asyncio.run, args=(work(),))`."""
        exprs = self.scope.exprs
        starters = [one for one in given if type(node := exprs[one]) is Attr and node.name in STARTING]
        if starters and any(
            type(v) is ExternalV and v.name in LOOP_STARTERS for one in starters for v in self.type(one)
        ):
            for one in given:
                held = self.scope.exprs[one]
                yield from held.items if type(held) is Seq else (one,)

    def call(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        if not isinstance(node, Call):
            return
        callees = self.callees(event.expr)
        is_awaited = event.flag or event.expr in self.handed_on
        is_probed = event.expr in self.probed
        if is_awaited and not is_probed:
            callees = Awaiting(self.inference).candidates(callees)
        for callee in callees:
            if callee.frame is not None:
                if not self.kinds.exclude(node.func, event.region, callee.frame.scope):
                    self.first_party(event, callee, is_awaited and not is_probed)
            elif callee.spec is not None:
                if callee.spec.decorates is None or not self.only_decorates(event.expr):
                    self.library(event, event.expr, callee.name, callee.spec, callee.value, is_awaited)
                self.has_served = self.has_served or callee.spec.serves
                if event.expr not in self.deferred:
                    self.library_arguments(event, node, callee)
            elif callee.name in _LOOP_FUNCTIONS:
                self.loop_function(event, node, callee.name)
            if callee.name in SPECIAL_FUNCTIONS and node.args:
                self.special(event, node.args[0], self.type(node.args[0]), SPECIAL_FUNCTIONS[callee.name])
            elif callee.name == ASYNC_STEP and node.args:
                self.iterate_type(event, node.args[0], self.type(node.args[0]), is_async=True)
            elif callee.name in STACK_ENTERERS and node.args:
                is_async = callee.name.endswith("async_context")
                entered = Event(EventKind.ENTER, node.args[0], event.region, event.place, flag=is_async)
                self.enter(entered)
                self.exit(entered)

    def only_decorates(self, expr: int) -> bool:
        """Whether a call makes what is then called with a function: a decorator does not run what it is there for."""
        inner = (self.index.local(self.frame.gid, n.scope) for n in self.scope.exprs if isinstance(n, (Func, Cls)))
        return any(expr in self.index.scope(gid).decorators for gid in inner) or any(
            isinstance(node, Call) and node.func == expr for node in self.scope.exprs
        )

    def first_party(self, event: Event, callee: Callee, is_awaited: bool) -> None:
        if callee.frame is None or callee.mode == "lazy":
            return
        mode, frame = callee.mode, callee.frame
        if is_awaited and mode == "runs":
            frame = self.index.frame(frame.gid, frame.receiver, frame.bound, awaited=True)
        holds = self.held.at_call(self.number, frame) if mode == "runs" else ()
        if holds:
            frame = self.index.frame(frame.gid, frame.receiver, frame.bound, frame.awaited, holds)
        if self.inference.chosen.exclude(self.frame, self.number, event.expr, frame):
            return
        told = self.told_at(event.expr, frame, mode == "runs")
        if told:
            frame = self.index.frame(frame.gid, frame.receiver, frame.bound, frame.awaited, frame.holds, told)
        if mode == "coroutine" and self.inference.never_awaited.is_lost(Site(self.frame.gid, event.expr)):
            return
        if mode == "coroutine":
            mode = self.handed.get(event.expr, mode)
            self.off_loop = self.off_loop or event.expr in self.apart
        elif mode == "runs" and event.flag and self.inference.decorators.has_unknown(callee.frame.gid):
            return  # awaited, so the decorator made something else of the function
        elif mode == "runs" and self.is_once(callee.frame.gid, event):
            mode = "once"
        self.edge(event.place, frame, mode, callee.name, callee.certain)

    def is_once(self, gid: int, event: Event) -> bool:
        """Whether a function is cached for good, and for no more than a handful of arguments."""
        scope = self.index.scope(gid)
        if not scope.decorators or not self.inference.decorators.is_kept_for_good(gid):
            return False
        node = self.scope.exprs[event.expr]
        return all(self.inference.few_values.is_parameter(gid, number) for number in range(len(scope.params))) or (
            isinstance(node, Call) and self.inference.process_constants.are_given(self.frame.gid, node)
        )

    def loop_function(self, event: Event, node: Call, name: str) -> None:
        """`anyio.run(main)`, `start_soon(work)`: the coroutine function itself is handed over."""
        if node.args:
            mode = "task" if name in TASK_MAKERS else "new-loop"
            self.callables(event.place, self.type(node.args[0]), mode, shifted(node))

    def library_arguments(self, event: Event, node: Call, callee: Callee) -> None:
        spec = callee.spec
        if spec is None:
            return
        calls = self.inference.calls
        callbacks = tuple(arg for entry in spec.registers if entry.kind == "loop-callback" for arg in entry.args)
        for selectors, mode in ((spec.runs, "runs"), (spec.offloads, "offloaded"), (callbacks, "callback")):
            for selector in selectors:
                given = calls.argument(self.frame.gid, node, selector)
                if given != NONE:
                    arguments = shifted(node) if node.args and given == node.args[0] else None
                    kind = self.type(given)
                    if mode != "callback":  # first-party callbacks are loop code of their own
                        self.callables(event.place, kind, mode, arguments)
                    if mode != "offloaded":
                        self.library_callables(event, kind)
        for selector in spec.iterates:
            given = calls.argument(self.frame.gid, node, selector)
            if given != NONE:
                self.iterate_type(event, given, self.type(given), False)
        if callee.name in _LOOP_FUNCTIONS:
            self.loop_function(event, node, callee.name)

    def library_callables(self, event: Event, kind: Type) -> None:
        """A library function handed over as a callback: `map(requests.get, urls)`, `call_later(1, time.sleep, 1)`."""
        for value in kind:
            spec, name = self.inference.libraries.call_spec(value)
            if spec is not None:
                self.library(event, NONE, name, spec, value, False)

    def callables(self, place: int, kind: Type, mode: str, node: Call | None) -> None:
        """Edges to everything that a callable argument may run."""
        for value in kind:
            if isinstance(value, PartialV):
                self.callables(place, (value.function,), mode, None)
                continue
            for frame in self.callable_frames(value, node):
                is_async = self.index.scope(frame.gid).is_async
                how = mode if mode in ("task", "new-loop") or not is_async else "coroutine"
                if self.index.scope(frame.gid).is_generator and mode == "runs":
                    continue
                self.edge(place, frame, how)

    def injected(self) -> None:
        """The dependencies of the parameters: FastAPI runs them before this function."""
        outer = self.inference.binding.outer(self.frame)
        injection = Injection(self.inference)
        for parameter in self.scope.params:
            for expr in (parameter.default, parameter.annotation):
                for dependency, place in injection.dependencies(outer, expr, parameter.annotation):
                    for value in dependency:
                        for frame in self.callable_frames(value, None):
                            self.edge(place, frame, "injected")


_HANDLERS: dict[int, Callable[[FrameWalk, Event], None]] = {
    EventKind.CALL: FrameWalk.call,
    EventKind.ATTR: FrameWalk.attribute,
    EventKind.ENTER: FrameWalk.enter,
    EventKind.EXIT: FrameWalk.exit,
    EventKind.ITER: FrameWalk.iterate,
    EventKind.STORE_ATTR: FrameWalk.store,
    EventKind.OP: FrameWalk.operator,
    EventKind.ITEM: FrameWalk.item,
    EventKind.YIELD: FrameWalk.yields,
    EventKind.TRUTH: FrameWalk.truth,
    EventKind.STORE_ITEM: FrameWalk.store_item,
}


def shifted(node: Call) -> Call:
    """The call that an offload makes: `to_thread(f, a)` calls `f(a)`."""
    return Call(node.args[0], node.args[1:], node.keywords, node.place)
