"""Where does a function run, and how often?

Contexts flow down: from every entry point along the call graph. The nearest way in is kept, so that a chain from the
entry point can be shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Lit, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.flow.frame_walk import TASK_MAKERS
from fastapi_lint.project.flow.given_coroutines import LOOP_STARTERS
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.types.library_objects import is_library_object
from fastapi_lint.project.types.values import FunctionV, InstanceV, MethodV, PartialV, Value, WrappedV

_CATEGORIES = {
    "route": "request",
    "websocket": "request",
    "dependency": "request",
    "middleware": "request",
    "exception-handler": "request",
    "background-task": "request",
    "stream": "request",
    "loop-callback": "service",
    "lifespan": "startup",
    "startup": "startup",
    "signal-handler": "shutdown",
    "worker-task": "worker",
    "command": "script",
}
SERVING = frozenset({"request", "service"})
"""The categories in which a stalled loop hurts users."""


STAGES = {"startup": "startup", "workers": "worker", "scripts": "script"}
"""The other categories by the names that the configuration gives them; of several the first one is told."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """How a frame is reached: from `caller` along `edge`, or directly as an entry point."""

    caller: Frame | None
    edge: Edge | None
    entry: EntryPoint | None


def _function(value: Value) -> int:
    """The first-party function behind a value, or NONE."""
    if isinstance(value, (MethodV, WrappedV)):
        return value.function.gid
    return value.gid if isinstance(value, FunctionV) else NONE


class Contexts:
    """For each category the frames that it reaches."""

    def __init__(self, graph: Graph, entries: Iterable[EntryPoint]) -> None:
        self._graph = graph
        self.entries = tuple(entries)
        self._reached: dict[str, dict[Frame, Arrival]] = {}
        self._on_loop: dict[str, dict[Frame, Arrival]] = {}
        self._by_gid: dict[int, set[str]] | None = None
        self._serving: dict[int, bool] = {}
        self._tasks: dict[int, frozenset[int]] = {}
        self._named_calls: dict[str, list[tuple[int, tuple[int, ...]]]] = {}

    def reached(self, category: str) -> dict[Frame, Arrival]:
        """All frames that run in `category`: `request`, `service`, `startup`, `shutdown`, `worker` or `script`."""
        known = self._reached.get(category)
        if known is None:
            known = self._reached[category] = self.flow(self.roots(category))
        return known

    def reached_on_loop(self, category: str) -> dict[Frame, Arrival]:
        """The same without what runs on a loop that somebody starts for it: there it keeps nobody waiting."""
        known = self._on_loop.get(category)
        if known is None:
            found = self.flow(self.roots(category), lambda _, edge: edge.mode == "new-loop")
            known = self._on_loop[category] = found
        return known

    def roots(self, category: str) -> list[tuple[Frame, EntryPoint | None]]:
        """The entry points of a category. Dependencies come last: a route that needs them is the better witness."""
        found = [(e.frame, e) for e in self.entries if e.frame is not None and self._category(e) == category]
        found.sort(key=lambda pair: pair[1].kind == "dependency")
        if category == "script":
            return [*found, *((frame, None) for frame in self._script_roots())]
        if category == "service":
            return [*found, *((frame, None) for frame in self._detached())]
        return list(found)

    def _category(self, entry: EntryPoint) -> str | None:
        """An async job of a scheduler inside the application runs on the application's own loop."""
        is_async = entry.frame is not None and self._graph.index.scope(entry.frame.gid).is_async
        if entry.where == "process" or (entry.where == "thread" and is_async):
            return "worker"
        if entry.where == "loop" and entry.kind in ("worker-task", "scheduled-job"):
            return "service"
        if entry.kind == "scheduled-job" and entry.frame is not None:
            return "service" if is_async else "worker"
        return _CATEGORIES.get(entry.kind)

    def _script_roots(self) -> list[Frame]:
        """What runs under `if __name__ == "__main__"`, and what a loop of the project's own runs."""
        found: list[Frame] = []
        for gid in range(self._graph.index.count):
            scope = self._graph.index.scope(gid)
            if scope.kind == "module":
                node = self._graph.node(self._graph.index.frame(gid))
                found += [e.callee for e in node.edges if stands_in(scope, scope.events[e.event].region, "main")]
        return found + self._with_own_loop()

    def _with_own_loop(self) -> list[Frame]:
        found: list[Frame] = []
        for gid in self._graph.index.doing(EventKind.CALL):
            frame = self._graph.inference.plain_frame(gid)
            if self._may_call_one(frame, LOOP_STARTERS):
                found += [edge.callee for edge in self._graph.node(frame).edges if edge.mode == "new-loop"]
        return found

    def _may_call_one(self, frame: Frame, names: frozenset[str]) -> bool:
        """Whether a frame calls one of these APIs, or may: to know what else all frames run would take far longer."""
        scope, inference = self._graph.index.scope(frame.gid), self._graph.inference
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            for value in inference.type(frame, node.func) if type(node) is Call else ():
                if isinstance(value, (InstanceV, PartialV)) or inference.libraries.call_spec(value)[1] in names:
                    return True
        return False

    def _detached(self) -> list[Frame]:
        """Tasks that start-up leaves running beside the requests."""
        return [
            edge.callee
            for frame in self.reached("startup")
            for edge in self._graph.node(frame).edges
            if edge.mode == "task"
        ]

    def flow(
        self, roots: Iterable[tuple[Frame, EntryPoint | None]], stop: Callable[[Frame, Edge], bool] | None = None
    ) -> dict[Frame, Arrival]:
        """Everything reached from the roots, breadth first; `stop` says which edges are not followed."""
        reached: dict[Frame, Arrival] = {}
        todo: deque[Frame] = deque()
        for frame, entry in roots:
            if frame not in reached:
                reached[frame] = Arrival(None, None, entry)
                todo.append(frame)
        while todo:
            frame = todo.popleft()
            for edge in self._graph.node(frame).edges:
                if edge.callee not in reached and not (stop is not None and stop(frame, edge)):
                    reached[edge.callee] = Arrival(frame, edge, None)
                    todo.append(edge.callee)
        return reached

    def categories(self, gid: int) -> set[str]:
        """The categories in which a function runs, for whatever receiver; empty if nothing is known to call it."""
        if self._by_gid is None:
            self._by_gid = {}
            for category in ("request", "service", "startup", "shutdown", "worker", "script"):
                for frame in self.reached(category):
                    self._by_gid.setdefault(frame.gid, set()).add(category)
        return self._by_gid.get(gid, set())

    def may_share_a_process(self, gid: int) -> bool:
        """Whether the function may run in a process that serves, before or while it does."""
        return "startup" in self.categories(gid) or self.serves(gid)

    def serves(self, gid: int) -> bool:
        """Whether the function may run while requests are served: unless all its known callers say otherwise."""
        categories = self.categories(gid)
        if categories:
            return bool(categories & SERVING)
        if self._never_runs(gid):
            return False
        if self._graph.index.scope(gid).kind != "function":
            return True
        known = self._serving.get(gid)
        if known is None:
            known = self._serving[gid] = self._may_be_called_while_serving(gid)
        return known

    def _may_be_called_while_serving(self, gid: int) -> bool:
        """Whether any call that may mean a function, or those that may call it, stands in code that serves.

        So it is taken to be where nobody is known to call one of them, or none but each other. A task that start-up
        leaves running serves, too.
        """
        seen, todo, is_elsewhere = {(gid, False)}, [(gid, False)], False
        while todo:
            called, is_task = todo.pop()
            callers = self._callers_by_name(called)
            if not callers:
                return True
            for caller in callers:
                if self._never_runs(caller):
                    is_elsewhere = True
                    continue
                is_left = is_task or self._is_task_of(called, caller)
                categories = self.categories(caller)
                if categories & SERVING or (not categories and self._graph.index.scope(caller).kind != "function"):
                    return True
                if is_left and "startup" in categories:
                    return True
                is_elsewhere = is_elsewhere or bool(categories)
                if not categories and (caller, is_left) not in seen:
                    seen.add((caller, is_left))
                    todo.append((caller, is_left))
        return not is_elsewhere

    def _is_task_of(self, gid: int, caller: int) -> bool:
        """Whether a function leaves another one running beside it: `create_task(self.poll())`."""
        started = self._tasks.get(caller)
        if started is None:
            frame = self._graph.inference.plain_frame(caller)
            edges = self._graph.node(frame).edges if self._may_call_one(frame, TASK_MAKERS) else ()
            started = self._tasks[caller] = frozenset(edge.callee.gid for edge in edges if edge.mode == "task")
        return gid in started

    def _never_runs(self, gid: int) -> bool:
        inference = self._graph.inference
        rooms = (inference.never_used, inference.unfinished, inference.never_awaited)
        return any(room.holds(gid) for room in rooms)

    def _callers_by_name(self, gid: int) -> set[int]:
        """Who else has a call that may mean a function of which nothing is known to reach it.

        A method of an object of unknown type (`await services.get("writer").start()` in the lifespan) may be any method
        of that name, and a function of a module may be what `getattr(module, "create")` gives.
        """
        name = self._graph.index.scope(gid).name
        calls = (*self._calls_by_name(name), *((caller, ()) for caller in self._looked_up.get(name, ())))
        return {caller for caller, functions in calls if caller != gid and (not functions or gid in functions)}

    @cached_property
    def _looked_up(self) -> dict[str, set[int]]:
        """The scopes that look attributes up by a name that is known: `getattr(module, "create")`."""
        index = self._graph.index
        found: dict[str, set[int]] = {}
        for site in index.call_sites("getattr"):
            scope = index.scope(site.gid)
            node = scope.exprs[site.expr]
            name = scope.exprs[node.args[1]] if isinstance(node, Call) and len(node.args) > 1 else None
            values = [scope.defs[number].value for number in name.defs] if isinstance(name, Use) else []
            for text in [name, *(scope.exprs[value] for value in values)]:
                if isinstance(text, Lit) and isinstance(text.value, str):
                    found.setdefault(text.value, set()).add(site.gid)
        return found

    def is_of_handlers(self, gid: int) -> bool:
        """Whether all that calls a function by its name are coroutines, and one of them may be a request's."""
        calls = self._calls_by_name(self._graph.index.scope(gid).name)
        calling = {caller for caller, functions in calls if gid in functions}
        return all(self._graph.index.scope(one).is_async for one in calling) and any(map(self.serves, calling))

    def _calls_by_name(self, name: str) -> list[tuple[int, tuple[int, ...]]]:
        """The callers that call something of this name, with the functions it may be; none if that is unknown."""
        known = self._named_calls.get(name)
        if known is None:
            index, inference = self._graph.index, self._graph.inference
            known = self._named_calls[name] = []
            for site in index.call_sites(name):
                node = index.scope(site.gid).exprs[site.expr]
                functions = self._may_call(inference.plain_frame(site.gid), node.func) if isinstance(node, Call) else ()
                known.append((site.gid, functions))
        return known

    def _may_call(self, frame: Frame, func: int) -> tuple[int, ...]:
        """The functions that a callee may be, NONE for a library's; none if that is unknown."""
        inference, node = self._graph.inference, frame.scope.exprs[func]
        called = inference.type(frame, func)
        if not called and isinstance(node, Attr) and is_library_object(inference, frame, node.base):
            return (NONE,)
        return tuple(_function(value) for value in called)

    def stage(self, gid: int, wanted: Iterable[str]) -> str | None:
        """The first of the `wanted` stages in which a function runs; empty if it serves requests, None if neither."""
        if self.serves(gid):
            return ""
        return next((stage for stage in wanted if STAGES[stage] in self.categories(gid)), None)

    def way_in(self, frame: Frame, reached: dict[Frame, Arrival]) -> list[Arrival]:
        """The arrivals from the entry point down to `frame`."""
        way: list[Arrival] = []
        current: Frame | None = frame
        while current is not None and current in reached:
            arrival = reached[current]
            way.append(arrival)
            current = arrival.caller
        way.reverse()
        return way
