"""What blocks for the first caller only: settings in a cached function, a client behind a guard.

Must not change: a thread for each request would be paid for ever for what blocks once, and two of them could both find
the client missing.
"""

import time
from functools import lru_cache

from fastapi import FastAPI
from journal import note

app = FastAPI()
client = None


@lru_cache
def get_settings() -> dict[str, str]:
    with open(__file__, encoding="utf-8") as file:
        note("read")
        return {"first": file.readline().strip()}


def get_client() -> object:
    global client
    if client is None:
        time.sleep(0.05)
        note("made")
        client = object()
    return client


@app.get("/first")
async def first():
    return get_settings()


@app.get("/second")
async def second():
    return get_settings()["first"].upper()


@app.get("/client")
async def same():
    return get_client() is get_client()
