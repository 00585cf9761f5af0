"""Is something stored because it was found not to be there, or not to be so yet?

`if client is None: client = make()`, `if is_first: is_first = False`.
"""

from __future__ import annotations

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Comp,
    Enter,
    Event,
    EventKind,
    Free,
    Lit,
    Scope,
    Use,
    Var,
)
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import around, branches, within
from fastapi_lint.project.code.spelling import read_attribute


def guard(scope: Scope, event: Event) -> int:
    """The region in which a store stands because a test has found that nothing is there: `if client is None`."""
    if event.flag or event.kind not in (EventKind.REBIND, EventKind.STORE_ATTR):
        return NONE
    for number in around(scope, event.region):
        found = scope.regions[number]
        if found.kind in ("if", "else") and found.expr != NONE:
            # `if not ready: client = make(); ready = True`: the flag speaks for what is set with it
            inside = (other for other in scope.events if other.kind == event.kind and not other.flag)
            names = {other.name for other in inside if within(scope, other.region, (number,))}
            if any(_is_absent(scope, found.expr, name, found.kind == "if") for name in names):
                return number
    return NONE


def takes_down(scope: Scope, event: Event) -> bool:
    """Whether a store makes a flag false behind a test that it is true."""
    is_set = event.kind in (EventKind.REBIND, EventKind.STORE_ATTR) and not event.flag and event.value != NONE
    return (
        is_set
        and scope.exprs[event.value] == Lit(False)
        and any(
            is_true and spells(scope, part, event.name)
            for branch in branches(scope, event.region)
            for part, is_true in implied(scope, branch.expr, branch.kind == "if")
        )
    )


def is_made(scope: Scope, value: int) -> bool:
    """Whether a stored value is an object that is made for it, not a constant, an empty list or another name."""
    node = scope.exprs[value] if value != NONE else None
    if isinstance(node, Use) and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    return isinstance(node, (Await, Call, Choice, Comp, Enter))


def _is_absent(scope: Scope, expr: int, name: str, holds: bool, hops: int = 0) -> bool:
    """Whether a condition that holds, or does not, says nothing but that `name` is not there."""
    node = scope.exprs[expr]
    if hops > 6:
        return False
    if isinstance(node, Bin) and node.op == "not":
        return _is_absent(scope, node.left, name, not holds, hops + 1)
    if isinstance(node, Bin) and node.op == "and":
        return any(_is_absent(scope, part, name, holds, hops + 1) for part in (node.left, node.right))
    if isinstance(node, Choice):  # `client is None or client.is_closed`
        return any(_is_absent(scope, part, name, holds, hops + 1) for part in node.items)
    if isinstance(node, Bin) and node.op in ("is", "is not"):
        right = scope.exprs[node.right]  # `loop is not running_loop` asks for another one
        is_nothing = isinstance(right, Lit) and not right.value
        return ((node.op == "is") is is_nothing) is holds and spells(scope, node.left, name)
    if isinstance(node, Call):  # `hasattr(app.state, "client")`
        func = scope.exprs[node.func]
        asks = isinstance(func, Free) and func.name in ("hasattr", "getattr") and len(node.args) > 1
        return not holds and asks and scope.exprs[node.args[1]] == Lit(name)
    return not holds and spells(scope, expr, name)


def spells(scope: Scope, expr: int, name: str) -> bool:
    """Whether an expression reads a variable or an attribute of this name."""
    node = scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        expr = scope.defs[node.defs[0]].value
        node = scope.exprs[expr]
    read = read_attribute(scope, expr) or node
    return isinstance(read, (Attr, Var, Free)) and read.name == name
