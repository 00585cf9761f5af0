"""Sync generators that block, taken apart by `for`, `next`, `list`, `zip`, `yield from` and `close`.

May change; how far each generator runs, and when its clean-up comes, is behaviour.
"""

import asyncio
import time

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from journal import note

app = FastAPI()


def pages(name: str, count: int = 3):
    note(name, "opened")
    try:
        for number in range(count):
            time.sleep(0.04)
            note(name, number)
            yield number
    finally:
        note(name, "closed")


def both():
    yield from pages("x", 1)
    done = yield from pages("y", 1)
    note("done", done)


@app.get("/break")
async def until(stop: int):
    found = []
    for page in pages("p"):
        found.append(page)
        note("route", page)
        if page == stop:
            break
    else:
        note("all")
    await asyncio.sleep(0)
    return found


@app.get("/lazy")
async def lazy():
    one = pages("one")
    note("nothing ran")
    two = next(one)
    await asyncio.sleep(0)
    note("between")
    one.close()
    return [two, list(both()), sum(page * 2 for page in pages("sum", 2))]


@app.get("/zip")
async def zipped():
    await asyncio.sleep(0)
    first, second, *_ = zip(pages("a", 2), pages("b", 2))
    return [first, second, any(page == 0 for page in pages("any")), dict(enumerate(pages("e", 1)))]


@app.get("/stream")
async def stream():
    return StreamingResponse((f"{page}," for page in pages("s")), media_type="text/plain")
