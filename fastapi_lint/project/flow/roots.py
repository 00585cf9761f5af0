"""From which frames does all that may run start?

From the entry points and the modules, and from coroutines of which it is not known who calls them.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.dead_calls import DeadCalls
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.flow.nodes import Node
from fastapi_lint.project.types.values import FunctionV

_MOST_MAKERS = 8
"""In so many ways may a function run that the functions it makes are told apart by them."""


def reached_nodes(graph: Graph, entries: Iterable[Frame]) -> list[Node]:
    """Every frame that may run on the loop or for a request, with all that it reaches.

    A coroutine runs for anybody only if nobody is known to call it: else it runs for what its callers pass. One that a
    function makes runs for what that function was given.
    """
    index = graph.index
    modules = (gid for gid in range(index.count) if index.scope(gid).kind == "module")
    roots = [*entries, *map(graph.inference.plain_frame, modules)]
    coroutines = [gid for gid in range(index.count) if index.scope(gid).is_async]
    made = {gid for gid in coroutines if index.scope(index.parent(gid)).kind == "function"}
    for is_last in (False, True):
        nodes = graph.reach(roots)
        reached = {node.frame.gid for node in nodes}
        rest = [gid for gid in coroutines if gid not in reached]
        plain = map(graph.inference.plain_frame, rest)
        called = set() if is_last else _called_by_others(graph.reach(list(plain)))
        roots += [graph.inference.plain_frame(gid) for gid in rest if gid not in called and gid not in made]
        makers = _by_function(graph.reach(roots))
        for gid in rest:
            if gid in made and gid not in called:
                roots += _made(graph, gid, makers.get(index.parent(gid), []))
    return _without_dead(graph, roots, set(coroutines))


def _without_dead(graph: Graph, roots: list[Frame], coroutines: set[int]) -> list[Node]:
    """All that roots reach, but for coroutines that are called only where nothing ever gets to."""
    nodes = graph.reach(roots)
    called = _called_by_others(nodes)
    alone = [frame.gid for frame in roots if frame.gid in coroutines and frame.gid not in called]
    dead = DeadCalls(graph, _by_function(nodes)).find(alone)
    return graph.reach([frame for frame in roots if frame.gid not in dead]) if dead else nodes


def _made(graph: Graph, gid: int, makers: list[Frame]) -> Iterable[Frame]:
    """A function inside another one, for each way in which that is known to run."""
    if not 0 < len(makers) <= _MOST_MAKERS:
        return [graph.inference.plain_frame(gid)]
    frames = (FunctionV(gid, maker.bound, maker.receiver) for maker in makers)
    return dict.fromkeys(map(graph.inference.binding.frame_of, frames))


def _by_function(nodes: Iterable[Node]) -> dict[int, list[Frame]]:
    found: dict[int, list[Frame]] = {}
    for node in nodes:
        found.setdefault(node.frame.gid, []).append(node.frame)
    return found


def _called_by_others(nodes: Iterable[Node]) -> set[int]:
    """The functions that some other function runs."""
    return {edge.callee.gid for node in nodes for edge in node.edges if edge.callee.gid != node.frame.gid}
