"""Which `threading.local` objects does code on the event loop use? All requests on the loop share one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Lit, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.name_uses import name_uses
from fastapi_lint.project.code.regions import branches, stands_in, within
from fastapi_lint.project.code.spelling import parts, spelled
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.serving.contexts import Arrival, Contexts
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, InstanceV

_LOCAL = "threading.local"
_USES = frozenset({EventKind.ATTR, EventKind.CALL, EventKind.STORE_ATTR})
_ACCESSORS = frozenset({"builtins.getattr", "builtins.setattr"})


class LocalUse(msgspec.Struct, frozen=True):
    """Code of scope `gid` uses attribute `name` of a thread-local object, on the loop.

    `way` leads there from the nearest entry point, or from a coroutine of which none is known. `is_reset` says that
    code on the loop does no more than to empty it, so that there is nothing in it for others.
    """

    gid: int
    place: int
    name: str
    way: tuple[Arrival, ...] = ()
    is_reset: bool = False


class _Use(msgspec.Struct, frozen=True):
    """`local` is how the thread-local object is spelled there."""

    event: Event
    name: str
    local: str
    stores: bool


class ThreadLocals:
    """Uses in coroutines, and in the functions that they run on the loop's thread."""

    def __init__(self, graph: Graph, contexts: Contexts, loop_frames: Iterable[Frame]) -> None:
        self._graph = graph
        self._contexts = contexts
        self._index = graph.index
        self._inference = graph.inference
        self._loop_frames = loop_frames
        self._used: dict[Frame, tuple[_Use, ...]] = {}

    def find(self) -> Iterator[LocalUse]:
        """Each thread-local object once in each function: where it is first stored in, else where it is first read."""
        if not name_uses(self._index, frozenset({"local"}))["local"]:  # most projects end here
            return
        reached, aside = self._on_loop()
        stored = {
            use.name
            for frame in reached
            for use in self._uses(frame)
            if use.stores and not self._takes_back(frame, use.name)
        }
        handed_back = {use.name for frame in aside for use in self._uses(frame) if use.stores}
        handed_back = (handed_back | self._taken_back({frame.gid for frame in reached})) - stored
        used = {use.name for frame in reached for use in self._uses(frame) if not _is_emptied(frame.scope, use)}
        told: dict[tuple[int, str], tuple[Frame, _Use]] = {}
        for frame in reached:
            for use in self._uses(frame):
                if use.event.place == NONE or use.name in self._kept_per_thread or use.name in handed_back:
                    continue
                _, known = told.setdefault((frame.gid, use.local), (frame, use))
                if use.stores and not known.stores:
                    told[frame.gid, use.local] = frame, use
        for frame, use in told.values():
            yield LocalUse(frame.gid, use.event.place, use.name, self._way(frame, reached), use.name not in used)

    def _way(self, frame: Frame, reached: dict[Frame, Arrival]) -> tuple[Arrival, ...]:
        first, *calls = self._contexts.way_in(frame, reached)
        root = calls[0].caller if calls else frame
        entered = self._contexts.way_in(root, self._contexts.reached("request")) if root is not None else []
        return (*(entered or [first]), *calls)

    def _on_loop(self) -> tuple[dict[Frame, Arrival], list[Frame]]:
        """What runs there and then, on the caller's thread, and what only managers of uninterrupted blocks run.

        What such a manager stores at the block's beginning and takes back at its end, no other request sees. The same
        holds for what runs only where a test finds nothing: it makes the one value that the thread has.
        """
        served = self._contexts.reached("request")
        roots = sorted(self._loop_frames, key=lambda frame: frame not in served)
        seen: dict[Frame, Arrival] = {}
        managing: dict[Frame, None] = {}
        todo: deque[Frame] = deque()
        for root in roots:  # the ways from known entry points first
            if root not in seen:
                seen[root] = Arrival(None, None, None)
                todo.append(root)
            while todo:
                frame = todo.popleft()
                for edge in self._followed(frame):
                    if self._is_uninterrupted(frame, edge) or self._fills_what_is_missing(frame, edge):
                        managing[edge.callee] = None
                    elif edge.callee not in seen:
                        seen[edge.callee] = Arrival(frame, edge, None)
                        todo.append(edge.callee)
        aside = dict.fromkeys(frame for frame in managing if frame not in seen)
        todo.extend(aside)
        while todo:
            for edge in self._followed(todo.popleft()):
                if edge.callee not in seen and edge.callee not in aside:
                    aside[edge.callee] = None
                    todo.append(edge.callee)
        return seen, list(aside)

    def _followed(self, frame: Frame) -> Iterator[Edge]:
        return (edge for edge in self._graph.node(frame).edges if edge.mode in ("runs", "once") and not edge.off_loop)

    def _is_uninterrupted(self, frame: Frame, edge: Edge) -> bool:
        """Whether an edge enters or leaves a `with` block in which nothing awaits or yields."""
        scope = self._index.scope(frame.gid)
        event = scope.events[edge.event] if 0 <= edge.event < len(scope.events) else None
        if event is None or event.flag or event.kind not in (EventKind.ENTER, EventKind.EXIT):
            return False
        blocks = {n for n, region in enumerate(scope.regions) if region.kind == "with" and region.expr == event.expr}
        return not any(other.pauses and within(scope, other.region, blocks) for other in scope.events)

    def _fills_what_is_missing(self, frame: Frame, edge: Edge) -> bool:
        """Whether an edge stands where a thread-local object lacks something: `if not hasattr(...): self.set(...)`."""
        scope = self._index.scope(frame.gid)
        if not 0 <= edge.event < len(scope.events):
            return False
        return any(
            self._lacks(frame, part, is_true)
            for branch in branches(scope, scope.events[edge.event].region)
            for part, is_true in implied(scope, branch.expr, branch.kind == "if")
        )

    def _lacks(self, frame: Frame, test: int, holds: bool) -> bool:
        """Whether a condition says that there is nothing: it has no such attribute, or that is None."""
        scope = frame.scope
        node = scope.exprs[test]
        if isinstance(node, Bin) and scope.exprs[node.right] == Lit(None) and node.op in ("is", "is not"):
            return (node.op == "is") is holds and self._lacks(frame, node.left, False)
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        return not holds and self._mentions_local(frame, node)

    def _uses(self, frame: Frame) -> tuple[_Use, ...]:
        known = self._used.get(frame)
        if known is None:
            known = self._used[frame] = tuple(self._find_uses(frame))
        return known

    def _find_uses(self, frame: Frame) -> Iterator[_Use]:
        scope = self._index.scope(frame.gid)
        for event in scope.events:
            if event.kind not in _USES:
                continue
            node = scope.exprs[event.expr] if event.expr != NONE else None
            base, name, stores = NONE, "", event.kind == EventKind.STORE_ATTR
            if event.kind == EventKind.STORE_ATTR:
                base, name = event.expr, event.name
            elif event.kind == EventKind.ATTR and type(node) is Attr:
                base, name = node.base, node.name
            elif event.kind == EventKind.CALL and type(node) is Call and len(node.args) > 1:
                given = scope.exprs[node.args[1]]
                for value in self._inference.type(frame, node.func) if type(given) is Lit else ():
                    if type(given) is Lit and type(value) is ExternalV and value.name in _ACCESSORS:
                        base, name, stores = node.args[0], str(given.value), value.name == "builtins.setattr"
            if base != NONE and self._is_local(frame, base):
                yield _Use(event, name, ".".join(spelled(scope, base)), stores)

    def _is_local(self, frame: Frame, expr: int) -> bool:
        for value in self._inference.type(frame, expr):
            if type(value) is ExtInstanceV and value.name == _LOCAL:
                return True
            if type(value) is InstanceV and self._inference.classes.derives_from(value.gid, _LOCAL):
                return True
        return False

    @cached_property
    def _kept_per_thread(self) -> frozenset[str]:
        """Attributes that are made where a test finds none, or by the constructor of a subclass, which runs in each
        thread: one object for each thread, and the loop has one.
        """
        return frozenset(
            event.name
            for frame, event in self._stores
            if frame.scope.name == "__init__" or self._is_made_when_missing(frame, frame.scope, event)
        )

    @cached_property
    def _stores(self) -> list[tuple[Frame, Event]]:
        """The statements of the project that set an attribute of a thread-local object."""
        return [
            (frame, event)
            for gid in self._index.doing(EventKind.STORE_ATTR)
            for event in self._index.scope(gid).events
            if event.kind is EventKind.STORE_ATTR
            and self._is_local(frame := self._inference.plain_frame(gid), event.expr)
        ]

    def _taken_back(self, reached: set[int]) -> frozenset[str]:
        """The attributes that whoever sets them takes back at the end, before others run on the loop.

        What a manager sets while its block runs is seen by nobody else, either, where no block on the loop has it.
        """
        found: dict[str, bool] = {}
        for frame, event in self._stores:
            if frame.scope.kind == "function" and event.value != NONE and frame.scope.exprs[event.value] != Lit(None):
                takes_back = self._takes_back(frame, event.name, lends=frame.gid not in reached)
                found[event.name] = takes_back and found.get(event.name, True)
        return frozenset(name for name, is_taken_back in found.items() if is_taken_back)

    def _takes_back(self, frame: Frame, name: str, lends: bool = False) -> bool:
        """Whether a function sets an attribute again, or deletes it, at its end in any case, and nobody runs meanwhile.

        `lends` says that it may give way in between.
        """
        events = frame.scope.events
        stores = [n for n, e in enumerate(events) if e.kind == EventKind.STORE_ATTR and e.name == name]
        if not stores or not stands_in(frame.scope, events[stores[-1]].region, "finally"):
            return False
        return lends or not any(event.pauses for event in events[stores[0] : stores[-1]])

    def _is_made_when_missing(self, frame: Frame, scope: Scope, event: Event) -> bool:
        return stands_in(scope, event.region, "except") or any(
            self._mentions_local(frame, scope.exprs[part])
            for branch in branches(scope, event.region)
            for part in parts(scope, branch.expr)
        )

    def _mentions_local(self, frame: Frame, node: object) -> bool:
        if isinstance(node, Attr):
            return self._is_local(frame, node.base)
        return isinstance(node, Call) and bool(node.args) and self._is_local(frame, node.args[0])


def _is_emptied(scope: Scope, use: _Use) -> bool:
    """Whether a use sets an attribute to None, or deletes it."""
    is_statement = use.stores and use.event.kind == EventKind.STORE_ATTR
    return is_statement and (use.event.value == NONE or scope.exprs[use.event.value] == Lit(None))
