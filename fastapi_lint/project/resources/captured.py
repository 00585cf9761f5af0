"""Which values of a function does a class take that it defines, in its body, its bases or its methods?"""

from __future__ import annotations

from fastapi_lint.facts import Cls, Func, Import, Lit, Use, Var
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.spelling import parts


def captured(index: Index, gid: int, inner: int) -> dict[str, list[int]]:
    """The names of scope `gid` that the class `inner` takes, each with its values there.

    What it takes of functions and classes defined beside it is what those take.
    """
    scope = index.scope(gid)
    found: dict[str, list[int]] = {}
    todo, seen = [inner], {inner}
    names = [scope.defs[number].name for number in _of_bases(index, gid, inner)]
    while todo or names:
        if not names:
            names = _names(index, gid, todo.pop())
            continue
        name = names.pop(0)
        values = [scope.defs[number].value for number in scope.names.get(name, ())]
        kinds = [scope.exprs[value] for value in values]
        beside = {index.local(gid, node.scope) for node in kinds if isinstance(node, (Cls, Func))}
        if all(isinstance(node, (Cls, Func, Import, Lit)) for node in kinds):
            todo += beside - seen
            seen |= beside
        else:
            found[name] = values
    return found


def _of_bases(index: Index, gid: int, inner: int) -> list[int]:
    scope = index.scope(gid)
    written = [part for base in index.scope(inner).bases for part in parts(scope, base, through_names=False)]
    return [number for part in written if isinstance(node := scope.exprs[part], Use) for number in node.defs]


def _names(index: Index, gid: int, inner: int) -> list[str]:
    """The names of a scope that another one, and all that is written in it, asks for."""
    module = index.module(gid)
    inside = {inner}
    for number in range(inner - module.base + 1, len(module.facts.scopes)):  # parents come first
        if index.parent(module.base + number) in inside:
            inside.add(module.base + number)
    return [
        node.name
        for one in sorted(inside)
        for node in index.scope(one).exprs
        if isinstance(node, Var) and index.local(gid, node.scope) == gid
    ]
