"""Caches without a limit, on functions, static methods and with types; one caches errors not, one is cleared.

May change; hits and misses of a few keys stay.
"""

import functools
from functools import cache, lru_cache

from fastapi import FastAPI
from journal import note

app = FastAPI()


@lru_cache(maxsize=None)
def square(n: int) -> int:
    note("square", n)
    if n < 0:
        raise ValueError(n)
    return n * n


@cache
def name(first: str, *, last: str = "x") -> str:
    note("name", first, last)
    return f"{first} {last}"


class Table:
    @staticmethod
    @functools.lru_cache(None, typed=True)
    def look(key: object) -> str:
        note("look", key)
        return repr(key)


@app.get("/square/{n}")
def get_square(n: int):
    return square(n)


@app.get("/name/{first}")
def get_name(first: str):
    return [name(first), name(first, last="y"), name(first)]


@app.get("/look/{n}")
def look(n: int):
    return [Table.look(n), Table.look(float(n)), Table.look(n)]


@app.delete("/cache")
def clear():
    hits = square.cache_info().hits
    square.cache_clear()
    return hits
