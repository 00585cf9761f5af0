"""A synchronous database round trip on the event loop.

## What it does

Reports each expression in loop code whose callee does a round trip with a synchronous driver or ORM session: DB-API
drivers, SQLAlchemy and SQLModel sessions, engines and queries, peewee, pymongo, redis and others. Building a query or
adding to a session is no round trip and stays silent.

A round trip, too, is the first read of a lazy relationship of an object that a synchronous session has loaded, be it in
a dependency that FastAPI runs in a thread: `user.orders` sends a SELECT from the loop. It is reported where all is seen
from the query to the attribute, and no option of the query or of the relationship loads it earlier.

## Why is this bad?

A slow query, a lock or an exhausted pool stops the whole worker; stalls of 1.7 s have been seen in production.

## Example

```python
import sqlite3

from fastapi import FastAPI

app = FastAPI()


def count_users(connection: sqlite3.Connection) -> int:
    return connection.execute("select count(*) from user").fetchone()[0]


@app.get("/users/count")
async def users() -> int:
    return count_users(sqlite3.Connection("shop.db"))
```

## Use instead

```python
import sqlite3

from fastapi import FastAPI

app = FastAPI()


def count_users(connection: sqlite3.Connection) -> int:
    return connection.execute("select count(*) from user").fetchone()[0]


@app.get("/users/count")
def users() -> int:
    return count_users(sqlite3.Connection("shop.db"))
```

## Fix safety

The fix is unsafe. A route or dependency that awaits nothing, and that nothing but its registration names, becomes a
plain `def`, which FastAPI runs in its thread pool. Elsewhere the call is awaited in a thread, in the way that the
project uses or `offload-style` names. The code then runs beside the event loop, and not everything that it touches can
be seen.

There is no fix where one would be wrong: a lock is held, shared state is looked at before the call and changed after
it, an object belongs to one thread or is shared by requests, or the code needs the running loop.
"""

from __future__ import annotations

from fastapi_lint.api import BlockingUse, Severity

from ._blocking import BlockingRule


class BlockingDatabase(BlockingRule):
    code = "FAL103"
    name = "blocking-database"
    severity = Severity.ERROR
    kind = "database"

    def way_out_of(self, use: BlockingUse) -> str:
        """FastAPI runs a `def` in a thread where it calls it; others that call handlers do not."""
        way_out = super().way_out_of(use)
        return f"make the function `def`, or {way_out}" if use.may_be_def and not use.needs_loop else way_out
