"""`asyncio` and `anyio` are imported for type checkers only, or in one other function only.

Must change: what is needed at run time must be imported at run time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import FastAPI
from journal import note

if TYPE_CHECKING:
    import asyncio
    from asyncio import to_thread

app = FastAPI()
queues: dict[str, asyncio.Queue[str]] = {}


def other() -> str:
    import asyncio

    return asyncio.__name__


@app.get("/nap")
async def nap() -> str:
    time.sleep(0.4)
    note("slept")
    return "ok"


def helper(n: int, *, times: int) -> int:
    time.sleep(0.4)
    return n * times


@app.get("/help")
async def help_me() -> int:
    return helper(2, times=3)


@app.get("/other")
async def call_other() -> str:
    return other()
