"""Has the constructor of an object made the very call that a method of it makes?

`with connection("registry", self.path)` in a method, and in the constructor, too: who has the object comes second.
"""

from __future__ import annotations

from fastapi_lint.facts import Attr, Bin, Call, Free, Lit, Seq, Sub, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import may_be_passed
from fastapi_lint.project.code.spelling import is_receiver, signature
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.project.types.values import InstanceV


class ConstructedCalls:
    """Answers by class and called function, for the calls that a constructor always makes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._index = graph.index
        self._classes = graph.inference.classes
        self._known: dict[tuple[int, int], tuple[tuple[Frame, Edge], ...]] = {}

    def has_made(self, caller: Frame, edge: Edge) -> bool:
        """Whether no object has a method that takes this edge before its constructor has taken the same."""
        owner = caller.receiver
        if not isinstance(owner, InstanceV) or caller.scope.name == "__init__" or not _has_event(caller, edge):
            return False
        key = (owner.gid, edge.callee.gid)
        if key not in self._known:
            self._known[key] = self._made(owner, edge.callee)
        event = caller.scope.events[edge.event]
        for init, other in self._known[key]:
            made = init.scope.events[other.event]
            if made.kind == event.kind and self._is_same(owner, init.gid, made.expr, caller.gid, event.expr):
                return True
        return False

    def _made(self, owner: InstanceV, callee: Frame) -> tuple[tuple[Frame, Edge], ...]:
        init = self._classes.find_method(owner.gid, "__init__")
        if init is None:
            return ()
        frame = self._index.frame(init.gid, InstanceV(owner.gid))
        return tuple(
            (frame, edge)
            for edge in self._graph.node(frame).edges
            if edge.callee.gid == callee.gid
            and edge.mode == "runs"
            and edge.certain
            and _has_event(frame, edge)
            and not may_be_passed(frame.scope, frame.scope.events[edge.event].region)
        )

    def _is_same(self, owner: InstanceV, gid: int, first: int, its_gid: int, second: int) -> bool:
        """Whether expressions of two methods are written alike, and of what cannot have changed in between."""
        scope, other_scope = self._index.scope(gid), self._index.scope(its_gid)
        one, other = scope.exprs[first], other_scope.exprs[second]
        if type(one) is not type(other):
            return False
        if isinstance(one, Attr) and isinstance(other, Attr) and is_receiver(scope, one.base):
            return one.name == other.name and is_receiver(other_scope, other.base) and self._is_kept(owner, one.name)
        if isinstance(one, (Attr, Bin, Call, Seq, Sub)):
            own, its = signature(one), signature(other)
            return (
                own[0] == its[0]
                and len(own[1]) == len(its[1])
                and all(self._is_same(owner, gid, a, its_gid, b) for a, b in zip(own[1], its[1], strict=True))
            )
        if isinstance(one, Var):
            return one == other and self._index.module(gid) is self._index.module(its_gid)
        return isinstance(one, (Free, Lit)) and one == other

    def _is_kept(self, owner: InstanceV, name: str) -> bool:
        """Whether only constructors store an attribute."""
        stored = self._classes.stored(owner.gid, name)
        names = {self._index.scope(site.gid).name for site in stored}
        return names == {"__init__"} and not self._index.attribute_stores(name)


def _has_event(frame: Frame, edge: Edge) -> bool:
    return 0 <= edge.event < len(frame.scope.events)
