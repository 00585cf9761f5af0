"""`time.sleep` on the event loop.

## What it does

Reports each expression in code that runs on the event loop whose callee ends in `time.sleep`, directly or through
helpers, however deep and in whatever module.

## Why is this bad?

The event loop runs all requests of a worker in one thread. While it sleeps, nobody is served: not other requests, not
health checks, not timeouts.

## Example

```python
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def index() -> None:
    time.sleep(1)
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def index() -> None:
    await asyncio.sleep(1)
```

## Fix safety

The fix is safe where `time.sleep` itself stands in a coroutine: it becomes `await asyncio.sleep(...)`, or the `sleep`
of anyio or trio where the file uses that. It is unsafe through helpers, and inside of a `with` of unknown nature. A
route or dependency that awaits nothing, and that nothing but its registration names, becomes a plain `def`, which
FastAPI runs in its thread pool. Elsewhere the call is awaited in a thread, in the way that the project uses or
`offload-style` names. The code then runs beside the event loop, and not everything that it touches can be seen.

There is no fix where one would be wrong: a lock is held, shared state is looked at before the call and changed after
it, an object belongs to one thread or is shared by requests, or the code needs the running loop.
"""

from __future__ import annotations

from fastapi_lint.api import Applicability, Severity

from ._blocking import BlockingRule


class BlockingSleep(BlockingRule):
    code = "FAL101"
    name = "blocking-sleep"
    severity = Severity.ERROR
    fix = Applicability.SAFE
    kind = "sleep"
