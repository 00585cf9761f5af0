"""What does a store keep, and what may be in a value?"""

from __future__ import annotations

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Comp,
    Declared,
    Enter,
    Event,
    EventKind,
    Map,
    Scope,
    Seq,
    Use,
)
from fastapi_lint.project.code.regions import stands_in
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.nodes import LibraryCall

_KEEPERS = frozenset({"add", "append", "put", "register", "set", "set_cache", "setdefault"})


def may_keep(scope: Scope, event: Event) -> bool:
    """Whether an event stores something, or calls what may."""
    if event.kind != EventKind.CALL:
        return event.value != NONE
    node = scope.exprs[event.expr]
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in _KEEPERS


def kept(scope: Scope, event: Event) -> set[int]:
    """The expressions that a store stores, or that a call gives to what keeps things: `cache.set(key, client)`."""
    found: set[int] = set()
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if isinstance(node, Call) and isinstance(func, Attr):
        given = [*node.args, *(value for _, value in node.keywords)]
        for value in given if not is_local_container(scope, func.base) else ():
            found |= values(scope, value)
    elif event.value != NONE:
        found |= values(scope, event.value)
    return found


def is_local_container(scope: Scope, expr: int) -> bool:
    """Whether a container is made in this very scope and goes with it."""
    node = scope.exprs[expr]
    if not isinstance(node, Use):
        return False
    made = [scope.exprs[scope.defs[number].value] for number in node.defs]
    made = [scope.exprs[m.value] if isinstance(m, Declared) and m.value != NONE else m for m in made]
    return all(isinstance(value, (Map, Seq, Comp)) for value in made)


def values(scope: Scope, value: int) -> set[int]:
    """All that `value` may be: awaited, entered, or by way of a local name."""
    found: set[int] = set()
    _add_values(scope, value, 0, found, set())
    return found


def _add_values(scope: Scope, value: int, hops: int, found: set[int], seen: set[tuple[int, int]]) -> None:
    if (value, hops) in seen:
        return
    seen.add((value, hops))
    for _ in range(8 - hops):
        found.add(value)
        node = scope.exprs[value]
        if isinstance(node, (Await, Declared, Enter)) and node.value != NONE:
            value = node.value
            continue
        parts: list[int] = []
        if type(node) is Use:
            parts = [scope.defs[number].value for number in node.defs]
        elif type(node) is Choice:
            found.update(node.items)
        elif type(node) is Seq:  # `(key, tokenizer)`
            parts = list(node.items)
        elif type(node) is Call:  # wrapped in another call, or the product of its method
            parts = _parts(scope, node)
        for part in parts:
            _add_values(scope, part, hops + 1, found, seen)
        return


def _parts(scope: Scope, node: Call) -> list[int]:
    func = scope.exprs[node.func]
    return [*node.args, *([func.base] if isinstance(func, Attr) else [])]


def is_kept_by_receiver(scope: Scope, call: LibraryCall) -> bool:
    """Whether the object keeps what its method makes behind a test, for as long as it lives."""
    return stands_in(scope, scope.events[call.event].region, "if", "else") and is_stored_by_receiver(scope, call)


def is_stored_by_receiver(scope: Scope, call: LibraryCall) -> bool:
    """Whether a method stores what it makes in its object."""
    return any(
        store.kind == EventKind.STORE_ATTR
        and is_receiver(scope, store.expr)
        and call.expr in values(scope, store.value)
        for store in scope.events
        if store.value != NONE
    )
