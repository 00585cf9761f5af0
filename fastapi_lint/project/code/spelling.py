"""How is an expression spelled, and what is it made of?"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Declared,
    Event,
    EventKind,
    Expr,
    Free,
    Lit,
    Map,
    Narrow,
    Param,
    Phi,
    Scope,
    Seq,
    Sub,
    Use,
    Var,
)

_MOST_NAMES = 8


def dotted(scope: Scope, expr: int) -> tuple[str, ...]:
    """The parts of a dotted name (`a.b.c`); empty for anything else."""
    node = scope.exprs[expr]
    if type(node) is Var:
        return (node.name,)
    if type(node) is Use and node.defs:
        return (scope.defs[node.defs[0]].name,)
    if type(node) is Attr:
        head = dotted(scope, node.base)
        return (*head, node.name) if head else ()
    return ()


def same(scope: Scope, first: int, second: int, hops: int = 0) -> bool:
    """Whether two expressions of a scope are written alike and read the same definitions."""
    if first == second:
        return True
    if NONE in (first, second) or hops > 6:
        return False
    one, other = scope.exprs[first], scope.exprs[second]
    if type(one) is not type(other):
        return False
    if isinstance(one, (Attr, Call, Bin, Sub, Seq)):
        own, its = signature(one), signature(other)
        return (
            own[0] == its[0]
            and len(own[1]) == len(its[1])
            and all(same(scope, a, b, hops + 1) for a, b in zip(own[1], its[1], strict=True))
        )
    return one == other


def signature(node: Expr) -> tuple[object, list[int]]:
    """What tells an expression from others of its kind, and its parts."""
    if type(node) is Attr:
        return node.name, [node.base]
    if type(node) is Call:
        return [name for name, _ in node.keywords], [node.func, *node.args, *(value for _, value in node.keywords)]
    if type(node) is Bin:
        return node.op, [node.left, node.right]
    if type(node) is Sub:
        return None, [node.base, node.index]
    return (node.kind, list(node.items)) if type(node) is Seq else (None, [])


def defined(scope: Scope, expr: int) -> int:
    """What a local name with one definition stands for; any other expression as it is."""
    node = scope.exprs[expr]
    return scope.defs[node.defs[0]].value if type(node) is Use and len(node.defs) == 1 else expr


def behind_names(scope: Scope, expr: int) -> int:
    """What a local name stands for, if it is one thing, through `await`, declarations and what narrows its type."""
    for _ in range(_MOST_NAMES):
        node = scope.exprs[expr]
        if (type(node) is Await or type(node) is Narrow) or (type(node) is Declared and node.value != NONE):
            expr = node.value
        elif type(node) is Use and len(node.defs) == 1:
            expr = scope.defs[node.defs[0]].value
        else:
            break
    return expr


def behind_tests(scope: Scope, expr: int) -> int:
    """What an expression was before `isinstance` told more of it."""
    for _ in range(_MOST_NAMES):
        node = scope.exprs[expr]
        if type(node) is not Narrow:
            break
        expr = defined(scope, node.value)
    return expr


def written(scope: Scope, expr: int) -> Iterator[int]:
    """An expression and all that is written in it: names stand for themselves."""
    return parts(scope, expr, through_names=False)


def parts(scope: Scope, expr: int, *, through_names: bool = True) -> Iterator[int]:
    """An expression and everything that it is made of, through local names."""
    seen: set[int] = set()
    todo = [expr]
    while todo:
        number = todo.pop()
        if number == NONE or number in seen:
            continue
        seen.add(number)
        yield number
        node = scope.exprs[number]
        if type(node) is Use or type(node) is Phi:
            todo += [scope.defs[definition].value for definition in node.defs] if through_names else []
        elif type(node) is Await or type(node) is Declared:
            todo.append(node.value)
        elif type(node) is Choice:
            todo += node.items
        elif type(node) is Map:
            todo += [*node.keys, *node.values]
        else:
            todo += signature(node)[1]


def spelled(scope: Scope, expr: int) -> list[str]:
    """The last names under which an expression is written, and that of what a local name stands for."""
    node = scope.exprs[expr]
    if type(node) is Attr or type(node) is Var or type(node) is Free:
        return [node.name]
    if type(node) is Sub:
        return spelled(scope, node.base)
    if type(node) is not Use:
        return []
    found = [scope.defs[number].name for number in node.defs]
    for number in node.defs:
        value = scope.exprs[scope.defs[number].value]
        if type(value) is Attr or type(value) is Var or type(value) is Free:
            found.append(value.name)
    return found


def read_attribute(scope: Scope, expr: int) -> Attr | None:
    """The attribute that an expression reads: `base.name`, and `getattr(base, "name", default)`."""
    node = scope.exprs[expr]
    if isinstance(node, Attr):
        return node
    if not isinstance(node, Call) or len(node.args) < 2 or scope.exprs[node.func] != Free("getattr"):
        return None
    name = scope.exprs[node.args[1]]
    return Attr(node.args[0], name.value, node.place) if isinstance(name, Lit) and isinstance(name.value, str) else None


def is_receiver(scope: Scope, expr: int) -> bool:
    """Whether an expression is the method's own first parameter."""
    return is_parameter(scope, expr, 0)


def is_empty(scope: Scope, value: int) -> bool:
    """Whether what is stored leaves an attribute empty: `del`, `None`, `False`, an empty display."""
    node = scope.exprs[value] if value != NONE else None
    if isinstance(node, Lit):
        return not node.value
    return node is None or getattr(node, "items", getattr(node, "keys", None)) == ()


def strings(scope: Scope, expr: int) -> list[str]:
    """The strings of a literal, or of a display of literals."""
    node = scope.exprs[expr]
    items = node.items if type(node) is Seq else (expr,)
    literals = [scope.exprs[item] for item in items]
    return [value.value for value in literals if type(value) is Lit and isinstance(value.value, str)]


def is_parameter(scope: Scope, expr: int, number: int) -> bool:
    """Whether an expression is a parameter as the caller gave it."""
    node = scope.exprs[expr]
    if type(node) is not Use:
        return False
    for definition in node.defs:
        value = scope.exprs[scope.defs[definition].value]
        if type(value) is not Param or value.index != number:
            return False
    return True


def parameter_of(scope: Scope, expr: int) -> int:
    """The number of the parameter that an expression is as it was passed; NONE if it is none."""
    node = scope.exprs[expr]
    for _ in range(_MOST_NAMES):
        if type(node) is Param:
            return node.index
        if type(node) is Use and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        elif type(node) is Narrow:
            node = scope.exprs[node.value]
        else:
            break
    return NONE


def stored_item(scope: Scope, event: Event) -> Sub | None:
    """The target of a store into an item, with its index."""
    if event.kind != EventKind.STORE_ITEM:
        return None
    for node in reversed(scope.exprs):
        if type(node) is Sub and node.place == event.place and node.base == event.expr:
            return node
    return None


def looks_up(scope: Scope, expr: int, item: Sub) -> bool:
    """Whether an expression looks the same item up: `seen[key]`, `seen.get(key)`."""
    node = scope.exprs[expr]
    if type(node) is Sub:
        return same(scope, node.base, item.base) and same(scope, node.index, item.index)
    func = scope.exprs[node.func] if type(node) is Call and node.args else None
    if type(node) is not Call or type(func) is not Attr or func.name != "get":
        return False
    return same(scope, func.base, item.base) and same(scope, node.args[0], item.index)
