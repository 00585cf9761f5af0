"""A connection that is made by the first request that needs it, with a blocking handshake.

May change if it is still made once: with an `await` between the check and the assignment, every early request makes one.
"""

import time

from fastapi import Depends, FastAPI
from journal import note

app = FastAPI()
connection = None
cache: dict[str, int] = {}


class Connection:
    count = 0

    def __init__(self):
        time.sleep(0.05)
        Connection.count += 1
        self.number = Connection.count
        note("connected")


async def get_connection() -> Connection:
    global connection
    if connection is None:
        connection = Connection()
    return connection


def compute(key: str) -> int:
    time.sleep(0.05)
    note("computed", key)
    return len(key)


@app.get("/number")
async def number(connection: Connection = Depends(get_connection)):
    return connection.number


@app.get("/cached/{key}")
async def cached(key: str):
    if key not in cache:
        cache[key] = compute(key)
    return cache[key]
