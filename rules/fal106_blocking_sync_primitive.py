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

## Fix safety

The fix is unsafe. Locks, conditions and semaphores have none: what a thread takes, another one must not release. A
route or dependency that awaits nothing, and that nothing but its registration names, becomes a plain `def`, which
FastAPI runs in its thread pool. Elsewhere the call is awaited in a thread, in the way that the project uses or
`offload-style` names. The code then runs beside the event loop, and not everything that it touches can be seen.

There is no fix where one would be wrong: a lock is held, shared state is looked at before the call and changed after
it, an object belongs to one thread or is shared by requests, or the code needs the running loop.
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
