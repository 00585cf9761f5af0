"""Sync callbacks that the loop calls, and a sync function that is called from loop code and from threads.

May change; callbacks have to stay sync, and their order stays.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def ring(name: str) -> None:
    time.sleep(0.03)
    note("ring", name)


@app.get("/later")
async def later():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_soon(ring, "soon")
    loop.call_later(0.01, lambda: (ring("later"), done.set_result("x")))
    task = asyncio.ensure_future(asyncio.sleep(0))
    task.add_done_callback(lambda task: ring("callback"))
    await task
    note("awaited")
    return await done


@app.get("/both")
async def both():
    await asyncio.sleep(0)
    ring("loop")
    await asyncio.to_thread(ring, "thread")
    await asyncio.gather(*(asyncio.to_thread(ring, "many") for _ in range(2)))
    return "ok"
