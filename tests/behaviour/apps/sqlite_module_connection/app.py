"""One sqlite3 connection, made at import, with the same-thread check; used between awaits.

Must not change: in any other thread every call on it is a ProgrammingError.
"""

import asyncio
import sqlite3
from contextlib import asynccontextmanager

from fastapi import FastAPI
from journal import note

connection = sqlite3.connect(":memory:")
connection.execute("create table item (name text unique)")


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    connection.close()


app = FastAPI(lifespan=lifespan)


def insert(name: str) -> int:
    cursor = connection.execute("insert into item values (?)", (name,))
    connection.commit()
    return cursor.lastrowid or 0


@app.post("/items/{name}", response_model=dict[str, int])
async def add(name: str) -> dict[str, int]:
    await asyncio.sleep(0)
    try:
        row = insert(name)
    except sqlite3.IntegrityError as error:
        note("twice", error)
        connection.rollback()
        row = 0
    return {"row": row}


@app.get("/count", response_model=int)
async def count() -> int:
    return connection.execute("select count(*) from item").fetchone()[0]
