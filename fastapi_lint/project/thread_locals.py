"""Which `threading.local` objects does code on the event loop use? All requests on the loop share one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Lit, Scope
from fastapi_lint.project.caches import parts
from fastapi_lint.project.graph import Graph
from fastapi_lint.project.index import Frame
from fastapi_lint.project.regions import branches, stands_in
from fastapi_lint.project.values import ExternalV, ExtInstanceV, InstanceV

_LOCAL = "threading.local"
_READERS = frozenset({"builtins.getattr", "builtins.setattr"})


class LocalUse(msgspec.Struct, frozen=True):
    """Code of scope `gid` uses attribute `name` of a thread-local object, on the loop."""

    gid: int
    place: int
    name: str


class ThreadLocals:
    """Uses in coroutines, and in the functions that they run on the loop's thread."""

    def __init__(self, graph: Graph, loop_frames: Iterable[Frame]) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._loop_frames = loop_frames

    def find(self) -> Iterator[LocalUse]:
        """Each place once."""
        seen: set[tuple[int, int]] = set()
        for frame in self._on_loop():
            for event, name in self._uses(frame):
                key = (frame.gid, event.place)
                if event.place != NONE and key not in seen and name not in self._kept_per_thread:
                    seen.add(key)
                    yield LocalUse(frame.gid, event.place, name)

    def _on_loop(self) -> Iterator[Frame]:
        """Breadth first along what runs there and then, on the caller's thread."""
        seen = dict.fromkeys(self._loop_frames)
        todo = deque(seen)
        while todo:
            frame = todo.popleft()
            yield frame
            for edge in self._graph.node(frame).edges:
                if edge.mode in ("runs", "once") and not edge.off_loop and edge.callee not in seen:
                    seen[edge.callee] = None
                    todo.append(edge.callee)

    def _uses(self, frame: Frame) -> Iterator[tuple[Event, str]]:
        scope = self._index.scope(frame.gid)
        for event in scope.events:
            node = scope.exprs[event.expr] if event.expr != NONE else None
            if event.kind == EventKind.STORE_ATTR and self._is_local(frame, event.expr):
                yield event, event.name
            elif event.kind == EventKind.ATTR and isinstance(node, Attr) and self._is_local(frame, node.base):
                yield event, node.name
            elif event.kind == EventKind.CALL and isinstance(node, Call) and len(node.args) > 1:
                name = scope.exprs[node.args[1]]
                called = self._inference.type(frame, node.func)
                if isinstance(name, Lit) and any(isinstance(v, ExternalV) and v.name in _READERS for v in called):
                    if self._is_local(frame, node.args[0]):
                        yield event, str(name.value)

    def _is_local(self, frame: Frame, expr: int) -> bool:
        for value in self._inference.type(frame, expr):
            if isinstance(value, ExtInstanceV) and value.name == _LOCAL:
                return True
            if isinstance(value, InstanceV) and self._inference.classes.derives_from(value.gid, _LOCAL):
                return True
        return False

    @cached_property
    def _kept_per_thread(self) -> frozenset[str]:
        """Attributes that are made where a test finds none, or by the constructor of a subclass, which runs in each
        thread: one object for each thread, and the loop has one.
        """
        found: set[str] = set()
        for gid in range(self._index.count):
            scope = self._index.scope(gid)
            for event in scope.events:
                if event.kind != EventKind.STORE_ATTR:
                    continue
                frame = self._inference.plain_frame(gid)
                if not self._is_local(frame, event.expr):
                    continue
                if scope.name == "__init__" or self._is_made_when_missing(frame, scope, event):
                    found.add(event.name)
        return frozenset(found)

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
