"""Which types are containers, and which of their methods change them?"""

from __future__ import annotations

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
