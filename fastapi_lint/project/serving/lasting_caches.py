"""Which functions find again whatever they have ever put in, because nothing takes it out?

`_known: dict[str, Table] = {}` at module level, which all code only looks something up in or puts something into; and
functions under `functools.cache`, where nothing clears it.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Bin, Call, Declared, EventKind, Free, Lit, Map, Scope, Sub, Use, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.serving.misses import Misses
from fastapi_lint.project.types.inference import Inference

_UNBOUNDED = "functools.cache"
_CLEARS = "cache_clear"
_READS = frozenset({"get", "items", "keys", "setdefault", "values"})
_TESTS = frozenset({"among", "in", "not among"})
_NOTHING = (Lit(None), Lit(False))


class LastingCaches:
    """Answers by function, and by variable, kept."""

    def __init__(self, inference: Inference, misses: Misses) -> None:
        self._inference = inference
        self._index = inference.index
        self._misses = misses
        self._functions: dict[Frame, bool] = {}
        self._variables: dict[tuple[int, str], bool] = {}

    def keeps(self, memo: Frame) -> bool:
        """Whether a function that always fills what it has missed finds it for ever."""
        known = self._functions.get(memo)
        if known is None:
            known = self._functions[memo] = self._keeps(memo)
        return known

    def _keeps(self, memo: Frame) -> bool:
        if memo.scope.decorators:
            is_unbounded = self._inference.decorators.names(memo.gid) == [_UNBOUNDED]
            return is_unbounded and not self._index.reading((_CLEARS,))
        filled = [one for n in range(len(memo.scope.regions)) for one in self._misses.always_filled(memo, n)]
        return bool(filled) and all(one.base != NONE and self._is_lasting(memo, one.base) for one in filled)

    def _is_lasting(self, memo: Frame, container: int) -> bool:
        node = memo.scope.exprs[container]
        if not isinstance(node, Var):
            return False
        key = (self._index.local(memo.gid, node.scope), node.name)
        if key not in self._variables:
            self._variables[key] = self._is_never_emptied(*key)
        return self._variables[key]

    def _is_never_emptied(self, owner: int, name: str) -> bool:
        """Whether a variable is one dictionary of its module of which nothing but its items is ever used."""
        scope = self._index.scope(owner)
        numbers = scope.names.get(name, ())
        if scope.kind != "module" or len(numbers) != 1 or (owner, name) in self._index.rebinds:
            return False
        if not _is_dict(scope, scope.defs[numbers[0]].value):
            return False
        if any(isinstance(node, Use) and numbers[0] in node.defs for node in scope.exprs):
            return False
        uses = name_uses(self._index, frozenset({name}))[name]
        return all(_is_of_items(self._index.scope(use.gid), use) for use in uses)


def _is_dict(scope: Scope, value: int) -> bool:
    node = scope.exprs[value]
    if isinstance(node, Declared) and node.value != NONE:
        node = scope.exprs[node.value]
    return isinstance(node, Map) or (isinstance(node, Call) and scope.exprs[node.func] == Free("dict"))


def _is_of_items(scope: Scope, use: NameUse) -> bool:
    """Whether code looks up or puts in one thing, and lets nobody else have the dictionary."""
    holder = scope.exprs[use.holder] if use.holder != NONE else None
    if isinstance(holder, Sub):
        nothing = (NONE, *(number for number, node in enumerate(scope.exprs) if node in _NOTHING))
        takes_out = (e for e in scope.events if e.kind == EventKind.STORE_ITEM and e.value in nothing)
        return holder.base == use.expr and all(event.expr != use.expr for event in takes_out)
    if isinstance(holder, Bin):
        return holder.op in _TESTS and holder.right == use.expr
    return isinstance(holder, Attr) and holder.name in _READS
