"""`__aenter__`, `__aexit__`, `__anext__` and an async context manager that block.

Must change in place: the protocols demand coroutines, whatever the bodies await.
"""

import time
from contextlib import asynccontextmanager

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Connection:
    async def __aenter__(self):
        note("enter")
        time.sleep(0.2)
        return self

    async def __aexit__(self, kind, error, trace):
        time.sleep(0.2)
        note("exit", kind and kind.__name__)
        return kind is KeyError

    def __aiter__(self):
        self.left = 3
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        time.sleep(0.2)
        return self.left


@asynccontextmanager
async def transaction():
    time.sleep(0.2)
    note("begin")
    try:
        yield
    except LookupError:
        note("rollback")
        raise
    else:
        note("commit")


@app.get("/use")
async def use(fail: bool = False):
    async with Connection() as connection, transaction():
        seen = [item async for item in connection]
        if fail:
            raise KeyError("x")
        return {"seen": seen}
    return {"swallowed": True}
