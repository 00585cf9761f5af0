"""Calls inside of offloads that make the function to be offloaded.

Must not change: these calls give functions, and it is those that block.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from operator import methodcaller

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from journal import note

app = FastAPI()


def make_job(n: int) -> Callable[[], int]:
    note("make", n)

    def job() -> int:
        time.sleep(0.01)
        return n

    return job


class Job:
    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self) -> int:
        time.sleep(0.01)
        return self.n

    def run(self, times: int) -> int:
        time.sleep(0.01)
        return self.n * times


def choose(name: str) -> Callable[..., int]:
    return {"job": make_job(1), "class": Job(2)}[name]


@app.get("/made", response_model=int)
async def made() -> int:
    return await asyncio.to_thread(make_job(3))


@app.get("/partial", response_model=int)
async def by_partial() -> int:
    return await run_in_threadpool(partial(Job(4).run, 2))


@app.get("/object", response_model=int)
async def by_object() -> int:
    return await asyncio.to_thread(Job(5))


@app.get("/chosen/{name}", response_model=int)
async def chosen(name: str) -> int:
    return await run_in_threadpool(choose(name))


@app.get("/method", response_model=int)
async def by_method() -> int:
    return await asyncio.to_thread(getattr(Job(6), "run"), 2)


@app.get("/caller", response_model=int)
async def by_caller() -> int:
    return await asyncio.to_thread(methodcaller("run", 3), Job(7))
