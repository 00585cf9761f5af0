"""Which expression does a call give for a parameter?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Call, Scope, Star


def has_star(scope: Scope, node: Call) -> bool:
    """Whether a call spreads positional arguments."""
    return any(isinstance(scope.exprs[argument], Star) for argument in node.args)


def argument_at(scope: Scope, node: Call, position: int, name: str, kind: str = "normal") -> int:
    """The expression given for a parameter; NONE where it is not given or a `*` may give it."""
    return Arguments(scope, node).at(position, name, kind)


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
