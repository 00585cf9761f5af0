"""May this code run in another thread than the event loop's?

Decided conservatively, by what is known of the code: objects that belong to a thread (`threads = "same"` in the
catalogue: sqlite3 connections, peewee, Django, scoped sessions, Playwright), objects that two threads must not use at
once (`threads = "one"`: DB-API connections, SQLAlchemy sessions, files) unless the caller alone has them, everything
that needs the running loop, context variables and thread locals that are written, signal handlers, and shared state
that is changed by more than a plain replacement (a counter, a list): nothing orders threads the way the loop orders
coroutines. What is unknown is not held against the code; that is why these fixes are unsafe.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Param, Star, Use, Var
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.types.values import (
    ContextV,
    CoroutineV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    GeneratorV,
    Type,
    Value,
)
from fastapi_lint.repair.containers import Containers
from fastapi_lint.repair.ownership import Ownership
from fastapi_lint.repair.state_use import StateUse
from fastapi_lint.repair.thread_bound_databases import ThreadBoundDatabases
from fastapi_lint.repair.unlocked import Unlocked

_LOOP_BOUND = ("asyncio.", "anyio.", "trio.", "signal.", "uvloop.", "sniffio.", "nest_asyncio.")
_FROM_THREADS = frozenset(
    {
        "asyncio.run_coroutine_threadsafe",
        "asyncio.AbstractEventLoop.call_soon_threadsafe",
        "asyncio.iscoroutinefunction",
        "asyncio.iscoroutine",
        "asyncio.isfuture",
    }
)
_CALLER_BOUND = frozenset(
    {
        "sys._getframe", "inspect.currentframe", "inspect.stack", "sys.settrace", "os.chdir",
        "os.umask", "os.fork", "contextvars.ContextVar.set", "contextvars.ContextVar.reset", "threading.get_ident",
        "threading.current_thread", "decimal.getcontext", "decimal.setcontext",
    }
)  # fmt: skip
# What is being handled is known to the thread alone that handles it.
_HANDLER_BOUND = frozenset(
    {
        "sys.exc_info", "sys.exception", "traceback.format_exc", "traceback.print_exc", "logging.exception",
        "logging.Logger.exception",
    }
)  # fmt: skip
_CONTEXT_READERS = frozenset({"contextvars.ContextVar.get", "contextvars.copy_context"})
# These look at the function that calls them, or leave it in a way that no thread can: fine inside of a helper.
_FRAME_BOUND = frozenset(
    {
        "builtins.locals", "builtins.vars", "builtins.dir", "builtins.eval", "builtins.exec", "builtins.globals",
        "builtins.next", "builtins.breakpoint", "builtins.super",
    }
)  # fmt: skip
# Methods that only make sense on the loop, by name, where the type is not known: for refusing, a name is enough.
_LOOP_METHODS = frozenset(
    {
        "put_nowait", "get_nowait", "create_task", "ensure_future", "call_soon", "call_later", "call_at", "set_result",
        "set_exception", "run_until_complete", "add_done_callback", "start_soon",
    }
)  # fmt: skip
_THREAD_SAFE_OWNERS = ("queue.", "multiprocessing.", "concurrent.futures.")
_MOST_FRAMES = 600
_IMPLICIT = frozenset({EventKind.ENTER, EventKind.EXIT, EventKind.ITER})
"""Events whose expression is the object itself, and not the call of its method."""


class Risk(msgspec.Struct, frozen=True):
    """Why code stays where it is."""

    text: str


class Given(msgspec.Struct, frozen=True):
    """What a function gets from the loop: is its receiver used by nobody else, and are its arguments?

    `own_arguments` is None for functions that are called in the thread: their arguments are judged where they are made.
    """

    own_receiver: bool = False
    own_arguments: bool | None = True

    @property
    def made_inside(self) -> bool:
        """Whether the receiver may well be made for this run: by its caller, or in the thread itself."""
        return self.own_receiver or self.own_arguments is None


class ThreadSafety:
    """Looks for reasons not to run code in a thread."""

    def __init__(self, project: Project, state: StateUse) -> None:
        self._project = project
        self._index = project.index
        self._inference = project.inference
        self._ownership = Ownership(project)
        self._state = state
        self._containers = Containers(project, state)
        self._unlocked = Unlocked(project, state)
        self.thread_bound = ThreadBoundDatabases(project)
        self._known: dict[tuple[Frame, Given], Risk | None] = {}

    # -- whole functions

    def of_callees(self, callees: list[Frame], given: Given) -> Risk | None:
        """What speaks against running these functions, and all that they run, in a thread."""
        for frame in self._reached(callees):
            here = given if frame in callees else msgspec.structs.replace(given, own_arguments=None)
            key = (frame, here)
            if key not in self._known:
                self._known[key] = self._of_frame(frame, here)
            if self._known[key] is not None:
                return self._known[key]
        return None

    def of_body(self, frame: Frame) -> Risk | None:
        """What speaks against running the whole of a coroutine without awaits in a thread."""
        for touch in self._state.touches(frame):
            if touch.how != "read":
                return Risk(f"it changes `{touch.key[1]}`, which other code shares")
        return self.of_callees([frame], Given())

    def of_events(self, frame: Frame, events: set[int]) -> Risk | None:
        """What speaks against running these events of a coroutine in a thread."""
        scope = self._index.scope(frame.gid)
        for touch in self._state.touches(frame):
            if touch.event in events and touch.how != "read":
                return Risk(f"it changes `{touch.key[1]}`, which other code shares")
        contested = self._containers.contested(frame, events)
        if contested is not None:
            return Risk(f"`{contested[1]}` changes while others walk through it")
        node = self._project.graph.node(frame)
        for call in node.calls:
            risk = self._of_library_call(frame, call, Given()) if call.event in events else None
            if risk is not None:
                return risk
        for number in sorted(events):
            if scope.events[number].kind == EventKind.CALL:
                risk = self.of_call_name(frame, scope.events[number].expr, is_moved=True)
                if risk is not None:
                    return risk
        edges = [edge for edge in node.edges if edge.event in events]
        if any(edge.mode in ("coroutine", "task", "new-loop") for edge in edges):
            return Risk("it starts something on an event loop")
        return self.of_callees([edge.callee for edge in edges if edge.mode in ("runs", "once")], Given())

    def _reached(self, callees: list[Frame]) -> Iterator[Frame]:
        """The frames and all that they run on their own thread."""
        seen: dict[Frame, None] = dict.fromkeys(callees)
        todo = list(callees)
        while todo and len(seen) < _MOST_FRAMES:
            frame = todo.pop()
            yield frame
            for edge in self._project.graph.node(frame).edges:
                if edge.mode in ("runs", "once") and edge.callee not in seen:
                    seen[edge.callee] = None
                    todo.append(edge.callee)

    def _of_frame(self, frame: Frame, given: Given) -> Risk | None:
        node = self._project.graph.node(frame)
        name = self._index.name(frame.gid)
        for edge in node.edges:
            if edge.mode in ("coroutine", "task", "new-loop"):
                return Risk(f"`{name}` starts `{edge.name}` on an event loop")
        if self._unlocked.is_cached(frame):
            return Risk(f"the cache of `{name}` is not made for several threads")
        for call in node.calls:
            risk = self._of_library_call(frame, call, given)
            if risk is not None:
                return risk
        for event in self._index.scope(frame.gid).events:
            if event.kind == EventKind.CALL:
                risk = self.of_call_name(frame, event.expr) or self._of_arguments(frame, event.expr)
            elif event.kind in {EventKind.STORE_ATTR, EventKind.ATTR}:
                risk = self._of_attribute(frame, event.expr, event.kind)
            elif event.kind == EventKind.RERAISE:
                return Risk(f"`{name}` raises again what its caller handles")
            else:
                continue
            if risk is not None:
                return risk
        return self._of_state(frame, given)

    def _of_attribute(self, frame: Frame, expr: int, kind: int) -> Risk | None:
        node = self._index.scope(frame.gid).exprs[expr]
        base = node.base if kind == EventKind.ATTR and isinstance(node, Attr) else expr
        return self._of_thread_local(frame, base)

    def _of_arguments(self, frame: Frame, expr: int) -> Risk | None:
        """`getattr(local, "name", None)`."""
        node = self._index.scope(frame.gid).exprs[expr]
        given = node.args if isinstance(node, Call) else ()
        return next((risk for arg in given if (risk := self._of_thread_local(frame, arg)) is not None), None)

    def _of_thread_local(self, frame: Frame, base: int) -> Risk | None:
        found = self._inference.annotations.definition(frame, base)
        made = self._index.scope(found[0].gid).exprs[found[1]] if found is not None else None
        called = self._inference.type(found[0], made.func) if found is not None and isinstance(made, Call) else ()
        if any(isinstance(value, ExternalV) and value.name == "threading.local" for value in called):
            return Risk("it uses a `threading.local`")
        return None

    def _of_state(self, frame: Frame, given: Given) -> Risk | None:
        """Counters and containers that are looked at and changed; memos and lazy singletons only do work twice."""
        if self._index.scope(frame.gid).name in ("__init__", "__new__", "__post_init__"):
            return None
        contested = self._containers.contested(frame)
        if contested is not None and (contested[0] == "name" or not given.made_inside):
            return Risk(f"`{contested[1]}` changes while `{self._index.name(frame.gid)}` or others walk through it")
        for event in self._index.scope(frame.gid).events:
            if event.kind == EventKind.ITER and (key := self._state.iterated(frame, event.expr)) is not None:
                if not (given.own_receiver and key[0] == "attribute"):
                    return Risk(f"`{key[1]}` may grow or shrink while `{self._index.name(frame.gid)}` goes through it")
        looked_at: set[tuple[str, str]] = set()
        if self._unlocked.sets_together(frame):
            return Risk(f"`{self._index.name(frame.gid)}` sets variables of its module that belong together")
        for touch in self._state.touches(frame):
            if given.own_receiver and touch.key[0] == "attribute":
                continue
            if touch.how == "read":
                looked_at.add(touch.key)
            elif touch.how == "augment" or (touch.how == "change" and touch.key in looked_at):
                return Risk(f"`{self._index.name(frame.gid)}` changes `{touch.key[1]}`, which other code shares")
        return None

    def of_call_name(self, frame: Frame, expr: int, is_moved: bool = False) -> Risk | None:
        """Whether a call needs the thread that it is made in, or, if it alone is moved, the function."""
        node = self._index.scope(frame.gid).exprs[expr]
        if not isinstance(node, Call):
            return None
        callees = self._inference.calls.callees(frame, node)
        for callee in callees:
            name = callee.name
            is_library = callee.frame is None
            if is_library and is_moved and name in _FRAME_BOUND:
                return Risk(f"it needs the function that calls `{name}`")
            if is_library and (name in _CALLER_BOUND or (name.startswith(_LOOP_BOUND) and name not in _FROM_THREADS)):
                return Risk(f"it needs `{name}` where it runs")
            if is_library and name in _HANDLER_BOUND and (is_moved or not self._handles(frame, expr)):
                return Risk(f"`{name}` looks at the exception that its thread handles")
            if is_library and "contextvars" in name and name not in _CONTEXT_READERS:
                return Risk(f"`{name}` would change another context")
        func = self._index.scope(frame.gid).exprs[node.func]
        if isinstance(func, Attr) and func.name in _LOOP_METHODS:
            if not any(callee.name.startswith(_THREAD_SAFE_OWNERS) for callee in callees):
                return Risk(f"`{func.name}` belongs to the event loop")
        return None

    def _handles(self, frame: Frame, expr: int) -> bool:
        """Whether a call stands in an `except` of its own function."""
        scope = self._index.scope(frame.gid)
        return any(
            stands_in(scope, event.region, "except")
            for event in scope.events
            if event.kind == EventKind.CALL and event.expr == expr
        )

    def _of_library_call(self, frame: Frame, call: LibraryCall, given: Given) -> Risk | None:
        """An object of a thread, or one for a single thread at a time, that comes from elsewhere."""
        if reason := self.thread_bound.reason(call):
            return Risk(reason)
        rule = self._threads_of(call.value)
        if rule is None or call.expr == NONE:
            return Risk(f"`{call.name}` belongs to one thread") if rule == "same" else None
        scope = self._index.scope(frame.gid)
        node = scope.exprs[call.expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if scope.events[call.event].kind in _IMPLICIT:
            base = call.expr
        elif isinstance(func, Attr):
            base = func.base
        elif isinstance(node, Call):
            return None  # the constructor makes a new one
        else:
            base = call.expr
        in_method = self._index.class_of(frame.gid) != NONE
        for root in self._ownership.roots(frame, base):
            if isinstance(root, Param) and not (root.index == 0 and in_method):
                harmless = given.own_arguments is not False if rule == "one" else given.own_arguments is None
            elif isinstance(root, Param):
                harmless = rule == "one" and given.own_receiver
            elif isinstance(root, Var):
                harmless = rule == "one" and not self._ownership.is_state(frame, root)
            else:
                harmless = rule == "one" or isinstance(root, Call)
            if not harmless:
                return Risk(f"`{call.name}` is used on an object that comes from elsewhere")
        return None

    def _threads_of(self, value: Value | None) -> str | None:
        catalogue = self._inference.libraries.catalogue
        if isinstance(value, (ExtMemberV, ExtInstanceV)):
            return catalogue.threads(value.name)
        if isinstance(value, ExternalV) and "." in value.name:
            return catalogue.threads(value.name.rpartition(".")[0])
        return None

    # -- what goes in and what comes out

    def of_values(self, frame: Frame, exprs: list[int]) -> Risk | None:
        """Whether objects that are handed to a thread may be used there."""
        scope = self._index.scope(frame.gid)
        for expr in exprs:
            node = scope.exprs[expr]
            inner = node.value if isinstance(node, Star) else expr
            for value in self._inference.type(frame, inner):
                rule = self._threads_of(value)
                if rule == "same":
                    return Risk("the object belongs to the thread that made it")
                if rule == "one" and not self._ownership.is_own(frame, inner):
                    return Risk("the object is shared, and only one thread at a time may use it")
                risk = self._of_callback(value)
                if risk is not None:
                    return risk
        return None

    def of_containers(self, frame: Frame, call: Call) -> Risk | None:
        """Whether what a call gets may change while the call looks at it."""
        key = self._containers.handed(frame, call)
        return None if key is None else Risk(f"`{key[1]}` changes meanwhile")

    def _of_callback(self, value: Value) -> Risk | None:
        found = self._inference.functions((value.function if isinstance(value, GeneratorV) else value,))
        return self.of_callees([self._inference.binding.frame_of(function) for function in found], Given())

    def of_event(self, frame: Frame, event: int) -> Risk | None:
        """What the library calls of one event ask of the object that they are made on."""
        for call in self._project.graph.node(frame).calls:
            risk = self._of_library_call(frame, call, Given()) if call.event == event else None
            if risk is not None:
                return risk
        return None

    def of_receiver(self, frame: Frame, expr: int) -> Risk | None:
        """Whether the object whose method is called, and all it is reached through, may be used in a thread."""
        scope = self._index.scope(frame.gid)
        risk = self.of_values(frame, [expr])
        node = scope.exprs[expr]
        while risk is None and isinstance(node, (Attr, Call, Use)):
            if isinstance(node, Use):
                if len(node.defs) != 1:
                    break
                expr = scope.defs[node.defs[0]].value
            else:
                expr = node.base if isinstance(node, Attr) else node.func
            node = scope.exprs[expr]
            if isinstance(node, (Attr, Call, Use, Var, Param)):
                risk = self.of_values(frame, [expr])
        return risk

    def belongs_to_thread(self, kind: Type) -> bool:
        """Whether an object is of no use outside of the thread that made it."""
        return any(self._threads_of(value) == "same" for value in kind)

    def of_result(self, kind: Type) -> Risk | None:
        """Whether a result that was made in a thread is good for anything on the loop."""
        for value in kind:
            if isinstance(value, (CoroutineV, GeneratorV, ContextV)):
                return Risk("the call only makes something that runs later")
            if self._threads_of(value) == "same":
                return Risk("the result belongs to the thread that made it")
            if isinstance(value, ExtInstanceV):
                spec = self._inference.libraries.catalogue.method(value.name, "__iter__")
                if spec is not None and spec.blocks is not None and value.name.endswith(".results"):
                    return Risk("the call only makes something that blocks later")
        return None
