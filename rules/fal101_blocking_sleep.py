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
