"""A sqlite3 connection made by the lifespan and reached through `request.app.state` and a dependency.

Must not change: the connection belongs to the thread of the loop.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.db = sqlite3.connect(":memory:")
    app.state.db.execute("create table hit (path text)")
    yield
    app.state.db.close()


async def get_db(request: Request) -> sqlite3.Connection:
    await asyncio.sleep(0)
    return request.app.state.db


app = FastAPI(lifespan=lifespan)
Db = Annotated[sqlite3.Connection, Depends(get_db)]


@app.get("/hit", response_model=list[str])
async def hit(request: Request, db: Db) -> list[str]:
    with db:
        db.execute("insert into hit values (?)", (request.url.path,))
    await asyncio.sleep(0)
    return [row[0] for row in db.execute("select path from hit limit 10")]
