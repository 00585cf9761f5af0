"""Modules of the project called `asyncer` and `concurrency`, with functions that look like offloads and are none.

May change: what is used must be the library's, not the project's.
"""

import asyncio
import time

from asyncer import asyncify
from concurrency import run_in_threadpool
from fastapi import FastAPI
from journal import note

app = FastAPI()


def work(n: int, *, times: int = 1) -> int:
    time.sleep(0.05)
    note("work", n)
    return n * times


@app.get("/own")
async def own():
    await asyncio.sleep(0)
    return [asyncify(work)(1), run_in_threadpool(work)]


@app.get("/blocking")
async def blocking(n: int):
    await asyncio.sleep(0)
    return work(n, times=2)
