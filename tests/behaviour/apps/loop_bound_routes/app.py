"""Routes that await nothing and block, and still need the loop: they start tasks and read the loop's clock.

Must change, but not by dropping `async`.
"""

import asyncio
import os

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()
tasks = set()


async def announce(name: str):
    note("announced", name)


@app.post("/task/{name}")
async def start(name: str):
    said = requests.get(f"{UPSTREAM}/slow?ms=400", timeout=5).json()
    task = asyncio.create_task(announce(name), name=said["path"])
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task.get_name()


@app.get("/clock")
async def clock():
    before = asyncio.get_running_loop().time()
    requests.get(f"{UPSTREAM}/slow?ms=400", timeout=5)
    return asyncio.get_running_loop().time() - before > 0.35
