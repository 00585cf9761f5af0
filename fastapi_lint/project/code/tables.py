"""From which tables do parameters select what is called, and by which names?

`await self.steps[name](data)`: each caller means one of the functions, by the constant that it passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Call, Cls, Free, Func, Lit, Map, Scope, Sub, Use, Var
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.spelling import parameter_of


def selections(scope: Scope) -> Iterator[tuple[Sub, int]]:
    """The subscripts that a function calls, each with the parameter that is the key: `self.steps[name](data)`."""
    for node in scope.exprs if scope.params else ():
        if type(node) is Call and type(func := scope.exprs[node.func]) is Sub:
            number = parameter_of(scope, func.index)
            if number != NONE:
                yield func, number


def _selecting(index: Index) -> Iterator[Scope]:
    """The scopes that may call what a table holds: what has no name."""
    return map(index.scope, index.calling(("",)))


def tables_of_attributes(index: Index) -> frozenset[str]:
    """The names of the attributes that hold a table from which some function selects what it calls."""
    bases = (scope.exprs[node.base] for scope in _selecting(index) for node, _ in selections(scope))
    return frozenset(base.name for base in bases if isinstance(base, Attr))


def names_in_tables(index: Index) -> Iterator[str]:
    """The keys of all tables of functions, if anything in the project selects from one."""
    if any(True for scope in _selecting(index) for _ in selections(scope)):
        for gid, scope in enumerate(index.scopes):
            for node in scope.exprs:
                if type(node) is Map and node.values and all(_is_callable(index, gid, one) for one in node.values):
                    keys = (scope.exprs[key] if key != NONE else None for key in node.keys)
                    yield from (key.value for key in keys if isinstance(key, Lit) and isinstance(key.value, str))


def _is_callable(index: Index, gid: int, expr: int) -> bool:
    """Whether a function or a class stands there by its name: a built-in one, or one of the same file."""
    scope = index.scope(gid)
    node = scope.exprs[expr]
    numbers = node.defs if isinstance(node, Use) else ()
    if isinstance(node, Var):
        scope = index.scope(index.local(gid, node.scope))
        numbers = scope.names.get(node.name, ())
    if len(numbers) == 1:
        node = scope.exprs[scope.defs[numbers[0]].value]
    return isinstance(node, (Cls, Free, Func))
