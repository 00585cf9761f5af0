"""Functions that are called where they should be handed over: they run on the loop, and their result is no function.

Must change.
"""

import asyncio
import time

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from journal import note

app = FastAPI()


def resize(n: int, *, times: int = 1) -> int:
    time.sleep(0.4)
    note("resize", n, times)
    return n * times


@app.get("/to_thread")
async def by_to_thread():
    return await asyncio.to_thread(resize(2, times=3))


@app.get("/threadpool")
async def by_threadpool():
    return {"n": await run_in_threadpool(resize(4))}
