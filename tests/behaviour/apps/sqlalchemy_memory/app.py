"""SQLAlchemy on an in-memory SQLite database, whose pool gives every thread a database of its own.

Must not change: in a worker thread the table does not exist.
"""

import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import create_engine, text

engine = create_engine("sqlite://")
with engine.begin() as setup:
    setup.execute(text("create table hit (n integer)"))


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/hit", response_model=int)
async def hit(n: int) -> int:
    await asyncio.sleep(0)
    with engine.begin() as connection:
        connection.execute(text("insert into hit values (:n)"), {"n": n})
        return connection.execute(text("select sum(n) from hit")).scalar_one()
