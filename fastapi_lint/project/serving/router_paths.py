"""Which path stands before the path of a route? The prefixes of its router and of the routers that include it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi_lint.facts import NONE, Bin, Call, Declared, Expr, Iter, Lit, Map, Param, Seq
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.file_roles import file_role
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index, Site
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import FunctionV

Made = tuple[int, int]
"""The expression that makes a router or an application: its scope and its number there."""

_INCLUDES = "include_router"
_MOUNTS = "mount"
_MOST_HOPS = 3
_MOST_CALLS = 20


class RouterPaths:
    """Prefixes as far as they are constants.

    Of several inclusions the first one counts whose prefix is known. Those that stand in tests serve nobody, unless the
    router is a test's own.
    """

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._including: dict[Made, list[tuple[Made | None, str | None]]] | None = None

    def prefix(self, gid: int, expr: int) -> str:
        """What stands before the paths of the router that an expression names."""
        router = self._router(gid, expr)
        return self._whole(router, ()) if router is not None else ""

    def shown(self, gid: int, expr: int) -> str:
        """A path as messages show it: dots stand for what is not constant."""
        text = self._text(gid, expr)
        if text is not None:
            return text
        owner, node = self._meant(gid, expr)
        if not isinstance(node, Bin) or node.op != "%":
            return "..."
        start = self._index.scope(owner).exprs[node.left]  # of an f-string
        return (
            start.value.partition("%")[0] if isinstance(start, Lit) and isinstance(start.value, str) else ""
        ) + "..."

    def made(self, gid: int, expr: int) -> Made | None:
        """The expression that makes the router or the application that an expression names, if there is one."""
        return self._router(gid, expr)

    def _whole(self, router: Made, below: tuple[Made, ...]) -> str:
        own = self._own(router)
        if own is None or router in below:
            return ""
        known = ((outer, added) for outer, added in self._includes().get(router, ()) if added is not None)
        outer, added = next(known, (None, ""))  # what stands before something unknown would be in the wrong place
        return (self._whole(outer, (*below, router)) if outer is not None else "") + (added or "") + own

    def _own(self, router: Made) -> str | None:
        """The prefix that the router was made with; None where that is not known."""
        made = self._index.scope(router[0]).exprs[router[1]]
        return self._constant(router[0], made, "prefix") if isinstance(made, Call) else ""

    def _includes(self) -> dict[Made, list[tuple[Made | None, str | None]]]:
        if self._including is None:
            self._including = {}
            for site in (*self._index.call_sites(_INCLUDES), *self._index.call_sites(_MOUNTS)):
                for router, outer, added in self._including_at(site):
                    if self._is_beside(site.gid) <= self._is_beside(router[0]):
                        self._including.setdefault(router, []).append((outer, added))
        return self._including

    def _is_beside(self, gid: int) -> bool:
        """Whether a scope stands in a file that only ever runs beside the application: a test."""
        return file_role(self._index.module(gid).path) is not None

    def _including_at(self, site: Site) -> Iterator[tuple[Made, Made | None, str | None]]:
        """The routers that a call includes, each with what includes it and the prefix that it is given."""
        exprs = self._index.scope(site.gid).exprs
        node = exprs[site.expr]
        if not isinstance(node, Call):
            return
        base = getattr(exprs[node.func], "base", NONE)
        outer = self._router(site.gid, base) if base != NONE else None
        is_mount = self._index.spelled(site.gid, node.func) == _MOUNTS
        for router, added in self._mounted(site.gid, node) if is_mount else self._included(site.gid, node):
            yield from ((inner, around, added) for inner, around in self._passed(router, outer))

    def _passed(self, router: Made, outer: Made | None, hops: int = 0) -> Iterator[tuple[Made, Made | None]]:
        """What callers pass for parameters: `include_orders(router_v1)`; else the routers themselves.

        A function that includes one of its parameters in another one gets both from the same call.
        """
        takers = {one[0] for one in (router, outer) if one is not None and self._parameter(*one) is not None}
        found = False
        for gid in takers if len(takers) == 1 and hops < _MOST_HOPS else ():
            for site in self._calls_of(gid):
                inner = self._given(site, router) if router[0] == gid else router
                around = self._given(site, outer) if outer is not None and outer[0] == gid else outer
                if inner is not None and (around is not None) == (outer is not None):
                    found = True
                    yield from self._passed(inner, around, hops + 1)
        if not found:
            yield router, outer

    def _parameter(self, gid: int, expr: int) -> Param | None:
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        return node if isinstance(node, Param) and scope.kind == "function" else None

    def _calls_of(self, gid: int) -> Iterator[Site]:
        for site in self._index.call_sites(self._index.scope(gid).name)[:_MOST_CALLS]:
            caller = self._inference.plain_frame(site.gid)
            call = caller.scope.exprs[site.expr]
            if isinstance(call, Call) and self._inference.type(caller, call.func) == (FunctionV(gid),):
                yield site

    def _given(self, site: Site, router: Made) -> Made | None:
        """What a call of a function gives for a parameter of it; what is none of them stays what it is."""
        node, scope = self._parameter(*router), self._index.scope(site.gid)
        call = scope.exprs[site.expr]
        if node is None or not isinstance(call, Call):
            return router
        parameter = self._index.scope(router[0]).params[node.index]
        given = argument_at(scope, call, node.index, parameter.name, parameter.kind)
        return self._router(site.gid, given) if given != NONE else None

    def _mounted(self, gid: int, node: Call) -> Iterator[tuple[Made, str | None]]:
        """The application that a call mounts: `app.mount("/api", api)`, where a slash at the end says nothing.

        See `starlette.routing.Mount`: what is mounted at "/" or at "/api/" has the paths of "" and "/api".
        """
        path, given = (
            argument_at(self._index.scope(gid), node, number, name) for number, name in enumerate(("path", "app"))
        )
        router = self._router(gid, given) if NONE not in (path, given) else None
        text = self._text(gid, path) if router is not None else None
        if router is not None:
            yield router, text.rstrip("/") if text is not None else None

    def _included(self, gid: int, node: Call) -> Iterator[tuple[Made, str | None]]:
        """The routers that a call includes, each with the prefix that it is given."""
        given = node.args[0] if node.args else next((value for key, value in node.keywords if key == "router"), NONE)
        if given != NONE:
            for router in self._each(gid, given):
                yield router, self._constant(gid, node, "prefix")
        spread = next((value for key, value in node.keywords if key == "**"), NONE)
        if given == NONE and spread != NONE:
            yield from self._spread(gid, spread)

    def _each(self, gid: int, expr: int) -> Iterator[Made]:
        """The router that an expression names; each one of a list, if it is the target of a loop over a list."""
        found = self._router(gid, expr)
        listed = self._looped(*found) if found is not None else None
        if listed is None:
            yield from [found] if found is not None else []
            return
        owner, node = listed
        for item in node.items if isinstance(node, Seq) else ():
            router = self._router(owner, item)
            if router is not None:
                yield router

    def _looped(self, gid: int, expr: int) -> tuple[int, Expr] | None:
        """What a loop goes through whose target an expression is, and the scope in which that is written."""
        node = self._index.scope(gid).exprs[expr]
        if not isinstance(node, Iter):
            return None
        shown = self._index.scope(gid).exprs[node.value]
        found = (gid, node.value) if isinstance(shown, Seq) else self._router(gid, node.value)
        return (found[0], self._index.scope(found[0]).exprs[found[1]]) if found is not None else (gid, node)

    def _spread(self, gid: int, expr: int) -> Iterator[tuple[Made, str | None]]:
        """`for entry in entries: app.include_router(**entry)`: what the displays in a list of the module say."""
        found = self._router(gid, expr)
        if found is None:
            return
        owner, node = self._looped(*found) or (found[0], self._index.scope(found[0]).exprs[found[1]])
        if not isinstance(node, (Seq, Map)):
            return
        exprs = self._index.scope(owner).exprs
        for entry in (exprs[item] for item in node.items) if isinstance(node, Seq) else [node]:
            if isinstance(entry, Map):
                items = {key.value: value for key, value in _items(exprs, entry) if isinstance(key, Lit)}
                router = self._router(owner, items["router"]) if "router" in items else None
                if router is not None:
                    missing = "" if len(items) == len(entry.keys) else None
                    yield router, self._text(owner, items["prefix"]) if "prefix" in items else missing

    def _router(self, gid: int, expr: int, hops: int = 0) -> Made | None:
        frame = self._inference.plain_frame(gid)
        found = self._inference.annotations.definition(frame, expr)
        if found is None and not isinstance(frame.scope.exprs[expr], Call):
            return None
        made = self._made(*(found if found is not None else (frame, expr)))
        given = self._returned(*made) if hops < _MOST_HOPS else None
        return made if given is None else self._router(*given, hops + 1)

    def _returned(self, gid: int, expr: int) -> Made | None:
        """What a function of the project gives that makes a router and returns it: `get_router()`."""
        node = self._index.scope(gid).exprs[expr]
        called = self._inference.type(self._inference.plain_frame(gid), node.func) if isinstance(node, Call) else ()
        if len(called) != 1 or not isinstance(called[0], FunctionV):
            return None
        returned = self._inference.names.returns(called[0].gid)
        return (called[0].gid, returned[0]) if len(returned) == 1 else None

    def _made(self, frame: Frame, expr: int) -> Made:
        node = self._index.scope(frame.gid).exprs[expr]
        return frame.gid, node.value if isinstance(node, Declared) and node.value != NONE else expr

    def _constant(self, gid: int, call: Call, keyword: str) -> str | None:
        """The string that a call is given; empty if it is given none, None if it is not known."""
        value = next((given for key, given in call.keywords if key == keyword), NONE)
        if value == NONE:
            return None if any(key == "**" for key, _ in call.keywords) else ""
        return self._text(gid, value)

    def _text(self, gid: int, expr: int, hops: int = 0) -> str | None:
        """The string that an expression is, or that an f-string makes of constants."""
        owner, node = self._meant(gid, expr)
        if isinstance(node, Lit):
            return node.value if isinstance(node.value, str) else None
        exprs = self._index.scope(owner).exprs
        parts = exprs[node.right] if isinstance(node, Bin) and node.op == "%" and hops < _MOST_HOPS else None
        pattern = exprs[node.left] if isinstance(node, Bin) else None
        if not isinstance(parts, Seq) or not isinstance(pattern, Lit) or not isinstance(pattern.value, str):
            return None
        texts = [self._text(owner, item, hops + 1) for item in parts.items]
        wanted = pattern.value.replace("%%", "")
        if None in texts or not wanted.count("%") == wanted.count("%s") == len(texts):
            return None
        return pattern.value % tuple(texts)

    def _meant(self, gid: int, expr: int) -> tuple[int, Expr]:
        """What an expression stands for, through names, and the scope in which that is written."""
        node = self._index.scope(gid).exprs[expr]
        found = None if isinstance(node, (Lit, Bin)) else self._router(gid, expr)
        return (gid, node) if found is None else (found[0], self._index.scope(found[0]).exprs[found[1]])


def _items(exprs: Sequence[Expr], entry: Map) -> Iterator[tuple[Expr | None, int]]:
    for key, value in zip(entry.keys, entry.values, strict=True):
        yield exprs[key] if key != NONE else None, value
