"""Parameters, locals and module names called `asyncio`, `time`, `anyio`, `to_thread` and `run_in_threadpool`.

May change; every name must go on meaning what it means.
"""

import time
import time as clock

from fastapi import FastAPI
from journal import note

app = FastAPI()
to_thread = "a name of the module"


def run_in_threadpool(function, *args):
    note("own run_in_threadpool")
    return ["own", function(*args)]


def work(n: int) -> int:
    time.sleep(0.03)
    return n


@app.get("/parameter")
async def parameter(asyncio: int = 1, anyio: int = 2):
    time.sleep(0.03)
    return [asyncio, anyio, work(asyncio)]


@app.get("/local")
async def local():
    time.sleep(0.03)
    asyncio = work(5)
    time.sleep(0.03)
    return [asyncio, to_thread, run_in_threadpool(work, 6)]


@app.get("/loop")
async def in_loop():
    for asyncio in range(2):
        clock.sleep(0.03)
    return [work(n) for n in range(2)] + [asyncio]


@app.get("/shadowed")
async def shadowed(time: float = 0.5, sleep: str = "s"):
    clock.sleep(0.03)
    return [time, sleep, work(int(time * 2))]


@app.get("/nested")
async def nested():
    def asyncio():
        return "inner"

    clock.sleep(0.03)
    return [asyncio(), work(1)]


@app.get("/global")
async def global_name():
    global anyio
    anyio = work(9)
    clock.sleep(0.03)
    return anyio


@app.get("/class")
async def in_class():
    class asyncio:
        sleep = staticmethod(lambda seconds: note("own sleep", seconds))

    asyncio.sleep(3)
    time.sleep(0.03)
    return work(3)
