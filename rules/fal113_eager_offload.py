"""A function called on the event loop in the attempt to offload it.

## What it does

Reports offloads that are given the result of a call where they want the function: `to_thread(f(x))`,
`run_in_threadpool(f(x))`, `executor.submit(f(x))`. Calls that return another function are fine.

## Why is this bad?

`f(x)` runs first, on the event loop; then a thread tries to call its result and fails.

## Example

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


def total(n: int) -> int:
    return sum(range(n))


@app.get("/total")
async def index(n: int) -> int:
    return await asyncio.to_thread(total(n))
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


def total(n: int) -> int:
    return sum(range(n))


@app.get("/total")
async def index(n: int) -> int:
    return await asyncio.to_thread(total, n)
```

## Fix safety

The fix is unsafe: the function runs in the thread, later than it did, and its result is no longer called. There is none
where the offload has further arguments or cannot hand on keywords.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Applicability, Fix, Opener, Project, ProjectRule, Report, Severity, WrongOffload


class EagerOffload(ProjectRule):
    code = "FAL113"
    name = "eager-offload"
    severity = Severity.ERROR
    fix = Applicability.UNSAFE

    def check(self, project: Project) -> Iterator[Report]:
        for offload in project.offloads():
            if offload.given == "result":
                message = (
                    f"`{offload.target}` runs on the event loop, and its result goes to `{offload.api}`; "
                    "pass the function and its arguments separately"
                )
                yield Report(offload.spot, message, about=offload)

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.wrong_offload(report.about) if isinstance(report.about, WrongOffload) else None
