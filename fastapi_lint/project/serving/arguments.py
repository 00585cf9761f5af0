"""Which expressions reach a parameter, and which a local container?

Calls with `*` and `**`, and functions that are handed on with their arguments (`to_thread(probe, url)`), count, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Call, Declared, EventKind, Lit, Map, Scope, Star, Use
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.types.values import ClassV, FunctionV, MethodV, PartialV, Value, WrappedV

_MOST_SITES = 24
_FILLERS = frozenset({"add", "append", "extend", "insert", "setdefault", "update"})


class HandedOn:
    """Which functions are handed to calls, and under which names what decorators make of them is called."""

    def __init__(self, graph: Graph) -> None:
        self._index = graph.index
        self._inference = graph.inference

    @cached_property
    def handed(self) -> dict[str, list[tuple[Site, int]]]:
        """The calls that have a function among their arguments, by its name, with its position."""
        names = {scope.name for scope in self._index.scopes if scope.kind == "function"}
        found: dict[str, list[tuple[Site, int]]] = {}
        for gid, scope in enumerate(self._index.scopes):
            for number, node in enumerate(scope.exprs):
                if type(node) is Call and node.args:
                    for position, value in enumerate(node.args[:2]):
                        name = self._index.spelled(gid, value)
                        if name in names:
                            found.setdefault(name, []).append((Site(gid, number), position))
        return found

    @cached_property
    def wrapped_names(self) -> dict[int, list[str]]:
        """The names under which the project calls what its own decorators return."""
        found: dict[int, list[str]] = {}
        for gid in range(self._index.count):
            scope = self._index.scope(gid)
            if scope.kind != "function" or not scope.decorators:
                continue
            outer = self._inference.plain_frame(self._index.parent(gid))
            for value in self._inference.decorators.applied(outer, FunctionV(gid)):
                if isinstance(value, FunctionV) and value.gid != gid:
                    found.setdefault(value.gid, []).append(scope.name)
        return found


class ArgumentFlow:
    """What the project's calls pass; answers by scope, kept."""

    def __init__(
        self, graph: Graph, handed_on: HandedOn | None = None, is_left_out: Callable[[int, int], bool] | None = None
    ) -> None:
        """`is_left_out` says which calls (scope, expression) do not count."""
        self.handed_on = handed_on or HandedOn(graph)
        self._index = graph.index
        self._inference = graph.inference
        self._is_left_out = is_left_out or (lambda _gid, _call: False)
        self._put_in: dict[int, dict[int, list[int]]] = {}

    def given(self, gid: int, number: int) -> list[tuple[int, int]]:
        """What the project's calls of a function pass for a parameter: (scope of the call, expression)."""
        owner = self._index.class_of(gid)
        skip = int(owner != NONE and self._inference.decorators.method_kind(gid) != "static")
        made = self._made_by(gid, owner)
        names = [self._index.scope(one).name for one in made or (gid,)]
        names += self.handed_on.wrapped_names.get(gid, ())
        sites = [site for called in names for site in self._index.call_sites(called)][:_MOST_SITES]
        found: list[tuple[int, int]] = []
        for site in (*sites, *self._through_super(made)):
            node = self._index.scope(site.gid).exprs[site.expr]
            if not isinstance(node, Call) or self._is_left_out(site.gid, site.expr):
                continue
            if self._calls(site.gid, node.func, gid, made):
                found += [(site.gid, value) for value in self._passed(site.gid, node, gid, number, skip)]
        handed = [one for called in names for one in self.handed_on.handed.get(called, ())]
        for site, position in handed[:_MOST_SITES]:
            node = self._index.scope(site.gid).exprs[site.expr]
            if isinstance(node, Call) and self._calls(site.gid, node.args[position], gid, made):
                shifted = Call(node.args[position], node.args[position + 1 :], node.keywords, node.place)
                found += [(site.gid, value) for value in self._passed(site.gid, shifted, gid, number, skip)]
        return found

    def _made_by(self, gid: int, owner: int) -> tuple[int, ...]:
        """The classes that a function is the constructor of: its own, and those below that have none themselves."""
        if owner == NONE or self._index.scope(gid).name != "__init__":
            return ()
        classes = self._inference.classes
        below = [one for one in classes.subclasses(owner) if _is_function(classes.find_method(one, "__init__"), gid)]
        return owner, *below

    def _through_super(self, made: tuple[int, ...]) -> list[Site]:
        """The `super().__init__(...)` of the classes below."""
        below = set(self._inference.classes.subclasses(made[0])) if made else ()
        found = []
        for site in self._index.call_sites("__init__") if below else ():
            exprs = self._index.scope(site.gid).exprs
            node = exprs[site.expr]
            func = exprs[node.func] if isinstance(node, Call) else None
            if isinstance(func, Attr) and isinstance(exprs[func.base], Call):
                found += [site] if self._index.class_of(site.gid) in below else []
        return found

    def fields(self, gid: int, name: str) -> list[tuple[int, int]]:
        """What the project's calls of a class without a constructor of its own pass for a field.

        Such a class is a model or a dataclass, which keeps each keyword under its name.
        """
        classes = self._inference.classes
        if classes.find_method(gid, "__init__") is not None:
            return []
        found: list[tuple[int, int]] = []
        for made in (gid, *classes.subclasses(gid)):
            for site in self._index.call_sites(self._index.scope(made).name)[:_MOST_SITES]:
                node = self._index.scope(site.gid).exprs[site.expr]
                given = [value for key, value in node.keywords if key == name] if isinstance(node, Call) else []
                if given and isinstance(node, Call) and self._calls(site.gid, node.func, NONE, (made,)):
                    found += [(site.gid, value) for value in given]
        return found

    def are_fields_seen(self, gid: int) -> bool:
        """Whether the project makes objects of a class, and always says which field is given what: no `**row`."""
        made = [
            self._index.scope(site.gid).exprs[site.expr]
            for one in (gid, *self._inference.classes.subclasses(gid))
            for site in self._index.call_sites(self._index.scope(one).name)[:_MOST_SITES]
        ]
        return bool(made) and not any("**" in dict(node.keywords) for node in made if isinstance(node, Call))

    def receivers(self, gid: int) -> list[tuple[int, int]]:
        """What the project calls a method on, or one that it overrides: (scope of the call, expression)."""
        owner, name = self._index.class_of(gid), self._index.scope(gid).name
        found: list[tuple[int, int]] = []
        for site in self._index.call_sites(name)[:_MOST_SITES] if owner != NONE else ():
            exprs = self._index.scope(site.gid).exprs
            node = exprs[site.expr]
            func = exprs[node.func] if isinstance(node, Call) else None
            if not isinstance(func, Attr) or not isinstance(node, Call) or self._is_left_out(site.gid, site.expr):
                continue
            called = self._inference.type(self._inference.plain_frame(site.gid), node.func)
            if any(self._may_run(value, gid, owner) for value in called):
                found.append((site.gid, func.base))
        return found

    def _may_run(self, value: Value, gid: int, owner: int) -> bool:
        """Whether what is called is a method of a class, or that which the class overrides with it."""
        if _is_function(value, gid):
            return True
        function = value.function if isinstance(value, MethodV) else value
        above = self._index.class_of(function.gid) if isinstance(function, FunctionV) else NONE
        return above != NONE and owner in self._inference.classes.subclasses(above)

    def _passed(self, site: int, node: Call, gid: int, number: int, skip: int) -> Iterator[int]:
        """The expressions of one call that may be, or hold, what a parameter gets."""
        params = self._index.scope(gid).params
        parameter = params[number]
        exprs = self._index.scope(site).exprs
        plain = next((n for n, value in enumerate(node.args) if isinstance(exprs[value], Star)), len(node.args))
        if parameter.kind != "keyword":
            at = number - skip
            if parameter.kind == "args":
                yield from node.args[max(at, 0) :]
            elif 0 <= at < plain:
                yield node.args[at]
                return
            else:
                yield from (value for value in node.args[plain:] if at >= plain)
        named = {other.name for other in params if other.kind in ("normal", "keyword")}
        for key, value in node.keywords:
            if key == "**":
                yield from self._spread(site, value, parameter.name, parameter.kind, named)
            elif key == parameter.name or (parameter.kind == "kwargs" and key not in named):
                yield value

    def _spread(self, site: int, expr: int, name: str, kind: str, named: set[str]) -> Iterator[int]:
        """What `**expr` gives for a parameter: of a display the item of that name, else the mapping itself."""
        scope = self._index.scope(site)
        shown = _display(scope, expr)
        if shown is None or self._is_filled(site, expr):
            yield expr
            return
        for key, value in zip(shown.keys, shown.values, strict=True):
            literal = scope.exprs[key] if key != NONE else None
            if (
                not isinstance(literal, Lit)
                or literal.value == name
                or (kind == "kwargs" and literal.value not in named)
            ):
                yield value

    def _is_filled(self, gid: int, expr: int) -> bool:
        node = self._index.scope(gid).exprs[expr]
        return isinstance(node, Use) and any(number in self.put_in(gid) for number in node.defs)

    def put_in(self, gid: int) -> dict[int, list[int]]:
        """What a scope puts into the containers that its own names hold, by definition."""
        known = self._put_in.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            known = self._put_in[gid] = {}
            for event in scope.events:
                for number, value in _puts(scope, event.kind, event.expr, event.value):
                    known.setdefault(number, []).append(value)
        return known

    def _calls(self, site: int, func: int, gid: int, made: tuple[int, ...]) -> bool:
        return any(
            _is_function(value, gid) or (isinstance(value, ClassV) and value.gid in made) or self._hands_on(value, gid)
            for value in self._inference.type(self._inference.plain_frame(site), func)
        )

    def _hands_on(self, value: Value, gid: int) -> bool:
        """Whether a function is what a decorator has made of another one, to which it hands all that it is given."""
        made = value.function if isinstance(value, MethodV) else value
        if not isinstance(made, FunctionV) or not made.bound:
            return False
        takes_all = any(parameter.kind in ("args", "kwargs") for parameter in self._index.scope(made.gid).params)
        return takes_all and any(_is_function(held, gid) for _, _, kind in made.bound for held in kind)


def _is_function(value: Value | None, gid: int) -> bool:
    while isinstance(value, (MethodV, WrappedV, PartialV)):
        value = value.function
    return isinstance(value, FunctionV) and value.gid == gid


def _display(scope: Scope, expr: int) -> Map | None:
    """The dict display that an expression is, by way of a local name perhaps."""
    node = scope.exprs[expr]
    for _ in range(3):
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        elif isinstance(node, Declared) and node.value != NONE:
            node = scope.exprs[node.value]
    return node if isinstance(node, Map) else None


def _puts(scope: Scope, kind: int, expr: int, value: int) -> Iterator[tuple[int, int]]:
    """`held[key] = value`, `held.update(value)`: the definitions of `held`, each with what is put in."""
    if kind == EventKind.STORE_ITEM and value != NONE:
        base, values = expr, [value]
    elif kind == EventKind.CALL and isinstance(node := scope.exprs[expr], Call):
        func = scope.exprs[node.func]
        if not isinstance(func, Attr) or func.name not in _FILLERS:
            return
        base, values = func.base, [*node.args, *(item for _, item in node.keywords)]
    else:
        return
    held = scope.exprs[base]
    if isinstance(held, Use):
        yield from ((number, item) for number in held.defs for item in values)
