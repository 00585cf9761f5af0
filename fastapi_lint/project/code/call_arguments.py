"""Which expression does a call give for a parameter?"""

from __future__ import annotations

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Free, Lit, Map, Scope, Star, Use

_READS = frozenset({"get", "keys", "values", "items", "copy"})


def has_star(scope: Scope, node: Call) -> bool:
    """Whether a call spreads positional arguments."""
    return any(isinstance(scope.exprs[argument], Star) for argument in node.args)


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


def _items(scope: Scope, expr: int) -> list[tuple[str, int]] | None:
    """The items of a dictionary that the function makes with constant keys, and leaves as it is."""
    node = scope.exprs[expr]
    if isinstance(node, Use):
        if len(node.defs) != 1 or _may_change(scope, node.defs[0]):
            return None
        node = scope.exprs[scope.defs[node.defs[0]].value]
    if isinstance(node, Call):
        is_plain = scope.exprs[node.func] == Free("dict") and not node.args
        return list(node.keywords) if is_plain and all(name != "**" for name, _ in node.keywords) else None
    if not isinstance(node, Map) or NONE in node.keys:
        return None
    keys = [scope.exprs[key] for key in node.keys]
    names = [key.value for key in keys if isinstance(key, Lit) and isinstance(key.value, str)]
    return list(zip(names, node.values, strict=True)) if len(names) == len(keys) else None


def _may_change(scope: Scope, definition: int) -> bool:
    """Whether anything but a `**` gets hold of what a local name stands for."""
    uses = {n for n, node in enumerate(scope.exprs) if isinstance(node, Use) and definition in node.defs}
    for event in scope.events:
        if event.kind in (EventKind.STORE_ITEM, EventKind.STORE_ATTR) and (event.expr in uses or event.value in uses):
            return True
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if isinstance(node, Call):
            func = scope.exprs[node.func]
            if isinstance(func, Attr) and func.base in uses and func.name not in _READS:
                return True
            if uses.intersection((*node.args, *(value for name, value in node.keywords if name != "**"))):
                return True
    return False


_NONE_GIVEN: dict[str, int] = {}


class Arguments:
    """The arguments of one call in `scope`, ready to be asked for by position and by name."""

    __slots__ = ("_keywords", "_positional")

    def __init__(self, scope: Scope, node: Call) -> None:
        self._positional: tuple[int, ...] = node.args
        for number, argument in enumerate(node.args):
            if isinstance(scope.exprs[argument], Star):
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
