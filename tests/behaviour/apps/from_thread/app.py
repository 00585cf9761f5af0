"""Coroutines that sync code hands to the loop from worker threads.

Must change in place: `from_thread.run` and `run_coroutine_threadsafe` need coroutines.
"""

import asyncio
import time

import anyio.from_thread
from fastapi import FastAPI
from journal import note

app = FastAPI()


async def notify(name: str) -> str:
    time.sleep(0.4)
    note("notified", name)
    return name


@app.get("/anyio")
def by_anyio():
    return anyio.from_thread.run(notify, "anyio")


async def get_loop():
    return asyncio.get_running_loop()


@app.get("/asyncio")
def by_asyncio():
    loop = anyio.from_thread.run(get_loop)
    return asyncio.run_coroutine_threadsafe(notify("asyncio"), loop).result(5)
