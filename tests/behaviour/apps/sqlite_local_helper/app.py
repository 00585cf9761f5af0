"""A helper that opens, queries slowly and closes its own sqlite3 connection.

Must change: the helper as a whole is safe in a thread, one call of it at a time is not enough.
"""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from fastapi import FastAPI
from journal import note

PATH = Path(os.environ["SCRATCH"], "shop.db")
app = FastAPI()


def query(sql: str, *values: object) -> list[tuple]:
    with closing(sqlite3.connect(PATH)) as connection, connection:
        connection.create_function("nap", 1, lambda ms: time.sleep(ms / 1000))
        rows = connection.execute(sql, values).fetchall()
    note("rows", rows)
    return rows


@app.get("/slow")
async def slow(ms: int):
    return query("select nap(?), 7", ms)


@app.get("/wrong")
async def wrong():
    try:
        return query("select * from missing")
    except sqlite3.OperationalError as error:
        return {"error": str(error)}
