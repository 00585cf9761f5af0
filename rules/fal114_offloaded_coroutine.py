"""A coroutine function handed to a thread.

## What it does

Reports offloads of an `async def`, or of a `functools.partial` of one: `to_thread(f)`, `run_in_threadpool(f)`,
`run_in_executor(None, f)`.

## Why is this bad?

The thread calls the function, which makes a coroutine object and does nothing. Nobody awaits it, so its body never
runs.

## Example

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


async def refresh() -> None:
    await asyncio.sleep(1)


@app.post("/refresh")
async def index() -> None:
    await asyncio.to_thread(refresh)
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


async def refresh() -> None:
    await asyncio.sleep(1)


@app.post("/refresh")
async def index() -> None:
    await refresh()
```

## Fix safety

The fix is safe: nothing ran so far. There is none where the code awaits the coroutine that comes out of the thread, or
hands it on, or where the offload has options of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Applicability, Fix, Opener, Project, ProjectRule, Report, Severity, WrongOffload


class OffloadedCoroutine(ProjectRule):
    code = "FAL114"
    name = "offloaded-coroutine"
    severity = Severity.ERROR
    fix = Applicability.SAFE

    def check(self, project: Project) -> Iterator[Report]:
        for offload in project.offloads():
            if offload.given == "coroutine function":
                message = (
                    f"`{offload.target}` is async: in a thread it only makes a coroutine that nobody awaits; "
                    "`await` it directly"
                )
                yield Report(offload.spot, message, about=offload)

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.wrong_offload(report.about) if isinstance(report.about, WrongOffload) else None
