"""How long does an object live: for one request, or for all of them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from fastapi_lint.facts import Call, EventKind
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.first_use import Lifetime
from fastapi_lint.project.serving.injection import Injection
from fastapi_lint.project.types.values import ClassV, InstanceV, Type

_EACH_TIME: Lifetime = ""


class Lifetimes:
    """Answers for a set of frames that run for each request."""

    def __init__(self, graph: Graph, per_request: Iterable[Frame]) -> None:
        self._graph = graph
        self._per_request = tuple(per_request)
        self._kept: dict[Frame, bool] = {}
        self._calls: dict[Frame, tuple[tuple[Type, Lifetime], ...]] = {}

    def of_others(self, per_request: Iterable[Frame]) -> Lifetimes:
        """Answers for other frames: which classes each of them calls was found already."""
        others = Lifetimes(self._graph, per_request)
        others._calls = self._calls
        return others

    def lasts(self, frame: Frame, lifetime: Lifetime) -> bool:
        """Whether what a function fills when it finds it empty is still there for the next request."""
        if lifetime != "object":
            return lifetime == "process"
        return not self.is_made_anew(frame)

    def may_last(self, frame: Frame, lifetime: Lifetime) -> bool:
        """The same in doubt: a class without a constructor may have a configured object beside those of requests."""
        return self.lasts(frame, lifetime) or (lifetime == "object" and self._is_of_plain_class(frame))

    def is_kept(self, frame: Frame) -> bool:
        """Whether a frame is a cached property of an object that lasts: it runs once for all requests."""
        if not frame.scope.decorators:
            return False
        known = self._kept.get(frame)
        if known is None:
            is_cached = self._graph.inference.decorators.is_cached_property(frame.gid)
            known = self._kept[frame] = is_cached and not self.is_made_anew(frame)
        return known

    def is_made_anew(self, frame: Frame) -> bool:
        """Whether request handling constructs the receiver's class: what the object keeps is gone with it.

        A class with a `__new__` of its own decides how often there is a new one.
        """
        if not isinstance(frame.receiver, InstanceV) or self.is_singleton(frame.receiver.gid):
            return False
        if self._graph.inference.classes.find_method(frame.receiver.gid, "__new__") is not None:
            return False
        made = self._made_without_init if self._is_of_plain_class(frame) else self._initialised
        return frame.receiver.gid in made

    @property
    def made(self) -> frozenset[int]:
        """The classes that request handling constructs."""
        return self._initialised | self._made_without_init

    def is_singleton(self, gid: int) -> bool:
        """Whether a metaclass of the project decides what calling the class gives: the usual singleton."""
        classes = self._graph.inference.classes
        for entry in classes.mro(gid):
            if isinstance(entry, int) and any(
                isinstance(value, ClassV) and classes.find_method(value.gid, "__call__") is not None
                for value in self._metaclass(entry)
            ):
                return True
        return False

    def is_init_of_singleton(self, frame: Frame) -> bool:
        """Whether a frame constructs what is made once in any case."""
        is_init = self._graph.index.scope(frame.gid).name == "__init__"
        return is_init and isinstance(frame.receiver, InstanceV) and self.is_singleton(frame.receiver.gid)

    def _is_of_plain_class(self, frame: Frame) -> bool:
        """Whether the receiver's class has no constructor: a model, a dataclass."""
        owner, classes = frame.receiver, self._graph.inference.classes
        return isinstance(owner, InstanceV) and classes.find_method(owner.gid, "__init__") is None

    @cached_property
    def _initialised(self) -> frozenset[int]:
        """The classes whose constructor runs for a request."""
        index = self._graph.index
        receivers = [f.receiver for f in self._per_request if index.scope(f.gid).name == "__init__"]
        return frozenset(receiver.gid for receiver in receivers if isinstance(receiver, InstanceV))

    @cached_property
    def _made_without_init(self) -> frozenset[int]:
        """The classes that request handling calls or has injected, of which no constructor could tell.

        What an object makes once and keeps is made anew where the object is.
        """
        found: set[int] = set()
        kept: list[tuple[int, Type]] = []
        for frame in self._per_request:
            for kind, lifetime in self._constructed(frame):
                owner = frame.receiver
                if lifetime == "object" and isinstance(owner, InstanceV):
                    kept.append((owner.gid, kind))
                elif lifetime != "process":
                    found.update(value.gid for value in kind if isinstance(value, ClassV))
        for _ in kept:
            made = {
                v.gid for owner, kind in kept for v in kind if isinstance(v, ClassV) and self._is_among(owner, found)
            }
            if made <= found:
                break
            found |= made
        return frozenset(found)

    def _is_among(self, owner: int, made: set[int]) -> bool:
        """Whether requests construct a class; `made` are the known ones of those without a constructor."""
        return owner in (
            made if self._graph.inference.classes.find_method(owner, "__init__") is None else self._initialised
        )

    def _constructed(self, frame: Frame) -> tuple[tuple[Type, Lifetime], ...]:
        """The classes that a frame calls or has injected, and how long it keeps what it makes."""
        known = self._calls.get(frame)
        if known is None:
            injected = ((kind, _EACH_TIME) for kind in self._injected(frame))
            known = self._calls[frame] = (*self._called(frame), *injected)
        return known

    def _called(self, frame: Frame) -> Iterator[tuple[Type, Lifetime]]:
        """The classes that a frame calls, and how long it keeps what it makes behind a test for that."""
        scope, inference = frame.scope, self._graph.inference
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            kind = inference.type(frame, node.func) if type(node) is Call else ()
            if _names_class(kind):
                yield kind, inference.first_use.of(frame, event.region)

    def _injected(self, frame: Frame) -> Iterator[Type]:
        inference = self._graph.inference
        injection, outer = Injection(inference), inference.binding.outer(frame)
        for parameter in frame.scope.params:
            for expr in (parameter.default, parameter.annotation):
                yield from (kind for kind, _ in injection.dependencies(outer, expr, parameter.annotation))

    def _metaclass(self, gid: int) -> Type:
        inference = self._graph.inference
        outer = inference.plain_frame(self._graph.index.parent(gid))
        keywords = dict(self._graph.index.scope(gid).keywords)
        return inference.type(outer, keywords["metaclass"]) if "metaclass" in keywords else ()


def _names_class(kind: Type) -> bool:
    return any(type(value) is ClassV for value in kind)
