"""Which model classes do functions define each time they run for a request?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Cls
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.resources.captured import captured
from fastapi_lint.project.serving.contexts import Arrival
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.serving.request_data import RequestData


class LocalModel(msgspec.Struct, frozen=True):
    """A class below `pydantic.BaseModel` that a function defines each time it runs; `gid` is the class.

    `uses` are the values of the function that the class takes: no module level has them. `from_request` says that
    one of them is data of the request.
    """

    frame: Frame
    gid: int
    way: tuple[Arrival, ...]
    entries: tuple[EntryPoint, ...]
    uses: tuple[str, ...]
    from_request: bool


class LocalModels:
    """Answers for what `reach` says that requests reach."""

    def __init__(self, graph: Graph, reach: Reach, request_data: RequestData) -> None:
        self._graph = graph
        self._reach = reach
        self._request_data = request_data

    def find(self) -> Iterator[LocalModel]:
        """Each such class once."""
        seen: set[int] = set()
        read: set[int] = set()
        for frame in self._reach.frames:
            scope = self._graph.index.scope(frame.gid)
            if scope.kind != "function" or frame.gid in read:
                continue
            read.add(frame.gid)
            for node in scope.exprs:
                gid = self._graph.index.local(frame.gid, node.scope) if type(node) is Cls else NONE
                if gid != NONE and gid not in seen and self._is_model(gid):
                    seen.add(gid)
                    yield self._local_model(frame, gid)

    def _local_model(self, frame: Frame, gid: int) -> LocalModel:
        used = captured(self._graph.index, frame.gid, gid)
        return LocalModel(
            frame=frame,
            gid=gid,
            way=self._reach.way(frame),
            entries=tuple(self._reach.entries(frame)),
            uses=tuple(used),
            from_request=any(
                self._request_data.is_from_request(frame.gid, value) for values in used.values() for value in values
            ),
        )

    def _is_model(self, gid: int) -> bool:
        return self._graph.inference.classes.derives_from(gid, "pydantic.BaseModel")
