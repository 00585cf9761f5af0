"""Caches without a bound that requests fill: of texts, which may be computed again, and of locks and lists, which not.

Must change: those of texts get a bound. The locks of a key stay the same, and so do lists that callers fill.
"""

import threading
from functools import cache, lru_cache

from fastapi import FastAPI
from journal import note

app = FastAPI()


@cache
def slug(title: str) -> str:
    note("slug", title)
    return title.lower().replace(" ", "-")


@lru_cache(maxsize=None)
def size(title: str) -> int:
    note("size", title)
    return len(title)


@cache
def lock_of(key: str) -> threading.Lock:
    return threading.Lock()


@cache
def seen_by(name: str) -> list[str]:
    return []


@app.get("/slug")
async def get_slug(title: str):
    return [slug(title), size(title), slug(title)]


@app.get("/many")
async def many(n: int, key: str):
    first, names = lock_of(key), seen_by(key)
    for number in range(n):
        lock_of(f"{key}{number}")
        seen_by(f"{key}{number}").append(key)
    names.append(key)
    return [lock_of(key) is first, seen_by(key)]
