"""Blocking calls in statements that are easy to forget.

Must change: all of them may hold an `await`, and each has an order of its own.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Refused(Exception):
    pass


def slow(value):
    time.sleep(0.1)
    note("slow", value)
    return value


def index(value):
    note("index", value)
    return value


@app.get("/targets")
async def targets():
    await asyncio.sleep(0)
    total = 1
    total += slow(2)
    total *= slow(total)
    table = {"a": 1, "b": 2}
    table[index("c")] = slow(3)
    table[slow("d")] = index(4)
    del table[slow("a")]
    typed: int = slow(5)
    if (n := slow(6)) > 5 and (m := slow(n)):
        total += m
    while slow(total) > 10: total = slow(3)
    assert slow(True), slow("never")
    return {"total": total, "table": table, "typed": typed, "n": n}


@app.get("/raises/{kind}")
async def raises(kind: str):
    await asyncio.sleep(0)
    if kind == "assert":
        assert slow(0), slow("text")
    try:
        if kind == "raise": raise slow(Refused("no")) from slow(ValueError("cause"))
    except (slow(KeyError), slow(IndexError)):
        note("wrong")
    finally:
        note("finally", slow(kind))
    return slow({"kind": kind})


@app.exception_handler(Refused)
async def refused(request, error):
    from fastapi.responses import PlainTextResponse
    return PlainTextResponse(f"{error} because of {error.__cause__!r}", status_code=403)
