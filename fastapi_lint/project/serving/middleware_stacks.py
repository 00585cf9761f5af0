"""Which middleware is a `BaseHTTPMiddleware`, and how many of those does one application have?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Seq
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.spelling import defined
from fastapi_lint.project.serving.entrypoints import EntryPoint
from fastapi_lint.project.serving.router_paths import Made, RouterPaths
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ClassV, ExternalV, InstanceV

_BASE = "starlette.middleware.base.BaseHTTPMiddleware"
_APPLICATIONS = ("FastAPI", "Starlette")
_ADDS = "add_middleware"
_CLASS = ("middleware_class", "cls")


class Middleware(msgspec.Struct, frozen=True):
    """A `BaseHTTPMiddleware`, by the place of its class, or of the call or decorator that makes a function one.

    `beside` is how many of them, itself included, the application has that has most.
    """

    gid: int
    place: int
    label: str
    beside: int = 1


class MiddlewareStacks:
    """Told apart by the expression that makes the application."""

    def __init__(self, index: Index, inference: Inference, entries: Iterable[EntryPoint]) -> None:
        self._index = index
        self._inference = inference
        self._paths = RouterPaths(index, inference)
        self._entries = [entry for entry in entries if entry.kind == "middleware"]

    def find(self, served: Iterable[int]) -> Iterator[Middleware]:
        """Those of classes that stand in scopes that are `served`, and those of functions."""
        found: dict[Middleware, set[Made | None]] = {}
        for gid in served:
            scope = self._index.scope(gid)
            if scope.kind == "class" and scope.bases and self._inference.classes.derives_from(gid, _BASE):
                registered = [entry for entry in self._entries if entry.target == ClassV(gid) and entry.gid != gid]
                applications = {self._application(entry) for entry in registered}
                found[Middleware(gid, scope.place, scope.name)] = applications | self._added_to.get(gid, set())
        for entry in self._entries:
            function = entry.decorated if entry.decorated != NONE else self._handed(entry)
            if function != NONE:
                found[Middleware(entry.gid, entry.place, self._index.name(function))] = {self._application(entry)}
        is_one = self._is_one_application()
        stacks: dict[Made | None, int] = {}
        for applications in found.values():
            for made in {None} if is_one and applications else applications:
                stacks[made] = stacks.get(made, 0) + 1
        for one, applications in found.items():
            beside = [stacks[None]] if is_one and applications else [stacks[made] for made in applications if made]
            yield msgspec.structs.replace(one, beside=max(beside, default=1))

    @cached_property
    def _added_to(self) -> dict[int, set[Made | None]]:
        """What each class is added to, by calls whose object is of an unknown type, too: `app` of a function."""
        found: dict[int, set[Made | None]] = {}
        for site in self._index.call_sites(_ADDS):
            frame = self._inference.plain_frame(site.gid)
            node = frame.scope.exprs[site.expr]
            func = frame.scope.exprs[node.func] if isinstance(node, Call) else None
            if not isinstance(node, Call) or not isinstance(func, Attr) or not node.args:
                continue
            for value in self._inference.type(frame, node.args[0]):
                if isinstance(value, ClassV):
                    found.setdefault(value.gid, set()).add(self._made(site.gid, func.base))
        return found

    def _handed(self, entry: EntryPoint) -> int:
        """The function that is handed to the library's own class: `add_middleware(BaseHTTPMiddleware, dispatch=f)`."""
        node, frame = self._call(entry), entry.frame
        if node is None or frame is None or isinstance(entry.target, ClassV):
            return NONE
        outer = self._inference.plain_frame(entry.gid)
        given = [*node.args[:1], *(value for name, value in node.keywords if name in _CLASS)]
        kinds = (value for expr in given for value in self._inference.type(outer, expr))
        return frame.gid if any(isinstance(value, ExternalV) and value.name == _BASE for value in kinds) else NONE

    def _is_one_application(self) -> bool:
        return sum(len(self._index.call_sites(name)) for name in _APPLICATIONS) <= 1

    def _call(self, entry: EntryPoint) -> Call | None:
        calls = (node for node in self._index.scope(entry.gid).exprs if isinstance(node, Call))
        return next((node for node in calls if node.place == entry.place), None)

    def _application(self, entry: EntryPoint) -> Made | None:
        """The expression that makes the application which a registration names, or the parameter that it is."""
        scope, node = self._index.scope(entry.gid), self._call(entry)
        func = scope.exprs[node.func] if node is not None else None
        if isinstance(func, Attr) and self._inference.is_application(self._inference.plain_frame(entry.gid), func.base):
            return self._made(entry.gid, func.base)
        for number, other in enumerate(scope.exprs):  # `FastAPI(middleware=[Middleware(Access)])`
            listed = dict(other.keywords).get("middleware", NONE) if isinstance(other, Call) else NONE
            items = scope.exprs[defined(scope, listed)] if listed != NONE else None
            if isinstance(items, Seq) and any(scope.exprs[item] is node for item in items.items):
                return entry.gid, number
        return None

    def _made(self, gid: int, expr: int) -> Made | None:
        node = self._index.scope(gid).exprs[expr]
        if isinstance(node, Attr):
            for owner in self._inference.type(self._inference.plain_frame(gid), node.base):
                sites = self._inference.classes.stored(owner.gid, node.name) if isinstance(owner, InstanceV) else ()
                if len(sites) == 1:
                    return self._paths.made(sites[0].gid, sites[0].expr)
        return self._paths.made(gid, expr)
