"""A callable object as a dependency, with an async `__call__`; a class dependency whose `__init__` runs in a thread.

Must change in `__call__`. Its subclass calls it through `super()`, so it has to stay a coroutine function.
"""

import time

from fastapi import Depends, FastAPI
from journal import note


class Limiter:
    def __init__(self, name: str):
        self.name = name
        self.calls = 0

    async def __call__(self) -> int:
        note("limit", self.name)
        time.sleep(0.4)
        self.calls += 1
        return self.calls


class Strict(Limiter):
    async def __call__(self) -> int:
        calls = await super().__call__()
        note("strict", calls)
        return calls * 10


class Page:
    def __init__(self, number: int = 1):
        time.sleep(0.05)
        self.number = number


app = FastAPI()
soft, hard = Limiter("soft"), Strict("hard")


@app.get("/limited")
async def limited(page: Page = Depends(), a: int = Depends(soft), b: int = Depends(hard)):
    return [page.number, a, b]
