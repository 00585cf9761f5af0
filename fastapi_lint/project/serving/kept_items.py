"""Which item of a dictionary that outlives the call does code read, fill, or take to be good still?

`_cache["name"]` and `_cache.get("name")` name it; `_cache["name"] = found` fills it. What is kept of a file is good
while the file is there: nobody deletes what the program reads while it serves.
"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Call, Comp, Event, EventKind, Free, Iter, Lit, Scope, Sub, Var
from fastapi_lint.project.code.spelling import behind_names, parts, stored_item

Item = tuple[int, str]
"""The expression of a dictionary, and the text that is the key."""

_FILE_TESTS = frozenset({"exists", "is_dir", "is_file", "isdir", "isfile"})


def read_item(scope: Scope, expr: int) -> Item | None:
    """The item of a dictionary with a name of its own that an expression reads, through local names."""
    node = scope.exprs[behind_names(scope, expr)]
    if isinstance(node, Sub):
        return _item(scope, node.base, node.index)
    func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
    if isinstance(node, Call) and isinstance(func, Attr) and func.name == "get":
        return _item(scope, func.base, node.args[0])
    return None


def filled_item(scope: Scope, event: Event) -> Item | None:
    """The item into which an event puts something."""
    if event.kind != EventKind.STORE_ITEM or event.value == NONE or event.flag:
        return None
    target = stored_item(scope, event)
    return _item(scope, target.base, target.index) if target is not None else None


def asks_for_file(scope: Scope, test: int, kept: int) -> bool:
    """Whether a test asks only if the files are there whose names are kept: `(folder / kept).exists()`."""
    node = scope.exprs[test]
    each = scope.exprs[node.args[0]] if isinstance(node, Call) and len(node.args) == 1 else None
    if isinstance(node, Call) and isinstance(each, Comp) and scope.exprs[node.func] == Free("all"):
        test = each.element
        node = scope.exprs[test]
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(func, Attr) or func.name not in _FILE_TESTS:
        return False
    return behind_names(scope, kept) in {_source(scope, part) for part in parts(scope, test)}


def _source(scope: Scope, expr: int) -> int:
    """What an expression stands for, or of what it is each item."""
    expr = behind_names(scope, expr)
    node = scope.exprs[expr]
    return behind_names(scope, node.value) if isinstance(node, Iter) else expr


def _item(scope: Scope, base: int, index: int) -> Item | None:
    key = scope.exprs[index]
    if not isinstance(scope.exprs[base], Var) or not isinstance(key, Lit) or not isinstance(key.value, str):
        return None
    return base, key.value
