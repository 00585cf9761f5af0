"""`asyncio` is imported, used and deleted again, or imported in a branch that does not run, or bound to nothing.

May change; the name must exist where it is used.
"""

import asyncio
import sys
import time

from fastapi import FastAPI
from journal import note

VERSION = asyncio.__name__
del asyncio

try:
    import no_such_library_anywhere as anyio
except ImportError:
    anyio = None

if sys.platform == "no such platform":
    from fastapi.concurrency import run_in_threadpool

app = FastAPI()


def work(n: int) -> int:
    time.sleep(0.05)
    return n


@app.get("/")
async def root(n: int = 1):
    time.sleep(0.05)
    note("slept", VERSION, anyio)
    return [work(n), VERSION, anyio]
