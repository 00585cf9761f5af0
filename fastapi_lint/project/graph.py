"""The call graph: what each frame runs, in which way, and the library calls it makes.

Built on demand, frame by frame. An edge's `mode` says how the callee's body runs:

- `runs`: there and then, on the caller's thread; effects flow up along these edges only,
- `once`: like `runs`, but the first time only (a cached function without arguments),
- `coroutine`: on the event loop, as async code of its own,
- `task`: on the event loop, detached from the caller (`create_task`),
- `offloaded`: in a worker thread or process,
- `injected`: FastAPI calls it before the caller (a dependency),
- `new-loop`: on an event loop that the caller starts (`asyncio.run`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from fastapi_lint.catalogue import CallSpec, Condition
from fastapi_lint.facts import NONE, Attr, Bin, Call, Comp, Event, EventKind, Lit, Sub, Use
from fastapi_lint.project.annotations import injected_expr
from fastapi_lint.project.calls import Callee
from fastapi_lint.project.index import Frame, Index
from fastapi_lint.project.inference import Inference
from fastapi_lint.project.loop_probes import OffLoop
from fastapi_lint.project.values import (
    ClassV,
    ContextV,
    CoroutineV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    GeneratorV,
    InstanceV,
    MethodV,
    PartialV,
    PropertyV,
    Type,
    Value,
    WrappedV,
)

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


SPECIAL_FUNCTIONS = {
    "builtins.len": "__len__",
    "builtins.str": "__str__",
    "builtins.repr": "__repr__",
    "builtins.bool": "__bool__",
    "builtins.int": "__int__",
    "builtins.float": "__float__",
    "builtins.hash": "__hash__",
    "builtins.abs": "__abs__",
    "builtins.iter": "__iter__",
}
STACK_ENTERERS = frozenset(
    {
        "contextlib.ExitStack.enter_context",
        "contextlib.AsyncExitStack.enter_context",
        "contextlib.AsyncExitStack.enter_async_context",
    }
)


class Edge(msgspec.Struct, frozen=True):
    """An event of the caller runs `callee`.

    `certain` is False for one of several implementations of a method; `off_loop` says that the code asks for a running
    loop first and gets here only where there is none.
    """

    event: int
    place: int
    callee: Frame
    mode: str
    name: str
    certain: bool = True
    off_loop: bool = False


class LibraryCall(msgspec.Struct, frozen=True):
    """An event that reaches a catalogued API; `expr` is the Call, or what is entered or iterated."""

    event: int
    place: int
    expr: int
    name: str
    spec: CallSpec
    awaited: bool
    value: Value | None
    off_loop: bool = False


class Node(msgspec.Struct, frozen=True):
    """A frame with all that it runs."""

    frame: Frame
    edges: tuple[Edge, ...]
    calls: tuple[LibraryCall, ...]


class Graph:
    """Nodes by frame."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self.index = index
        self.inference = inference
        self._nodes: dict[Frame, Node] = {}
        self._properties: frozenset[str] = self._property_names()

    def node(self, frame: Frame) -> Node:
        """What a frame runs."""
        node = self._nodes.get(frame)
        if node is None:
            node = self._nodes[frame] = _Walk(self, frame).run()
        return node

    def reach(self, roots: Iterator[Frame] | list[Frame]) -> list[Node]:
        """Every node that can be reached from the roots, along any edge."""
        seen: dict[Frame, None] = dict.fromkeys(roots)
        todo = list(seen)
        while todo:
            for edge in self.node(todo.pop()).edges:
                if edge.callee not in seen:
                    seen[edge.callee] = None
                    todo.append(edge.callee)
        return [self.node(frame) for frame in seen]

    def is_property(self, name: str) -> bool:
        """Whether any first-party class has a property of this name: all other attribute loads run nothing."""
        return name in self._properties

    def _property_names(self) -> frozenset[str]:
        names = set()
        for gid in range(self.index.count):
            scope = self.index.scope(gid)
            if scope.decorators and self.index.class_of(gid) != NONE:
                names.add(scope.name)
            elif scope.name in ("__getattr__", "__getattribute__"):
                names.add("*")
        return frozenset(names)


