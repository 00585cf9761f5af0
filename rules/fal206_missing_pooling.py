"""Database connections that are not pooled: one for all, or a new one for each query.

## What it does

Reports, in the application's own code:

- a driver's connection that a module opens once and requests use,
- engines with `NullPool`, `StaticPool` or `SingletonThreadPool`,
- pools of one connection,
- as information, pools of synchronous engines that are told to be smaller than the 40 threads in which FastAPI runs
  `def` endpoints, where a `def` dependency hands out sessions.

SQLite, functions as a service, and files that name PgBouncer or another pooler stay silent.

## Why is this bad?

One connection does one query at a time, all others wait; its transaction is everybody's, and when the server drops it
nobody connects again. Without a pool each query pays for TCP, TLS and authentication.

## Example

```python
import psycopg
from fastapi import FastAPI

app = FastAPI()
connection = psycopg.connect("postgresql://db/shop")


@app.get("/users/count")
def users() -> int:
    return connection.execute("select count(*) from users").fetchone()[0]
```

## Use instead

```python
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from psycopg_pool import ConnectionPool


@contextmanager
def pool() -> Iterator[ConnectionPool]:
    with ConnectionPool("postgresql://db/shop", max_size=40) as made:
        yield made


app = FastAPI()


@app.get("/users/count")
def users(request: Request) -> int:
    with request.state.pool.connection() as connection:
        return connection.execute("select count(*) from users").fetchone()[0]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity, WeakPool


class MissingPooling(ProjectRule):
    code = "FAL206"
    name = "missing-pooling"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Report]:
        for shared in project.shared_sessions():
            if shared.driver and shared.where == "module level":
                message = (
                    f"`{shared.holder}` is one connection (`{shared.type}`) for all requests, which wait for each "
                    "other; use a pool"
                )
                yield Report(project.spot(shared.gid, shared.place), message)
        for weak in project.weak_pools():
            severity = Severity.INFO if weak.reason == "few" else None
            spot = project.spot(weak.resource.frame.gid, weak.resource.call.place)
            yield Report(spot, _message(weak), (), (), severity)


def _message(weak: WeakPool) -> str:
    name = weak.resource.call.name
    if weak.reason == "class":
        return f"`{name}` with `{weak.detail}` does not pool connections; leave `poolclass` out"
    if weak.reason == "one":
        return f"`{name}` makes a pool of one connection, and all requests wait for it; give it a larger one"
    return (
        f"`{name}` allows {weak.detail} connections, but `def` endpoints and dependencies run in up to 40 threads; "
        "raise `pool_size`, or the threads wait for each other"
    )
