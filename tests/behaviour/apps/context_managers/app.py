"""Sync context managers that block on the way in or out, with awaits and returns inside.

May change; a `with` has to enter, leave, swallow and bind as before.
"""

import asyncio
import time
from contextlib import ExitStack, contextmanager

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Gate:
    def __init__(self, name: str, swallow: bool = False):
        self.name = name
        self.swallow = swallow

    def __enter__(self):
        time.sleep(0.03)
        note("enter", self.name)
        return self.name

    def __exit__(self, kind, error, trace):
        time.sleep(0.03)
        note("exit", self.name, kind and kind.__name__, trace is not None)
        return self.swallow


@contextmanager
def timed(name: str):
    time.sleep(0.03)
    note("start", name)
    try:
        yield len(name)
    except ValueError as error:
        note("timed saw", error)
        raise RuntimeError(name) from error
    finally:
        time.sleep(0.03)
        note("stop", name)


@app.get("/with")
async def with_blocks(fail: bool = False):
    with Gate("a") as a, Gate("b", swallow=True) as b, timed("c") as c:
        await asyncio.sleep(0)
        if fail:
            raise ValueError(a + b)
        note("inside", a, b, c)
        return [a, b, c]
    return "swallowed"


@app.get("/stack")
async def with_stack():
    with ExitStack() as stack:
        names = [stack.enter_context(Gate(name)) for name in "xy"]
        stack.callback(time.sleep, 0.03)
        await asyncio.sleep(0)
        stack.push(lambda *exc: note("pushed", exc[0]))
    return names


@timed("decorator")
def decorated(n: int) -> int:
    return n


@app.get("/decorated")
async def call_decorated():
    await asyncio.sleep(0)
    return decorated(3)
