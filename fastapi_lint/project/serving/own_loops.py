"""Which frames run only on loops that the project starts for them, beside the one that serves?

`asyncio.run_coroutine_threadsafe(job(), self._loop)` stands in a scheduler that has made `self._loop` and has a thread
run it; `asyncio.run(work())` in a function that requests have a thread run. What blocks there keeps no request waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.nodes import Edge, Node


def frames_on_own_loops(nodes: Iterable[Node], entries: Iterable[Frame]) -> frozenset[Frame]:
    """The frames that nobody is known to run on another loop."""
    table = {node.frame: node for node in nodes}
    called = {edge.callee for node in table.values() for edge in node.edges}
    roots = [*entries, *(frame for frame in table if frame not in called)]
    starts = [edge.callee for node in table.values() for edge in node.edges if edge.mode == "new-loop"]
    apart = {frame for frame in dict.fromkeys(starts) if not _serves(table, frame)}
    if not apart:
        return frozenset()
    beside = _reached(table, roots, lambda edge: edge.mode == "new-loop" and edge.callee in apart)
    return frozenset(_reached(table, roots, lambda _: False) - beside)


def _serves(table: dict[Frame, Node], start: Frame) -> bool:
    """Whether the loop that is started for a coroutine serves requests: `asyncio.run(main())` for a server's."""
    reached = _reached(table, [start], lambda _: False)
    return any(call.spec.serves for frame in reached if frame in table for call in table[frame].calls)


def _reached(table: dict[Frame, Node], roots: Iterable[Frame], is_left_out: Callable[[Edge], bool]) -> set[Frame]:
    todo = list(dict.fromkeys(roots))
    reached = set(todo)
    while todo:
        node = table.get(todo.pop())
        for edge in node.edges if node is not None else ():
            if edge.callee not in reached and not is_left_out(edge):
                reached.add(edge.callee)
                todo.append(edge.callee)
    return reached