class _Walk:
    """One pass over the events of a frame."""

    def __init__(self, graph: Graph, frame: Frame) -> None:
        self.graph = graph
        self.index = graph.index
        self.inference = graph.inference
        self.frame = frame
        self.scope = graph.index.scope(frame.gid)
        self.edges: list[Edge] = []
        self.calls: list[LibraryCall] = []
        self.number = 0
        self.off_loop = False
        self.handed: dict[int, str] = {}
        self.handlers: dict[EventKind, Callable[[Event], None]] = {
            EventKind.CALL: self.call,
            EventKind.ATTR: self.attribute,
            EventKind.ENTER: self.enter,
            EventKind.EXIT: self.exit,
            EventKind.ITER: self.iterate,
            EventKind.STORE_ATTR: self.store,
            EventKind.OP: self.operator,
            EventKind.ITEM: self.item,
            EventKind.YIELD: self.yields,
            EventKind.TRUTH: self.truth,
            EventKind.STORE_ITEM: self.store_item,
        }
        self.deferred: frozenset[int] = frozenset()

    def run(self) -> Node:
        self.find_handed()
        lazy = self.lazy_regions()
        off_loop = OffLoop(self.inference, self.frame).regions()
        for number, event in enumerate(self.scope.events):
            handler = self.handlers.get(event.kind)
            if handler is not None and not (lazy and self.is_inside(event.region, lazy)):
                self.number = number
                self.off_loop = bool(off_loop) and self.is_inside(event.region, off_loop)
                handler(event)
        self.off_loop = False
        self.injected()
        return Node(self.frame, tuple(self.edges), tuple(self.calls))

    def type(self, expr: int) -> Type:
        return self.inference.type(self.frame, expr)

    def edge(self, place: int, callee: Frame, mode: str, name: str = "", certain: bool = True) -> None:
        shown = name or self.index.name(callee.gid)
        self.edges.append(Edge(self.number, place, callee, mode, shown, certain, self.off_loop))

    def library(self, event: Event, expr: int, name: str, spec: CallSpec, value: Value | None, awaited: bool) -> None:
        self.calls.append(LibraryCall(self.number, event.place, expr, name, spec, awaited, value, self.off_loop))

    def find_handed(self) -> None:
        """Coroutines that are made only to be handed to a task or to a new loop run there."""
        for event in self.scope.events:
            if event.kind != EventKind.CALL:
                continue
            node = self.scope.exprs[event.expr]
            if not isinstance(node, Call) or not node.args or not isinstance(self.scope.exprs[node.args[0]], Call):
                continue
            for callee in self.inference.calls.callees(self.frame, node):
                if callee.name in TASK_MAKERS:
                    self.handed[node.args[0]] = "task"
                elif callee.name in LOOP_STARTERS:
                    self.handed[node.args[0]] = "new-loop"

    # -- what is made here but runs elsewhere

    def lazy_regions(self) -> set[int]:
        """Regions of generator expressions that nothing on this thread iterates; also notes lazy calls (`map`)."""
        consumed, streamed = self.consumers()
        self.deferred = frozenset(streamed)
        lazy: set[int] = set()
        generators = [n for n, r in enumerate(self.scope.regions) if r.kind == "genexpr"]
        if not generators:
            return lazy
        by_region = {number: self.generator_of(number) for number in generators}
        for number, made in by_region.items():
            if made in streamed or (made != NONE and made not in consumed):
                lazy.add(number)
        return lazy

    def generator_of(self, region: int) -> int:
        """The generator expression whose body the region is: the first one lowered after its iterable."""
        iterable = self.scope.regions[region].expr
        for number in range(iterable, len(self.scope.exprs)):
            node = self.scope.exprs[number]
            if isinstance(node, Comp) and node.kind == "generator":
                return number
        return NONE

    def consumers(self) -> tuple[set[int], set[int]]:
        """Expressions that a call or a loop takes in here, and those of them that are handed to a stream or thread."""
        consumed: set[int] = set()
        streamed: set[int] = set()
        for event in self.scope.events:
            if event.kind == EventKind.CALL:
                node = self.scope.exprs[event.expr]
                if isinstance(node, Call):
                    given = {*node.args, *(value for _, value in node.keywords)}
                    consumed |= given
                    if any(self.runs_elsewhere(callee) for callee in self.inference.calls.callees(self.frame, node)):
                        streamed |= given
            elif event.kind in (EventKind.ITER, EventKind.YIELD):
                consumed.add(event.expr)
        for expr in list(consumed):
            consumed |= self.sources(expr)
        for expr in list(streamed):
            streamed |= self.sources(expr)
        return consumed, streamed

    def sources(self, expr: int) -> set[int]:
        node = self.scope.exprs[expr] if expr != NONE else None
        return {self.scope.defs[n].value for n in node.defs} if isinstance(node, Use) else set()

    def runs_elsewhere(self, callee: Callee) -> bool:
        spec = callee.spec
        if spec is None:
            return False
        return bool(spec.offloads) or any(entry.kind == "stream" for entry in spec.registers)

    def is_inside(self, region: int, wanted: set[int]) -> bool:
        while region != NONE:
            if region in wanted:
                return True
            region = self.scope.regions[region].parent
        return False

    # -- calls

    def call(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        if not isinstance(node, Call):
            return
        callees = self.inference.calls.callees(self.frame, node)
        if event.flag:
            callees = self.awaitable(callees)
        for callee in callees:
            if callee.frame is not None:
                self.first_party(event, callee)
            elif callee.spec is not None:
                self.library(event, event.expr, callee.name, callee.spec, callee.value, event.flag)
                if event.expr not in self.deferred:
                    self.library_arguments(event, node, callee)
            elif callee.name in TASK_MAKERS | LOOP_STARTERS:
                self.loop_function(event, node, callee.name)
            if callee.name in SPECIAL_FUNCTIONS and node.args:
                self.special(event, node.args[0], self.type(node.args[0]), SPECIAL_FUNCTIONS[callee.name])
            elif callee.name in STACK_ENTERERS and node.args:
                is_async = callee.name.endswith("async_context")
                entered = Event(EventKind.ENTER, node.args[0], event.region, event.place, flag=is_async)
                self.enter(entered)
                self.exit(entered)

    def awaitable(self, callees: list[Callee]) -> list[Callee]:
        """Of what an awaited call may reach, only that which can be awaited.

        A plain `def` whose result is known to be no awaitable is not what runs there: the type is too wide, or a
        decorator changed the function.
        """
        some_async = any(callee.mode == "coroutine" for callee in callees)
        return [c for c in callees if c.mode != "runs" or c.frame is None or self.gives_awaitable(c.frame, some_async)]

    def gives_awaitable(self, frame: Frame, some_async: bool) -> bool:
        result = self.inference.calls.returned(frame)
        if not result:
            declared = self.index.scope(frame.gid).returns != NONE
            return not some_async and not declared
        return any(
            isinstance(value, CoroutineV)
            or (isinstance(value, (InstanceV, ExtInstanceV)) and not self.is_plain_data(value))
            for value in result
        )

    def is_plain_data(self, value: Value) -> bool:
        """Whether a value is known not to be awaitable."""
        if isinstance(value, InstanceV):
            return self.inference.classes.find_method(value.gid, "__await__") is None
        return isinstance(value, ExtInstanceV) and value.name.startswith("builtins.")

    def first_party(self, event: Event, callee: Callee) -> None:
        if callee.frame is None or callee.mode == "lazy":
            return
        mode = callee.mode
        if mode == "coroutine":
            mode = self.handed.get(event.expr, mode)
        elif mode == "runs" and event.flag and self.inference.decorators.has_unknown(callee.frame.gid):
            return  # awaited, so the decorator made something else of the function
        elif mode == "runs" and not self.index.scope(callee.frame.gid).params:
            mode = "once" if self.inference.decorators.is_cached(callee.frame.gid) else mode
        self.edge(event.place, callee.frame, mode, callee.name, callee.certain)

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
        if callee.name in TASK_MAKERS | LOOP_STARTERS:
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

    def callable_frames(self, value: Value, node: Call | None) -> list[Frame]:
        calls = self.inference.calls
        if isinstance(value, WrappedV):
            value = value.function
        if isinstance(value, (FunctionV, MethodV)):
            own = calls.frame_for(value, self.frame, node) if node is not None else calls.frame_of(value)
            return [own, *(calls.frame_of(impl) for impl in calls.overrides(value))]
        if isinstance(value, ClassV):
            init = self.inference.classes.find_method(value.gid, "__init__")
            return [calls.frame_of(MethodV(init, InstanceV(value.gid)))] if init is not None else []
        if isinstance(value, InstanceV):
            return self.special_frames(value, "__call__")
        return []

    def injected(self) -> None:
        """The dependencies of the parameters: FastAPI runs them before this function."""
        outer = self.inference.calls.outer(self.frame)
        for parameter in self.scope.params:
            for expr in (parameter.default, parameter.annotation):
                for dependency, place in self.dependencies(outer, expr, parameter.annotation):
                    for value in dependency:
                        for frame in self.callable_frames(value, None):
                            self.edge(place, frame, "injected")

    def dependencies(self, outer: Frame, expr: int, annotation: int) -> list[tuple[Type, int]]:
        found: list[tuple[Type, int]] = []
        if expr == NONE:
            return found
        annotations = self.inference.annotations
        where = outer
        node = self.index.scope(outer.gid).exprs[expr]
        if not isinstance(node, (Call, Sub)):
            definition = annotations.definition(outer, expr)
            if definition is None:
                return found
            where, expr = definition
            node = self.index.scope(where.gid).exprs[expr]
        for number in _calls_inside(self.index, where.gid, expr):
            call = self.index.scope(where.gid).exprs[number]
            if isinstance(call, Call) and annotations.is_injector(where, call):
                place = call.place if where.gid == outer.gid else NONE
                found.append((self.injected_type(where, call, outer, annotation), place))
        return found

    def injected_type(self, where: Frame, call: Call, outer: Frame, annotation: int) -> Type:
        """What is called for a dependency: the argument of `Depends`, or the annotated class."""
        dependency = injected_expr(call)
        if dependency != NONE:
            return self.inference.type(where, dependency)
        declared = self.inference.annotations.type(outer, annotation)
        return tuple(ClassV(value.gid) for value in declared if isinstance(value, InstanceV))

    # -- special methods

    def special_frames(self, value: InstanceV, name: str) -> list[Frame]:
        frames = []
        for method in self.inference.classes.attribute(value, name):
            if isinstance(method, WrappedV):
                frames.append(self.inference.calls.frame_of(method.function))
            elif isinstance(method, (FunctionV, MethodV)):
                frames.append(self.inference.calls.frame_of(method))
                frames += [self.inference.calls.frame_of(impl) for impl in self.inference.calls.overrides(method)]
        return frames

    def special(self, event: Event, expr: int, kind: Type, name: str, awaited: bool = False) -> None:
        """Runs the special method `name` of whatever `expr` may be."""
        for value in kind:
            if isinstance(value, InstanceV):
                frames = self.special_frames(value, name)
                for frame in frames:
                    mode = self.inference.calls.mode(frame.gid)
                    if mode != "lazy":
                        self.edge(event.place, frame, mode)
                if not frames:
                    self.inherited_special(event, expr, value, name, awaited)
            elif isinstance(value, ExtInstanceV):
                spec = self.inference.libraries.catalogue.method(value.name, name)
                if spec is not None:
                    self.library(event, expr, f"{value.name}.{name}", spec, value, awaited)

    def inherited_special(self, event: Event, expr: int, value: InstanceV, name: str, awaited: bool) -> None:
        for base in self.inference.classes.external_bases(value.gid):
            spec = self.inference.libraries.catalogue.method(base, name)
            if spec is not None:
                self.library(event, expr, f"{base}.{name}", spec, ExtMemberV(base, name, value), awaited)
                return

    def attribute(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        if not isinstance(node, Attr) or not self.graph.is_property(node.name):
            return
        for value in self.type(node.base):
            if isinstance(value, InstanceV):
                for member in self.inference.classes.member(value.gid, node.name)[0]:
                    if isinstance(member, PropertyV):
                        self.edge(event.place, Frame(member.function.gid, value, member.function.bound), "runs")

    def store(self, event: Event) -> None:
        if not self.graph.is_property(event.name):
            return
        for value in self.type(event.expr):
            if isinstance(value, InstanceV):
                for gid in self.setters(value, event.name):
                    self.edge(event.place, Frame(gid, value), "runs")

    def setters(self, value: InstanceV, name: str) -> Iterator[int]:
        for entry in self.inference.classes.mro(value.gid):
            if not isinstance(entry, int):
                continue
            module = self.index.module(entry)
            for number, scope in enumerate(module.facts.scopes):
                gid = module.base + number
                if scope.kind == "function" and scope.name == name and self.index.parent(gid) == entry:
                    parent = self.index.scope(entry)
                    if any(getattr(parent.exprs[d], "name", "") == "setter" for d in scope.decorators):
                        yield gid

    def enter(self, event: Event) -> None:
        kind = self.type(event.expr)
        for value in kind:
            if isinstance(value, ContextV):
                function = value.function
                self.edge(
                    event.place,
                    self.inference.calls.frame_of(function),
                    "coroutine" if value.is_async else "runs",
                )
        self.special(event, event.expr, kind, "__aenter__" if event.flag else "__enter__", event.flag)

    def exit(self, event: Event) -> None:
        self.special(event, event.expr, self.type(event.expr), "__aexit__" if event.flag else "__exit__", event.flag)

    def iterate(self, event: Event) -> None:
        self.iterate_type(event, event.expr, self.type(event.expr), event.flag)

    def iterate_type(self, event: Event, expr: int, kind: Type, is_async: bool) -> None:
        for value in kind:
            if isinstance(value, GeneratorV):
                frame = self.inference.calls.frame_of(value.function)
                self.edge(event.place, frame, "coroutine" if value.is_async else "runs")
            elif isinstance(value, InstanceV):
                iterator = self.inference.protocols.special(value, "__aiter__" if is_async else "__iter__")
                self.iterate_type(event, expr, tuple(v for v in iterator if isinstance(v, GeneratorV)), is_async)
                if value in iterator:
                    self.special(event, expr, (value,), "__anext__" if is_async else "__next__", is_async)
        self.special(event, expr, kind, "__aiter__" if is_async else "__iter__", is_async)

    def yields(self, event: Event) -> None:
        if event.flag and event.expr != NONE:
            self.iterate(msgspec.structs.replace(event, flag=False))

    def operator(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        name = self.inference.protocols.operator_method(node.op) if isinstance(node, Bin) else None
        if isinstance(node, Bin) and name is not None:
            self.special(event, event.expr, self.type(node.left), name)

    def truth(self, event: Event) -> None:
        for value in self.type(event.expr):
            if isinstance(value, InstanceV):
                name = "__bool__" if self.inference.classes.find_method(value.gid, "__bool__") else "__len__"
                self.special(event, event.expr, (value,), name)

    def store_item(self, event: Event) -> None:
        name = "__delitem__" if event.value == NONE else "__setitem__"
        self.special(event, event.expr, self.type(event.expr), name)

    def item(self, event: Event) -> None:
        node = self.scope.exprs[event.expr]
        if isinstance(node, Sub):
            self.special(event, event.expr, self.type(node.base), "__getitem__")


def shifted(node: Call) -> Call:
    """The call that an offload makes: `to_thread(f, a)` calls `f(a)`."""
    return Call(node.args[0], node.args[1:], node.keywords, node.place)


def _calls_inside(index: Index, gid: int, expr: int) -> list[int]:
    """The calls in a default or in the metadata of an `Annotated`."""
    node = index.scope(gid).exprs[expr]
    if isinstance(node, Call):
        return [expr]
    if isinstance(node, Sub):
        items = getattr(index.scope(gid).exprs[node.index], "items", ())
        return [item for item in items if isinstance(index.scope(gid).exprs[item], Call)]
    return []


def is_harmless(inference: Inference, frame: Frame, call: LibraryCall) -> bool:
    """Whether the arguments of this very call make it harmless."""
    spec = call.spec
    node = inference.index.scope(frame.gid).exprs[call.expr] if call.expr != NONE else None
    if spec.brief and not _awaits_inside(inference.index, frame, call):
        return True
    if not isinstance(node, Call) or not (spec.unless or spec.only_if):
        return False
    if any(_holds(inference, frame, node, condition) for condition in spec.unless):
        return True
    return bool(spec.only_if) and not all(_holds(inference, frame, node, c) for c in spec.only_if)


def _awaits_inside(index: Index, frame: Frame, call: LibraryCall) -> bool:
    """Whether the `with` block of an entered lock awaits: then whoever waits for the lock may wait for good."""
    scope = index.scope(frame.gid)
    entered = {n for n, r in enumerate(scope.regions) if r.kind == "with" and r.expr == call.expr}
    for event in scope.events:
        if event.kind == EventKind.AWAIT or (event.flag and event.kind in (EventKind.ITER, EventKind.ENTER)):
            region = event.region
            while region != NONE:
                if region in entered:
                    return True
                region = scope.regions[region].parent
    return False


def _holds(inference: Inference, frame: Frame, node: Call, condition: Condition) -> bool:
    given = NONE
    if condition.at is not None:
        given = inference.calls.argument(frame.gid, node, condition.at)
    if given == NONE and condition.arg is not None:
        given = inference.calls.argument(frame.gid, node, condition.arg)
    if condition.given is not None:
        return (given != NONE) is condition.given
    if given == NONE:
        return False
    literal = _literal(inference, frame, given)
    return literal is not None and literal.value == condition.is_ and type(literal.value) in _comparable(condition)


def _comparable(condition: Condition) -> tuple[type, ...]:
    if isinstance(condition.is_, bool):
        return (bool,)
    return (int, float) if isinstance(condition.is_, (int, float)) else (type(condition.is_),)


def _literal(inference: Inference, frame: Frame, expr: int) -> Lit | None:
    node = inference.index.scope(frame.gid).exprs[expr]
    if isinstance(node, Lit):
        return node
    found = inference.annotations.definition(frame, expr)
    if found is None or (isinstance(node, Use) and len(node.defs) != 1):
        return None
    value = inference.index.scope(found[0].gid).exprs[found[1]]
    return value if isinstance(value, Lit) else None
