"""Modules of the project that are named like libraries, and functions named like blocking ones.

Must not change: nothing here blocks, and nothing here comes from the libraries of these names.
"""

import asyncio

import clock
import redis
from fastapi import FastAPI
from journal import note
from subprocess_tools import run, sleep

app = FastAPI()
client = redis.Redis()


class Hand:
    """Has a `file` with a `read`, and is no upload."""

    def __init__(self, text: str) -> None:
        self.file = clock.Tape(text)


@app.get("/", response_model=list[str])
async def root(name: str = "n") -> list[str]:
    await asyncio.sleep(0)
    sleep(5)
    clock.sleep(5)
    client.set(name, run("x"))
    note("set", name)
    return [client.get(name), Hand("tape").file.read()]
