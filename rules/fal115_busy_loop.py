"""An endless loop in a coroutine that never gives the event loop back.

## What it does

Reports `while True` in an `async def` without `await`, `yield`, `return`, `raise` or a `break` of its own.

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


class BusyLoop(NodeRule):
    code = "FAL115"
    name = "busy-loop"
    severity = Severity.ERROR

    @on(cst.While)
    def check(self, node: cst.While, context: NodeContext) -> None:
        if context.in_async_function and _is_endless(node.test) and not any(_exits(node.body)):
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
