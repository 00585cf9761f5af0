"""Helpers that block and end with StopIteration, which no future can carry.

May change if the end still arrives: offloaded as they are, the request would wait for ever (or get a RuntimeError).
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Feed:
    def __init__(self, *items: str):
        self.items = iter(items)

    def __iter__(self):
        return self

    def __next__(self) -> str:
        time.sleep(0.05)
        return next(self.items)


def take(feed: Feed) -> str:
    time.sleep(0.05)
    note("take")
    return next(feed)


@app.get("/next")
async def by_next():
    feed, seen = Feed("a", "b"), []
    await asyncio.sleep(0)
    while True:
        try:
            seen.append(next(feed))
        except StopIteration:
            break
    return [seen, next(feed, "default")]


@app.get("/take")
async def by_helper():
    feed, seen = Feed("a"), []
    await asyncio.sleep(0)
    try:
        seen.append(take(feed))
        seen.append(take(feed))
    except StopIteration as end:
        note("end", repr(end))
    return seen


@app.get("/for")
async def by_for():
    await asyncio.sleep(0)
    return [item.upper() for item in Feed("a", "b")]
