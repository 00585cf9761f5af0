"""A coroutine function handed to a thread, which gives a coroutine that nobody awaits.

Must change.
"""

import asyncio

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from journal import note

app = FastAPI()


async def load(n: int, *, times: int = 2) -> int:
    await asyncio.sleep(0)
    note("load", n)
    return n * times


@app.get("/value")
async def value():
    return str(await run_in_threadpool(load, 2, times=4)) == "8"
