"""A module variable rebound by request code.

## What it does

Reports assignments in request handling to names that the function declares `global`, or `nonlocal` where the outer
function is an application factory. Objects that are made once, when the first request needs them (`if client is None`),
are reported as information, once for all that one test lets set; not at all if a lock is held, if what is made is a
lock, a task or a queue, or if start-up makes the first call, or the factory of the application where it adds the route.
What it makes of what the request brings is a warning. A time at which the statement runs, from which a condition counts
(`if now - last > 60`), or up to which something holds, is information, too, also where it is set back, unless requests
are refused up to it (`if now < blocked_until: raise`), and so is a count that only says when to do something again, or
that no request is told, and a text that only code reads which nothing known runs (`last_failure = "queue_full"`); how
much of something goes on right now in this process is silent if it is raised on the event loop and lowered in a
`finally`. A value that is read anew when that time has passed is a cache, and silent with its time, also where it is
emptied to be read anew.

## Why is this bad?

The new value holds for whichever request comes next, in this worker process only, and until it restarts: with two
workers half of the requests see the old one. An object made by the first request makes that request slow, and two
requests that come first at the same time may make two.

## Example

```python
from fastapi import FastAPI

app = FastAPI()
banner = "Welcome"


@app.put("/banner")
async def set_banner(text: str) -> None:
    global banner
    banner = text
```

## Use instead

```python
from fastapi import FastAPI, Request

app = FastAPI()


@app.put("/banner")
async def set_banner(text: str, request: Request) -> None:
    await request.state.redis.set("banner", text)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity

from ._state import advice, mild_message, report


class ReboundGlobal(ProjectRule):
    code = "FAL302"
    name = "rebound-global"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Report]:
        for mutation in project.mutations():
            if not mutation.rebinds:
                continue
            mild = mild_message(mutation)
            if mild is not None:
                yield report(project, mutation, mild, Severity.INFO)
                continue
            yield report(project, mutation, advice(mutation, "rebound"))
