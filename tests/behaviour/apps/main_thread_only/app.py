"""A helper that installs a signal handler and then blocks: Python allows that in the main thread alone.

Must not change.
"""

import asyncio
import signal
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def guarded(seconds: float) -> str:
    previous = signal.signal(signal.SIGTERM, lambda number, frame: note("signal", number))
    try:
        time.sleep(seconds)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, previous)
    return "guarded"


@app.get("/guarded", response_model=str)
async def route() -> str:
    await asyncio.sleep(0)
    return guarded(0.05)
