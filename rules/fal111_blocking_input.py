"""Waiting for a person at a terminal on the event loop.

## What it does

Reports `input`, `getpass.getpass` and reading standard input in loop code.

## Why is this bad?

The loop stands until somebody types, and a server has nobody who does.

## Example

```python
from fastapi import FastAPI

app = FastAPI()


@app.post("/confirm")
async def confirm() -> str:
    return input("really? ")
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.post("/confirm")
async def confirm() -> str:
    return await asyncio.to_thread(input, "really? ")
```

## Fix safety

The fix is safe where `input` itself stands in a coroutine: it is awaited in a thread. It is unsafe through helpers. A
route or dependency that awaits nothing, and that nothing but its registration names, becomes a plain `def`, which
FastAPI runs in its thread pool. Elsewhere the call is awaited in a thread, in the way that the project uses or
`offload-style` names. The code then runs beside the event loop, and not everything that it touches can be seen.

There is no fix where one would be wrong: a lock is held, shared state is looked at before the call and changed after
it, an object belongs to one thread or is shared by requests, or the code needs the running loop.
"""

from __future__ import annotations

from fastapi_lint.api import Applicability, Severity

from ._blocking import BlockingRule


class BlockingInput(BlockingRule):
    code = "FAL111"
    name = "blocking-input"
    severity = Severity.ERROR
    fix = Applicability.SAFE
    kind = "input"
