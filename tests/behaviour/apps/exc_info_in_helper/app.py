"""Helpers that block and look at the exception being handled: `sys.exc_info()`, `format_exc()`, a bare `raise`.

Must not change: there is no exception being handled in another thread.
"""

import asyncio
import sys
import time
import traceback

from fastapi import FastAPI
from journal import note

app = FastAPI()


def log_failure() -> str:
    time.sleep(0.05)
    note("handling", sys.exc_info()[0])
    return traceback.format_exc().strip().splitlines()[-1]


def give_up() -> None:
    time.sleep(0.05)
    raise


@app.get("/log", response_model=str)
async def log() -> str:
    try:
        await asyncio.sleep(0)
        raise LookupError("lost")
    except LookupError:
        return log_failure()


@app.get("/reraise", response_model=str)
async def reraise() -> str:
    try:
        await asyncio.sleep(0)
        raise LookupError("lost again")
    except LookupError:
        give_up()
    return "never"
