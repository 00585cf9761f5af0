"""An event loop started inside of the running one.

## What it does

Reports `asyncio.run`, `run_until_complete`, `anyio.run`, `async_to_sync` and the like in loop code.

## Why is this bad?

`asyncio.run` raises `RuntimeError` where a loop runs; other ways around it end in a deadlock.

## Example

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


async def load() -> int:
    return 1


@app.get("/")
async def index() -> int:
    return asyncio.run(load())
```

## Use instead

```python
from fastapi import FastAPI

app = FastAPI()


async def load() -> int:
    return 1


@app.get("/")
async def index() -> int:
    return await load()
```

## Fix safety

The fix is unsafe: `asyncio.run(f())` becomes `await f()`, which then shares its loop, its context and its cancellation
with the code around. There is none with options (`debug=True`), through helpers, or for loops that the code keeps.
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class EventLoopReentry(BlockingRule):
    code = "FAL110"
    name = "event-loop-reentry"
    severity = Severity.ERROR
    kind = "reentry"
    effect = "starts an event loop inside of the running one"
    way_out = "`await` the coroutine"
