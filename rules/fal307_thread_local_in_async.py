"""`threading.local` used on the event loop.

## What it does

Reports reads and writes of the attributes of a `threading.local` in coroutines, and in functions that they call
directly, once for each function. Objects that are made where a test finds none, such as a connection for each thread,
stay silent, and so does what the manager of a `with` block stores if nothing in the block awaits.

## Why is this bad?

All coroutines run on one thread: what one request stores, the next one finds. At every `await` the user, the tenant or
the trace of one request becomes that of another.

## Example

```python
import threading

from fastapi import FastAPI

app = FastAPI()
current = threading.local()


@app.get("/{user}")
async def index(user: str) -> str:
    current.user = user
    return user
```

## Use instead

```python
from contextvars import ContextVar

from fastapi import FastAPI

app = FastAPI()
current_user: ContextVar[str] = ContextVar("current_user")


@app.get("/{user}")
async def index(user: str) -> str:
    current_user.set(user)
    return user
```

## Fix safety

There is no fix. What is set in a context variable in a thread or another task, such as that of an application below
`BaseHTTPMiddleware`, those that started it do not see; and whoever reads what is not set gets another error.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity


class ThreadLocalInAsync(ProjectRule):
    code = "FAL307"
    name = "thread-local-in-async"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Report]:
        for use in project.thread_locals():
            message = f"`{use.name}` of a `threading.local` is " + (
                "emptied for the thread of the event loop only: what another thread has set there stays; "
                if use.is_reset
                else "the same for all requests on the event loop; "
            )
            message += "use a `contextvars.ContextVar`"
            entered = any(arrival.entry is not None for arrival in use.way)
            labels = project.labels(use.gid) if entered else ()  # others may lead here on a thread of their own
            yield Report(project.spot(use.gid, use.place), message, project.way_in(use.way), labels)
