"""Thread-local state: written on the loop, read by helpers that block.

May change if the helpers still find what was written; in a worker thread they would not.
"""

import asyncio
import threading
import time

from fastapi import FastAPI
from journal import note

local = threading.local()
app = FastAPI()


def whoami() -> str:
    time.sleep(0.05)
    return getattr(local, "name", "nobody")


def remember(name: str) -> None:
    time.sleep(0.05)
    local.name = name


@app.get("/a/{name}")
async def write_on_loop(name: str):
    local.name = name
    await asyncio.sleep(0)
    return {"is": whoami()}


@app.get("/b/{name}")
async def write_in_helper(name: str):
    await asyncio.sleep(0)
    remember(name)
    note("local", getattr(local, "name", "nobody"))
    return {"is": local.name}
