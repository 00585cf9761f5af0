"""An engine or pool created for each request.

## What it does

Reports the creation of SQLAlchemy engines, connection pools, and Mongo, Elasticsearch or Redis clients where request
handling reaches it.

## Why is this bad?

Each is a pool of its own that nobody uses twice: connections pile up until the server answers `too many connections`.

## Example

```python
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

app = FastAPI()


@app.get("/users/count")
async def users() -> int:
    engine = create_async_engine("postgresql+asyncpg://db/shop")
    async with engine.connect() as connection:
        return (await connection.execute(text("select count(*) from users"))).scalar_one()
```

## Use instead

```python
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

app = FastAPI()
engine = create_async_engine("postgresql+asyncpg://db/shop")


@app.get("/users/count")
async def users() -> int:
    async with engine.connect() as connection:
        return (await connection.execute(text("select count(*) from users"))).scalar_one()
```
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._creation import CreationRule


class EnginePerRequest(CreationRule):
    code = "FAL203"
    name = "engine-per-request"
    severity = Severity.ERROR
    kinds = frozenset({"engine"})
    cost = "its pool is never used twice"
    way_out = "create it once, at module level or in the lifespan"
