"""An engine or pool created for each request.

## What it does

Reports the creation of SQLAlchemy engines, connection pools, and Mongo, Elasticsearch or Redis clients where request
handling reaches it.

## Why is this bad?

Each is a pool of its own that nobody uses twice: connections pile up until the server answers `too many connections`.
Where the pool is closed again they do not, and this is a warning.

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

## Fix safety

The fix is unsafe. What is made from constants by a constructor whose result all threads and requests may share, an
SQLAlchemy engine or a synchronous client of Redis for example, is made by a cached function of the module instead: when
the first request asks for it, and never again. There is no fix where the function closes the object, changes it,
returns it or hands it to other code, where an argument is not constant, and for what belongs to an event loop or
remembers whom it served, such as clients that keep cookies.
"""

from __future__ import annotations

from fastapi_lint.api import Creation, Severity

from ._creation import CreationRule


class EnginePerRequest(CreationRule):
    code = "FAL203"
    name = "engine-per-request"
    severity = Severity.ERROR
    kinds = frozenset({"engine"})
    cost = "its pool is never used twice"
    way_out = "create it once, at module level or in the lifespan"

    def severity_of(self, _creation: Creation) -> Severity | None:
        return Severity.WARNING if _creation.is_closed else None
