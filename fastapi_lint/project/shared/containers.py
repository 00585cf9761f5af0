"""Which types are containers, which of their methods change them, and which code changes anything?"""

from __future__ import annotations

from fastapi_lint.facts import Attr, Call, Event, EventKind, Scope

CONTAINERS = frozenset(
    {
        "builtins.list",
        "builtins.dict",
        "builtins.set",
        "collections.defaultdict",
        "collections.OrderedDict",
        "collections.deque",
        "collections.Counter",
    }
)
MUTATORS = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "move_to_end", "pop",
        "popitem", "popleft", "remove", "reverse", "rotate", "setdefault", "sort", "subtract", "update",
    }
)  # fmt: skip
_STORES = frozenset({EventKind.REBIND, EventKind.STORE_ATTR, EventKind.STORE_ITEM})


def changes(scope: Scope, event: Event) -> bool:
    """Whether an event changes something, by how it is written: it stores, or calls a method of such a name."""
    if event.kind in _STORES:
        return True
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if type(node) is Call else None
    return type(func) is Attr and func.name in MUTATORS
