"""`state["n"] += slow()` and `self.total += slow()` on shared state: the old value is read before the call.

May change if no increment gets lost: with an `await` on the right, all requests at once would add to the same value.
"""

import time

from fastapi import FastAPI

app = FastAPI()
state = {"n": 0}


class Scale:
    def __init__(self):
        self.total = 0

    async def add(self, grams: int):
        self.total += weigh(grams)


scale = Scale()


def weigh(grams: int) -> int:
    time.sleep(0.1)
    return grams


@app.post("/add/{n}")
async def add(n: int):
    state["n"] += weigh(n)
    await scale.add(n)
    return {}


@app.get("/total")
async def total():
    return [state["n"], scale.total]
