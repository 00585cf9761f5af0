"""Every argument leaves a mark: the order of evaluation must survive, also when one of them fails.

Must change: `await offload(f, a(), *b(), k=c(), **d())` keeps the order.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def mark(value, fail: bool = False):
    note("mark", value)
    if fail:
        raise KeyError(value)
    return value


def work(*args, **kwargs):
    note("work", args, sorted(kwargs.items()))
    time.sleep(0.4)
    return [list(args), kwargs]


def combine(*args, **kwargs):
    note("combine", args, sorted(kwargs.items()))
    return {"args": args, "kwargs": kwargs}


@app.get("/all")
async def everything(fail: bool = False):
    return work(mark(1), *mark([2, 3]), mark(4), func=mark("f"), **mark({"k": 1, "self": 2}), last=mark("l", fail))


@app.get("/between")
async def between(fail: bool = False):
    await asyncio.sleep(0)
    return combine(mark("a"), work(mark("b")), mark("c", fail), key=work(mark("d"), mark("e")), end=mark("z"))
