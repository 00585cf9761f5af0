"""How is an expression spelled?"""

from __future__ import annotations

from fastapi_lint.facts import Attr, Scope, Use, Var


def dotted(scope: Scope, expr: int) -> tuple[str, ...]:
    """The parts of a dotted name (`a.b.c`); empty for anything else."""
    node = scope.exprs[expr]
    if isinstance(node, Var):
        return (node.name,)
    if isinstance(node, Use) and node.defs:
        return (scope.defs[node.defs[0]].name,)
    if isinstance(node, Attr):
        head = dotted(scope, node.base)
        return (*head, node.name) if head else ()
    return ()
