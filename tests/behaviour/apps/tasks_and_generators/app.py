"""Tasks whose result is dropped, and dependencies that are iterated by hand.

May change; tasks run to their end, errors go where they went, clean-up comes once.
"""

import asyncio

from fastapi import FastAPI
from journal import note

app = FastAPI()


async def get_db():
    note("open")
    try:
        yield {"rows": [1, 2]}
    finally:
        note("close")


async def log(text: str):
    await asyncio.sleep(0)
    note("log", text)


@app.get("/task")
async def task(text: str = "t"):
    asyncio.create_task(log(text))
    asyncio.ensure_future(log(text + "2")); note("started")
    await asyncio.sleep(0.02)
    return text


@app.get("/for")
async def by_for(fail: bool = False):
    async for db in get_db():
        if fail:
            raise ValueError("in loop")
        found = len(db["rows"])
    return found


@app.get("/next")
async def by_next():
    generator = get_db()
    db = await anext(generator)
    try:
        return db["rows"]
    finally:
        await generator.aclose()
        note("closed")
