"""Which names may a dictionary hold that a function builds with constant keys, and hands on as `**options`?

`options = {"key": key}`, `if streaming: options["stream"] = True`: nobody is given a `background` by that. It may be
what a function of the project returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Await, Call, Choice, EventKind, Map, Scope, Sub, Use
from fastapi_lint.project.code.call_arguments import written_items
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import stored_item, strings

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_READS = frozenset({"copy", "get", "items", "keys", "pop", "values"})
_MOST_HOPS = 2


def names_in(inference: Inference, frame: Frame, expr: int, hops: int = 0) -> frozenset[str] | None:
    """All names that the dictionary may hold that an expression gives; None if that is not known."""
    scope = frame.scope
    node = scope.exprs[expr]
    if isinstance(node, Use):
        if len(node.defs) != 1:
            return None
        value = scope.defs[node.defs[0]].value
        made = _made(inference, frame, value, hops)
        added = _added(scope, node.defs[0]) if made is not None else None
        return made | added if made is not None and added is not None else None
    if isinstance(node, Choice) and node.test != NONE:
        either = [names_in(inference, frame, item, hops) for item in node.items]
        known = [names for names in either if names is not None]
        return frozenset().union(*known) if len(known) == len(either) else None
    return _made(inference, frame, expr, hops)


def _made(inference: Inference, frame: Frame, expr: int, hops: int) -> frozenset[str] | None:
    """What it holds when it is made: by a display, or by a function of the project."""
    scope = frame.scope
    items = list(written_items(scope, expr))
    if all(name is not None for name, _ in items):
        return frozenset(name for name, _ in items if name is not None)
    node = scope.exprs[expr]
    node = scope.exprs[node.value] if isinstance(node, Await) else node
    if not isinstance(node, Call) or hops >= _MOST_HOPS:
        return None
    called = inference.type(frame, node.func)
    functions = inference.functions(called)
    if not functions or len(functions) != len(called):
        return None
    found: frozenset[str] = frozenset()
    for inner in map(inference.binding.frame_of, functions):
        returned = inference.names.returns(inner.gid)
        if not returned or inner.scope.is_generator or inner.scope.decorators:
            return None
        for one in returned:
            names = names_in(inference, inner, one, hops + 1)
            if names is None:
                return None
            found |= names
    return found


def _added(scope: Scope, definition: int) -> frozenset[str] | None:
    """What a function puts in under constant keys; None if somebody else may put something in."""
    uses = {n for n, node in enumerate(scope.exprs) if isinstance(node, Use) and definition in node.defs}
    found: set[str] = set()
    harmless: set[int] = set()
    for event in scope.events:
        item = stored_item(scope, event) if event.expr in uses else None
        if item is not None:
            names = strings(scope, item.index)
            if len(names) != 1:
                return None
            found.update(names)
            harmless.add(event.expr)
        elif event.kind in (EventKind.RETURN, EventKind.TRUTH):
            harmless.add(event.expr)
    for node in scope.exprs:
        if isinstance(node, Sub) or (isinstance(node, Attr) and node.name in _READS):
            harmless.add(node.base)
        elif isinstance(node, Call):
            harmless.update(value for name, value in node.keywords if name == "**")
            func = scope.exprs[node.func]
            if isinstance(func, Attr) and func.base in uses and func.name == "update":
                given = _updated(scope, node)
                if given is None:
                    return None
                found.update(given)
                harmless.add(func.base)
    return frozenset(found) if uses <= harmless else None


def _updated(scope: Scope, node: Call) -> list[str] | None:
    """The names of `options.update({"stream": True}, limit=1)`."""
    named = [name for name, _ in node.keywords]
    for given in node.args:
        display = scope.exprs[given]
        if not isinstance(display, Map) or NONE in display.keys:
            return None
        keys = [strings(scope, key) for key in display.keys]
        if any(len(key) != 1 for key in keys):
            return None
        named += [key[0] for key in keys]
    return None if "**" in named else named
