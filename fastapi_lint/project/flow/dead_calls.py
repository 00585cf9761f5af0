"""Which coroutines does code call only in branches that it never takes?

`if _is_async: return self.handle_async(...)`, where nobody passes `_is_async=True`: nobody runs `handle_async`, though
somebody names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fastapi_lint.facts import NONE, Attr, EventKind, Import, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.name_uses import NameUse, called_by, name_uses
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.graph import Graph


class DeadCalls:
    """`running` are the frames in which each function is known to run."""

    def __init__(self, graph: Graph, running: Mapping[int, list[Frame]]) -> None:
        self._graph = graph
        self._inference = graph.inference
        self._index = graph.index
        self._running = running

    def find(self, coroutines: Iterable[int]) -> frozenset[int]:
        """Those of some coroutines that nothing else could run, as far as the code is known."""
        named = {gid: self._index.scope(gid).name for gid in coroutines if self._is_plain(gid)}
        uses = name_uses(self._index, frozenset(named.values()))
        found = {gid: name for gid, name in named.items() if self._are_dead(gid, uses[name])}
        spelled = self._spelled_out(frozenset(found.values()))
        return frozenset(gid for gid, name in found.items() if name not in spelled)

    def _is_plain(self, gid: int) -> bool:
        """Whether only its name leads to a function."""
        scope = self._index.scope(gid)
        owner = self._index.scope(self._index.parent(gid)).kind
        return owner in ("module", "class") and not scope.decorators and not scope.name.startswith("__")

    def _are_dead(self, gid: int, uses: list[NameUse]) -> bool:
        read = list(self._reads(gid, uses))
        return bool(read) and all(self._is_dead(use) for use in read)

    def _reads(self, gid: int, uses: list[NameUse]) -> Iterator[NameUse]:
        """Where a name may be that of a function; a method's may also belong to objects of other classes."""
        owner = self._index.class_of(gid)
        for use in uses:
            caller = self._inference.plain_frame(use.gid)
            node = caller.scope.exprs[use.expr]
            if isinstance(node, Attr) and owner != NONE:
                kinds = self._inference.type(caller, node.base)
                if self._inference.classes.are_others(kinds, owner):
                    continue
            if not isinstance(node, Import):
                yield use

    def _is_dead(self, use: NameUse) -> bool:
        region = _call_region(self._index.scope(use.gid), use)
        if region > 0 and self._is_for_nobody(use.gid, region):
            return True
        frames = self._frames(use.gid) if region > 0 else ()
        return bool(frames) and all(within(one.scope, region, dead_regions(self._inference, one)) for one in frames)

    def _is_for_nobody(self, gid: int, region: int) -> bool:
        """Whether a function takes a branch in no frame, whoever calls it: what is dead there asks nothing of callers.

        A method's object may be of a class below, of which more is known.
        """
        plain = self._inference.plain_frame(gid)
        return plain.receiver is None and within(plain.scope, region, dead_regions(self._inference, plain))

    def _frames(self, gid: int) -> list[Frame]:
        """In which frames a function runs; none where it may run in others, since one who may call it is not seen to.

        One that nothing is known to run may be called by others of that kind.
        """
        found = list(self._running.get(gid, ()))
        scope = self._index.scope(gid)
        if scope.kind != "function":
            return found
        for use in self._reads(gid, name_uses(self._index, frozenset({scope.name}))[scope.name]):
            called = self._called_at(use, gid)
            if not called:
                return []
            found += called
        return found

    def _called_at(self, use: NameUse, gid: int) -> list[Frame]:
        """The frames in which a place that names a function runs it."""
        call = called_by(self._index.scope(use.gid), use)
        if call is None:
            return []
        callers = self._running.get(use.gid) or [self._inference.plain_frame(use.gid)]
        edges = (edge for caller in callers for edge in self._graph.node(caller).edges)
        return [edge.callee for edge in edges if edge.callee.gid == gid and edge.place == call.place]

    def _spelled_out(self, names: frozenset[str]) -> set[str]:
        """Those that some text of the project is: `getattr(handler, "run")`, `__all__`."""
        if not names:
            return set()
        texts = (node.value for scope in self._index.scopes for node in scope.exprs if type(node) is Lit)
        return {text for text in texts if isinstance(text, str) and text in names}


def _call_region(scope: Scope, use: NameUse) -> int:
    """Where a name is called that stands at a place, or NONE if it is not called there."""
    if called_by(scope, use) is None:
        return NONE
    calls = (one.region for one in scope.events if one.kind == EventKind.CALL and one.expr == use.holder)
    return next(calls, NONE)
