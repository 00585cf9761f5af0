"""Blocking work that is already in threads, in every common way.

Must not change: there is nothing to fix.
"""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
import requests
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

UPSTREAM = os.environ["UPSTREAM"]
pool = ThreadPoolExecutor(2)


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    pool.shutdown()


app = FastAPI(lifespan=lifespan)


def fetch(path: str, ms: int = 0) -> str:
    return requests.get(UPSTREAM + path, params={"ms": ms}, timeout=5).json()["path"]


@app.get("/chain", response_model=str)
async def chain() -> str:
    first = await asyncio.to_thread(fetch, "/a", ms=10)
    second = await run_in_threadpool(fetch, first + "/b")
    third = await anyio.to_thread.run_sync(partial(fetch, second, ms=10))
    loop = asyncio.get_running_loop()
    fourth = await loop.run_in_executor(None, fetch, third + "/d")
    return await loop.run_in_executor(pool, lambda: fetch(fourth))


@app.get("/nap", response_model=str)
async def nap() -> str:
    await asyncio.to_thread(time.sleep, 0.05)
    return "slept"


@app.get("/inner", response_model=str)
async def by_inner() -> str:
    def inner() -> str:
        time.sleep(0.01)
        return fetch("/inner")

    return await asyncio.to_thread(inner)


@app.get("/lambda", response_model=str)
async def by_lambda() -> str:
    return await asyncio.wait_for(asyncio.to_thread(lambda: time.sleep(0.01) or fetch("/lambda")), 5)


@app.get("/sync", response_model=str)
def in_thread() -> str:
    time.sleep(0.01)
    return fetch("/sync")
