"""`asyncio.run` and `run_until_complete` in loop code, where they only raise; and in threads, where they work.

Must change on the loop, and only there.
"""

import asyncio

from fastapi import FastAPI
from journal import note

app = FastAPI()


async def load(n: int) -> int:
    await asyncio.sleep(0)
    note("load", n)
    return n * 2


@app.get("/run")
async def run(n: int = 2):
    return {"n": asyncio.run(load(n)) + 1}


@app.get("/thread")
def in_thread(n: int = 2):
    return {"n": asyncio.run(load(n))}


@app.get("/offloaded")
async def offloaded():
    return await asyncio.to_thread(lambda: asyncio.run(load(5)))


def load_sync(n: int) -> int:
    return asyncio.run(load(n))


@app.get("/helper")
async def by_helper(n: int = 4):
    return {"n": load_sync(n)}
