"""A lock that is made by the function that takes it.

## What it does

Reports `asyncio`, `threading` and `multiprocessing` locks, semaphores and conditions that a function creates and takes
itself, and that nothing else can see: they are not stored, not handed over, not used by a function inside. Functions of
the project that return a new lock for each call count, too.

## Why is this bad?

Each call has a lock of its own, which is always free. Nobody ever waits, and what the lock is there to protect is
not protected.

## Example

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.post("/book")
async def book() -> None:
    lock = asyncio.Lock()
    async with lock:
        await asyncio.sleep(0.1)
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()
lock = asyncio.Lock()


@app.post("/book")
async def book() -> None:
    async with lock:
        await asyncio.sleep(0.1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity


class LockPerCall(ProjectRule):
    code = "FAL306"
    name = "lock-per-call"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Report]:
        for lock in project.own_locks():
            made = f"`{lock.maker}` makes a new `{lock.name}`" if lock.maker else f"`{lock.name}` is made"
            message = f"{made} for each call that takes it, so nobody ever waits; share one lock between the calls"
            yield Report(project.spot(lock.gid, lock.place), message, (), project.labels(lock.gid))
