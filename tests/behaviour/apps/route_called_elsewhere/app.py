"""Route functions that other code awaits, gathers, starts as tasks and keeps in a registry.

Must change, and must stay coroutine functions, although none of them awaits anything.
"""

import asyncio
import inspect
import os

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


@app.get("/awaited")
async def awaited():
    return requests.get(f"{UPSTREAM}/slow?ms=300", timeout=5).json()["path"]


@app.get("/gathered")
async def gathered(n: int = 1):
    requests.get(f"{UPSTREAM}/slow?ms=300", timeout=5)
    return n


@app.get("/started")
async def started():
    note("started")
    return requests.get(f"{UPSTREAM}/slow?ms=300", timeout=5).status_code


@app.get("/registered")
async def registered():
    return requests.get(f"{UPSTREAM}/slow?ms=300", timeout=5).status_code + 1


HOOKS = {"status": registered}


@app.get("/all")
async def everything():
    first = await awaited()
    second = await asyncio.gather(gathered(1), gathered(2))
    task = asyncio.create_task(started())
    note("task", inspect.iscoroutinefunction(started))
    third = await task
    return [first, second, third, await HOOKS["status"]()]
