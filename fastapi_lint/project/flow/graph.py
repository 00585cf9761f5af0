"""The call graph, built on demand, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.flow.frame_walk import FrameWalk
from fastapi_lint.project.flow.nodes import Node
from fastapi_lint.project.types.inference import Inference


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
            node = self._nodes[frame] = FrameWalk(self.inference, frame, self.is_property).run()
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
