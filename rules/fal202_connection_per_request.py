"""A database or broker connection opened for each request.

## What it does

Reports connect calls of database drivers and brokers where request handling reaches them.

## Why is this bad?

TCP, TLS and authentication take several round trips before the first query, and the server runs out of connections when
the load rises.

## Example

```python
import asyncpg
from fastapi import FastAPI

app = FastAPI()


@app.get("/users/count")
async def users() -> int:
    connection = await asyncpg.connect("postgresql://db/shop")
    return await connection.fetchval("select count(*) from users")
```

## Use instead

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, asyncpg.Pool]]:
    async with asyncpg.create_pool("postgresql://db/shop") as pool:
        yield {"pool": pool}


app = FastAPI(lifespan=lifespan)


@app.get("/users/count")
async def users(request: Request) -> int:
    return await request.state.pool.fetchval("select count(*) from users")
```

## Fix safety

There is no fix. Requests that share one connection would mix their transactions, and where a pool is made, how large it
is and who gives connections back to it, is for somebody who knows the server.
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._creation import CreationRule


class ConnectionPerRequest(CreationRule):
    code = "FAL202"
    name = "connection-per-request"
    severity = Severity.WARNING
    fix = None
    kinds = frozenset({"connection"})
    cost = "connecting takes several round trips"
    way_out = "take connections from a pool that the lifespan creates"
