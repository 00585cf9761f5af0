"""`super().fetch()` without arguments, `__class__` and a blocking constructor.

Must change: `super()` has to be evaluated in the method, not in a thread or a nested function.
"""

import os

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]


class Base:
    def __init__(self, name: str, *, greet: bool = False):
        self.name = name
        if greet:
            self.hello = requests.get(f"{UPSTREAM}/slow", params={"ms": 300, "n": name}, timeout=5).json()["query"]["n"]

    def fetch(self, n: int) -> int:
        note(type(self).__name__, "fetch", n)
        return requests.get(f"{UPSTREAM}/slow", params={"ms": 300, "n": n}, timeout=5).json()["query"]["n"]


class Derived(Base):
    def fetch(self, n: int) -> int:
        note("never called by fetch_async")
        return -1

    async def fetch_async(self, n: int):
        return [super().fetch(n), __class__.__name__]


app = FastAPI()


@app.get("/super")
async def call_super():
    return await Derived("d").fetch_async(7)


@app.get("/init")
async def construct():
    made = Derived("ann", greet=True)
    return [made.name, made.hello]
