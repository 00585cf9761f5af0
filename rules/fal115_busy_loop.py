"""An endless loop in a coroutine that never gives the event loop back.

## What it does

Reports `while True` in an `async def` without `await`, `yield`, `return`, `raise` or a `break` of its own. A loop that
drains something ends with the error for an empty one, where a `try` or `contextlib.suppress` around the loop waits for
that: `with suppress(asyncio.QueueEmpty): while True: queue.get_nowait()`.

## Why is this bad?

A coroutine gives control back only where it awaits. This one never does: the worker serves nobody from then on.

## Example

```python
from collections import deque

inbox: deque[str] = deque()


async def consume() -> None:
    while True:
        if inbox:
            print(inbox.popleft())
```

## Use instead

```python
import asyncio

inbox: asyncio.Queue[str] = asyncio.Queue()


async def consume() -> None:
    while True:
        print(await inbox.get())
```
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from fastapi_lint.api import NodeContext, NodeRule, Severity, on

_EXITS = (cst.Await, cst.Yield, cst.Return, cst.Raise)
_SCOPES = (cst.FunctionDef, cst.Lambda, cst.ClassDef)
_DRAINING = frozenset({"get_nowait", "put_nowait", "next", "__next__", "popleft", "popitem", "pop"})
_ANY = frozenset(f"builtins.{name}" for name in ("BaseException", "Exception"))
_FROM_OUTSIDE = frozenset({"asyncio.CancelledError", "asyncio.exceptions.CancelledError"}) | {
    f"builtins.{name}" for name in ("GeneratorExit", "KeyboardInterrupt", "SystemExit")
}
_ITEMS = frozenset(f"builtins.{name}" for name in ("IndexError", "KeyError", "LookupError"))


class BusyLoop(NodeRule):
    code = "FAL115"
    name = "busy-loop"
    severity = Severity.ERROR

    @on(cst.While)
    def check(self, node: cst.While, context: NodeContext) -> None:
        if not context.in_async_function or not _is_endless(node.test) or any(_exits(node.body)):
            return
        if not any(_ends(node, caught) for guard in context.guards for caught in _caught(guard, context)):
            context.report(node.test, "the loop never ends and never awaits, so nothing else runs; `await` in its body")


def _is_endless(test: cst.BaseExpression) -> bool:
    if isinstance(test, cst.Name):
        return test.value == "True"
    return isinstance(test, cst.Integer) and test.evaluated_value != 0


def _exits(node: cst.CSTNode, in_inner_loop: bool = False) -> Iterator[bool]:
    """Yields for each way out of the loop whose body `node` is part of."""
    if isinstance(node, _SCOPES):
        return
    if isinstance(node, _EXITS) or (isinstance(node, cst.Break) and not in_inner_loop):
        yield True
    if isinstance(node, (cst.For, cst.With, cst.CompFor)) and node.asynchronous is not None:
        yield True
    inner = in_inner_loop or isinstance(node, (cst.For, cst.While))
    for child in node.children:
        yield from _exits(child, inner)


def _caught(guard: cst.Try | cst.TryStar | cst.With, context: NodeContext) -> Iterator[str | None]:
    """The exceptions that end a loop in the body of a statement: their names, None for those of the project."""
    types: list[cst.BaseExpression] = []
    if isinstance(guard, cst.With):
        managers = [item.item for item in guard.items if isinstance(item.item, cst.Call)]
        suppressing = [one for one in managers if context.qualified_name(one) == "contextlib.suppress"]
        types += [argument.value for one in suppressing for argument in one.args if not argument.star]
    else:
        for handler in guard.handlers:
            if handler.type is None:
                yield "builtins.BaseException"
            elif isinstance(handler.type, cst.Tuple):
                types += [element.value for element in handler.type.elements]
            else:
                types.append(handler.type)
    yield from map(context.qualified_name, types)


def _ends(loop: cst.While, caught: str | None) -> bool:
    """Whether what a loop calls is there to raise this exception."""
    if caught in _FROM_OUTSIDE:
        return False
    called = set(_called(loop.body))
    if caught in _ITEMS or caught in _ANY:
        return bool(called & _DRAINING) or (caught in _ITEMS and "" in called)
    if caught is not None and caught.startswith("builtins."):
        return caught == "builtins.StopIteration" and bool(called & {"next", "__next__"})
    return bool(called - {""})


def _called(node: cst.CSTNode) -> Iterator[str]:
    """The last names of what is called; the empty name for a look-up of an item."""
    if isinstance(node, _SCOPES):
        return
    if isinstance(node, cst.Subscript):
        yield ""
    if isinstance(node, cst.Call):
        yield node.func.attr.value if isinstance(node.func, cst.Attribute) else getattr(node.func, "value", "")
    for child in node.children:
        yield from _called(child)
