"""Which expression does a call give for a parameter?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Declared, EventKind, Free, Lit, Map, Scope, Star, Sub, Use

_READS = frozenset({"get", "keys", "values", "items", "copy"})


def has_star(scope: Scope, node: Call) -> bool:
    """Whether a call spreads positional arguments."""
    return any(type(scope.exprs[argument]) is Star for argument in node.args)


def fits(caller: Scope, node: Call, function: Scope, skip: int) -> bool:
    """Whether a function can be called like this, beyond its first `skip` parameters; else it is a TypeError."""
    params = function.params[skip:]
    places = [parameter for parameter in params if parameter.kind in ("normal", "positional")]
    named = {parameter.name for parameter in params if parameter.kind in ("normal", "keyword")}
    kinds = {parameter.kind for parameter in params}
    given = sum(not isinstance(caller.exprs[argument], Star) for argument in node.args)
    if given > len(places) and "args" not in kinds:
        return False
    keywords = {name for name, _ in node.keywords}
    if "kwargs" not in kinds and not keywords - {"**"} <= named:
        return False
    if "**" in keywords:
        return True
    left = [] if has_star(caller, node) else places[given:]
    left += [parameter for parameter in params if parameter.kind == "keyword"]
    return all(parameter.default != NONE or parameter.name in keywords for parameter in left)


def argument_at(scope: Scope, node: Call, position: int, name: str, kind: str = "normal") -> int:
    """The expression given for a parameter; NONE where it is not given or a `*` may give it."""
    return Arguments(scope, node).at(position, name, kind)


def spread_out(scope: Scope, node: Call) -> Call:
    """A call with the keywords themselves for each `**options` of which it is known what is in it, if it is of all."""
    if all(name != "**" for name, _ in node.keywords):
        return node
    keywords: list[tuple[str, int]] = []
    for name, value in node.keywords:
        items = [(name, value)] if name != "**" else _items(scope, value)
        if items is None:
            return node
        keywords += items
    return msgspec.structs.replace(node, keywords=tuple(keywords))


def written_items(scope: Scope, expr: int) -> Iterator[tuple[str | None, int]]:
    """The items a dictionary is made with: `{"name": value}`, `dict(name=value)`; no name where it is not known."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    if isinstance(node, Declared) and node.value != NONE:
        node = scope.exprs[node.value]
    if isinstance(node, Call) and scope.exprs[node.func] == Free("dict"):
        yield from ((None, argument) for argument in node.args)
        yield from ((name if name != "**" else None, value) for name, value in node.keywords)
    elif isinstance(node, Map):
        for key, value in zip(node.keys, node.values, strict=True):
            named = scope.exprs[key] if key != NONE else None
            yield (named.value if isinstance(named, Lit) and isinstance(named.value, str) else None), value
    else:
        yield None, expr


def _items(scope: Scope, expr: int) -> list[tuple[str, int]] | None:
    """All items of a dictionary that the function makes with constant keys, and leaves as it is; None if not known."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and (len(node.defs) != 1 or _may_change(scope, node.defs[0])):
        return None
    items = list(written_items(scope, expr))
    known = [(name, value) for name, value in items if name is not None]
    return known if len(known) == len(items) else None


def _may_change(scope: Scope, definition: int) -> bool:
    """Whether anything but reads and `**` gets hold of what a local name stands for."""
    uses = {n for n, node in enumerate(scope.exprs) if type(node) is Use and definition in node.defs}
    if any(event.kind == EventKind.STORE_ITEM and event.expr in uses for event in scope.events):
        return True
    harmless: set[int] = set()
    for node in scope.exprs:
        if type(node) is Sub or (type(node) is Attr and node.name in _READS):
            harmless.add(node.base)
        elif type(node) is Call:
            harmless.update(value for name, value in node.keywords if name == "**")
    return not uses <= harmless


_NONE_GIVEN: dict[str, int] = {}


class Arguments:
    """The arguments of one call in `scope`, ready to be asked for by position and by name."""

    __slots__ = ("_given", "_keywords", "_positional")

    def __init__(self, scope: Scope, node: Call) -> None:
        self._given = self._positional = node.args
        for number, argument in enumerate(node.args):
            if type(scope.exprs[argument]) is Star:
                self._positional = node.args[:number]
                break
        self._keywords = dict(reversed(node.keywords)) if node.keywords else _NONE_GIVEN  # of two the first counts

    def at(self, position: int, name: str, kind: str) -> int:
        """The expression given for a parameter; NONE where it is not given or a `*` may give it."""
        if kind != "positional":
            given = self._keywords.get(name)
            if given is not None:
                return given
        if kind == "keyword" or not 0 <= position < len(self._positional):
            return NONE
        return self._positional[position]

    def reach(self, position: int) -> bool:
        """Whether anything is, or may be, given at a position or behind it."""
        return len(self._given) > position or len(self._given) > len(self._positional)
