"""A coroutine function handed to a thread, whose coroutine is awaited afterwards: roundabout, and right.

May change if the value still comes.
"""

import asyncio

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from journal import note

app = FastAPI()


async def load(n: int) -> int:
    await asyncio.sleep(0)
    note("load", n)
    return n * 2


@app.get("/twice")
async def twice():
    return await (await run_in_threadpool(load, 3))


@app.get("/later")
async def later():
    coroutine = await run_in_threadpool(load, 4)
    note("made")
    return await coroutine


@app.get("/gather")
async def gathered():
    return await asyncio.gather(await asyncio.to_thread(load, 5), await asyncio.to_thread(load, 6))
