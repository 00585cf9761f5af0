"""Shared mutable state changed by request code.

## What it does

Reports statements of request handling that change a module-level or class-level list, dict or set, an object that a
module variable holds, or `app.state`, or an object that lives there and its own methods change, also those that are
handed over as a stream or to run in the background.

These stay silent:

- changes under a lock, which may be one of the project's own around a library's, or a place that one run at a time is
  given under a lock;
- tasks, locks, queues and clients that are kept, child processes and threads that a set or a list holds, the running
  loop, and tables of `multiprocessing.Manager()`;
- caches that their own code keeps small, with what it notes beside their entries, or renews when they are too old or
  their source has changed, and until when not to try again what has failed, if it is forgotten then;
- entries that only one connection or one run finds again (`stamps[id(websocket)]`, `authenticated[websocket]`), and
  what only the one task that a request has started keeps;
- how much of something goes on right now in this process (raised on the event loop, and lowered in a `finally`), and
  whose turn it is among its objects;
- what is made when the first request needs it, or once for a key of the configuration, if start-up makes the first
  call.

These are information:

- what is made so where start-up makes no such call, what each process reads anew for itself, and copies of what the
  object itself was made with;
- the time at which a statement runs, or up to which something holds (but not that up to which requests are refused);
- counts that no request is told (of each kind, too), sets that nobody looks at, and what middleware measures;
- tables of what goes on right now in this process: each run has an entry under a key of its own, and takes it out in a
  `finally`.

What the first request needs and makes of what it brings is a warning: all others get it, too.

## Why is this bad?

Requests interleave at every `await`, and sync endpoints run in parallel threads: they see each other's half-done
changes. Every worker process has its own copy, so the state differs from request to request, and it grows until a
restart.

## Example

```python
from fastapi import FastAPI

app = FastAPI()
visits: dict[str, int] = {}


@app.get("/visit/{name}")
async def visit(name: str) -> int:
    visits[name] = visits.get(name, 0) + 1
    return visits[name]
```

## Use instead

```python
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/visit/{name}")
async def visit(name: str, request: Request) -> int:
    return await request.state.redis.incr(f"visits:{name}")
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity

from ._state import advice, mild_message, report


class MutableGlobal(ProjectRule):
    code = "FAL301"
    name = "mutable-global"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Report]:
        for mutation in project.mutations():
            if mutation.rebinds or mutation.fills:
                continue
            mild = mild_message(mutation)
            if mild is not None:
                yield report(project, mutation, mild, Severity.INFO)
                continue
            yield report(project, mutation, advice(mutation, "changed"))
