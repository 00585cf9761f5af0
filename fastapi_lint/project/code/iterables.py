"""On what does it rest whether a loop goes over anything?

`for path in paths or []`, `for name, value in sorted((options or {}).items())`: where `paths` or `options` is missing,
what stands in the loop never runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Declared, EventKind, Free, Narrow, Phi, Scope, Sub, Use

_COPIES = frozenset({"dict", "enumerate", "frozenset", "iter", "list", "reversed", "set", "sorted", "tuple"})
_VIEWS = frozenset({"copy", "items", "keys", "values"})
_READS = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
_TESTS = frozenset({"is", "is not", "not", "equals", "differs", "among", "not among"})


def for_loops(scope: Scope) -> Iterator[int]:
    """The regions of `for` loops and comprehensions."""
    iterated = {event.expr for event in scope.events if event.kind == EventKind.ITER and not event.flag}
    if iterated:
        yield from (n for n, region in enumerate(scope.regions) if region.kind == "loop" and region.expr in iterated)


def sources(scope: Scope, expr: int) -> tuple[int, ...]:
    """Of what an expression goes over nothing if all of it does; empty where that says nothing."""
    node = scope.exprs[expr]
    if isinstance(node, (Use, Phi)):
        return tuple(scope.defs[number].value for number in node.defs)
    if isinstance(node, Narrow) or (isinstance(node, Declared) and node.value != NONE):
        return (node.value,)
    if isinstance(node, Choice):
        return node.items
    if not isinstance(node, Call):
        return ()
    func = scope.exprs[node.func]
    if isinstance(func, Free) and func.name in _COPIES:
        return node.args[:1]
    return (func.base,) if isinstance(func, Attr) and func.name in _VIEWS and not node.args else ()


def is_left_alone(scope: Scope, definition: int) -> bool:
    """Whether a function only reads what a local name stands for, so that nobody puts anything into it."""
    made = scope.defs[definition].value
    if any(one.value == made for number, one in enumerate(scope.defs) if number != definition):
        return False  # `todo = found = []`
    if any(event.value == made for event in scope.events):
        return False
    uses = {n for n, node in enumerate(scope.exprs) if isinstance(node, Use) and definition in node.defs}
    return are_only_read(scope, uses)


def are_only_read(scope: Scope, uses: set[int]) -> bool:
    """Whether nothing but reading is done to what these expressions stand for, where each of them stands."""
    if not uses:
        return True
    reading = {event.expr for event in scope.events if event.kind in (EventKind.ITER, EventKind.TRUTH)}
    for node in scope.exprs:
        if isinstance(node, Sub) or (isinstance(node, Attr) and node.name in _READS):
            reading.add(node.base)
        elif isinstance(node, Bin) and node.op in _TESTS:
            reading.update((node.left, node.right))
        elif isinstance(node, Call) and isinstance(func := scope.exprs[node.func], Free):
            reading.update(node.args if func.name in _COPIES or func.name == "len" else ())
    stored = {event.expr for event in scope.events if event.kind == EventKind.STORE_ITEM}
    return uses <= reading and uses.isdisjoint(stored)
