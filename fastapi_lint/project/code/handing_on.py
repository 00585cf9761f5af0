"""Does a function take whatever it is given, and hand all of it on?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Expr, Scope, Star
from fastapi_lint.project.code.spelling import is_parameter

_FILLS = frozenset({"clear", "pop", "popitem", "setdefault", "update"})


def takes_all(scope: Scope) -> int:
    """The number of `*args` where a function takes `**kwargs` as well, and never puts anything into them; else NONE."""
    kinds = {parameter.kind: number for number, parameter in enumerate(scope.params)}
    if "args" not in kinds or "kwargs" not in kinds:
        return NONE
    changes = any(e.kind == EventKind.STORE_ITEM and is_parameter(scope, e.expr, kinds["kwargs"]) for e in scope.events)
    return NONE if changes or any(_changes(scope, node, kinds["kwargs"]) for node in scope.exprs) else kinds["args"]


def _changes(scope: Scope, node: Expr, number: int) -> bool:
    func = scope.exprs[node.func] if type(node) is Call else None
    return type(func) is Attr and func.name in _FILLS and is_parameter(scope, func.base, number)


def hands_all_on(scope: Scope, node: Call) -> bool:
    """Whether a call gives all that its function was given: `inner(self, *args, **kwargs)`."""
    numbers = {parameter.kind: number for number, parameter in enumerate(scope.params)}
    if not node.args or len(node.keywords) != 1 or node.keywords[0][0] != "**":
        return False
    star = scope.exprs[node.args[-1]]
    return (
        isinstance(star, Star)
        and numbers.get("args") == len(node.args) - 1
        and is_parameter(scope, star.value, numbers["args"])
        and is_parameter(scope, node.keywords[0][1], numbers.get("kwargs", NONE))
        and all(is_parameter(scope, given, number) for number, given in enumerate(node.args[:-1]))
    )
