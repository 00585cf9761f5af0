"""A thread primitive waited for on the event loop.

## What it does

Reports waits for locks, events, queues, threads, futures and executors of `threading`, `queue`, `multiprocessing` and
`concurrent.futures` in loop code.

## Why is this bad?

Whoever should set the event or release the lock may need the loop to get there: that is a deadlock. At best the loop
waits for a thread.

## Example

```python
import queue

from fastapi import FastAPI

app = FastAPI()
jobs: queue.Queue[str] = queue.Queue()


@app.get("/next")
async def next_job() -> str:
    return jobs.get()
```

## Use instead

```python
import queue

from fastapi import FastAPI

app = FastAPI()
jobs: queue.Queue[str] = queue.Queue()


@app.get("/next")
def next_job() -> str:
    return jobs.get()
```
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingSyncPrimitive(BlockingRule):
    code = "FAL106"
    name = "blocking-sync-primitive"
    severity = Severity.ERROR
    kind = "sync"
    way_out = "run it with `await asyncio.to_thread(...)`"
