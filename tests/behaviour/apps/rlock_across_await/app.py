"""An RLock that is taken and released by hand around an await: it belongs to the thread that took it.

Must not change: taken in a worker thread, it could not be released on the loop.
"""

import asyncio
import threading

from fastapi import FastAPI
from journal import note

lock = threading.RLock()
app = FastAPI()


@app.get("/locked", response_model=str)
async def locked(fail: bool = False) -> str:
    lock.acquire()
    try:
        note("in")
        await asyncio.sleep(0)
        if fail:
            raise ValueError("inside")
    finally:
        lock.release()
        note("out")
    return "done"
