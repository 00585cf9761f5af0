"""Where does a program start its server, and what has it come by until then?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.types.values import ExtInstanceV, FunctionV, LiteralV, MethodV

_MOST_HOPS = 5
_IN_CHILDREN = ("workers", "reload", "**")


class Prefix(msgspec.Struct, frozen=True):
    """What a function does before its event `event`, which leads to the start of the server."""

    frame: Frame
    event: int


class ServerStarts:
    """Found among the calls that the catalogue knows to serve.

    Under `if __name__ == "__main__"` stands how a module is tried out: in production another program imports it.
    """

    def __init__(self, graph: Graph, is_served: Callable[[int], bool]) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._is_served = is_served

    @cached_property
    def prefixes(self) -> tuple[Prefix, ...]:
        """The functions that start the server, and those that call them, up to that call."""
        found: dict[int, Prefix] = {}
        todo = list(self._servers())
        for _ in range(_MOST_HOPS):
            new = [prefix for prefix in todo if prefix.frame.gid not in found]
            found.update((prefix.frame.gid, prefix) for prefix in new)
            todo = [caller for prefix in new for caller in self._callers(prefix.frame.gid)]
        return tuple(found.values())

    @cached_property
    def serving_objects(self) -> frozenset[int]:
        """The functions that serve an application object themselves, or only make one for those: no other process ever
        has it.
        """
        served = {
            (frame.gid, app): frame
            for frame, _, node in self._calls()
            for app in self._served(frame, node)
            if self._inference.is_application(frame, app)
        }
        serving = frozenset(gid for gid, _ in served)
        makers = (self._maker(frame, app) for (_, app), frame in served.items())
        return serving | {gid for gid in makers if gid != NONE and self._is_called_by(gid, serving)}

    @property
    def serves_in_process(self) -> bool:
        """Whether any function starts a server."""
        return next(self._calls(), None) is not None

    def _served(self, frame: Frame, node: Call) -> Iterator[int]:
        """What a call may serve: its first argument, or that of the configuration of the server that it runs."""
        yield from node.args[:1]
        func = frame.scope.exprs[node.func]
        server = self._made(frame, func.base) if isinstance(func, Attr) else None
        config = self._made(frame, _first_argument(server, "config")) if server is not None else None
        app = _first_argument(config, "app") if config is not None else NONE
        if app != NONE:
            yield app

    def _made(self, frame: Frame, expr: int) -> Call | None:
        """The call of the same function that made an object."""
        found = self._inference.annotations.definition(frame, expr) if expr != NONE else None
        if found is not None and found[0] is not frame:
            return None
        node = frame.scope.exprs[found[1] if found is not None else expr] if expr != NONE else None
        return node if isinstance(node, Call) else None

    def _maker(self, frame: Frame, app: int) -> int:
        """The function that makes an application for the one which serves it, or NONE."""
        made = self._made(frame, app)
        called = self._inference.type(frame, made.func) if made is not None else ()
        only = called[0] if len(called) == 1 else None
        return only.gid if isinstance(only, FunctionV) else NONE

    def _is_called_by(self, gid: int, serving: frozenset[int]) -> bool:
        """Whether all calls that may mean a function stand in one of these."""
        for site in self._index.call_sites(self._index.scope(gid).name):
            node = self._index.scope(site.gid).exprs[site.expr]
            frame = self._inference.plain_frame(site.gid)
            called = self._inference.type(frame, node.func) if isinstance(node, Call) else ()
            may_be = not called or any(isinstance(one, FunctionV) and one.gid == gid for one in called)
            if may_be and site.gid not in serving:
                return False
        return True

    def _servers(self) -> Iterator[Prefix]:
        for frame, expr, node in self._calls():
            if not self._is_in_child(frame, node):
                yield from self._prefix(frame, expr)

    def _calls(self) -> Iterator[tuple[Frame, int, Call]]:
        """Every call in a function that serves."""
        for name in sorted(self._names):
            for site in self._index.call_sites(name):
                node = self._index.scope(site.gid).exprs[site.expr]
                if not isinstance(node, Call) or not self._may_serve(site.gid):
                    continue
                frame = self._inference.plain_frame(site.gid)
                specs = [self._inference.libraries.call_spec(one)[0] for one in self._inference.type(frame, node.func)]
                if any(spec is not None and spec.serves for spec in specs):
                    yield frame, site.expr, node

    @cached_property
    def _names(self) -> frozenset[str]:
        libraries = self._inference.libraries.catalogue.libraries
        specs = [spec for one in libraries for spec in one.function]
        specs += [spec for one in libraries for kind in one.type for spec in kind.call]
        return frozenset(name.rpartition(".")[2] for spec in specs if spec.serves for name in spec.names)

    def _may_serve(self, gid: int) -> bool:
        return self._index.scope(gid).kind == "function" and self._is_served(gid)

    def _is_in_child(self, frame: Frame, node: Call) -> bool:
        """Whether the server's own processes import the application again: what was done here is not done there."""
        scope = self._index.scope(frame.gid)
        given = [value for name, value in node.keywords if name in _IN_CHILDREN]
        if not node.args or not self._is_name(frame, node.args[0]):  # only an application by its name
            return False
        return any(scope.exprs[value] not in (Lit(None), Lit(False), Lit(1)) for value in given)

    def _is_name(self, frame: Frame, expr: int) -> bool:
        return any(
            isinstance(value, LiteralV) or (isinstance(value, ExtInstanceV) and value.name == "builtins.str")
            for value in self._inference.type(frame, expr)
        )

    def _callers(self, gid: int) -> Iterator[Prefix]:
        for site in self._index.call_sites(self._index.scope(gid).name):
            node = self._index.scope(site.gid).exprs[site.expr]
            if not isinstance(node, Call) or not self._may_serve(site.gid):
                continue
            frame = self._inference.plain_frame(site.gid)
            for value in self._inference.type(frame, node.func):
                function = value.function if isinstance(value, MethodV) else value
                if isinstance(function, FunctionV) and function.gid == gid:
                    yield from self._prefix(frame, site.expr)

    def _prefix(self, frame: Frame, expr: int) -> Iterator[Prefix]:
        number = _event(self._index.scope(frame.gid), expr)
        if number != NONE:
            yield Prefix(frame, number)


def _event(scope: Scope, expr: int) -> int:
    """The event of a call, or NONE."""
    events = enumerate(scope.events)
    return next((n for n, event in events if event.kind == EventKind.CALL and event.expr == expr), NONE)


def _first_argument(node: Call, name: str) -> int:
    """What a call gives for its first parameter, by position or by this name; NONE for nothing."""
    return node.args[0] if node.args else dict(node.keywords).get(name, NONE)
