"""An async generator dependency that blocks before and after its `yield`, with errors passing through.

Must change in place: a generator cannot lose its `async` without moving its clean-up into another thread.
"""

import time

from fastapi import Depends, FastAPI, HTTPException
from journal import note

app = FastAPI()


async def unit_of_work():
    note("begin")
    time.sleep(0.2)
    work = {"state": "open"}
    try:
        yield work
    except ValueError as error:
        note("rollback", error)
        time.sleep(0.2)
        raise
    else:
        note("commit", work)
        time.sleep(0.2)
    finally:
        note("close")


@app.get("/work")
async def do_work(fail: str = "", work: dict = Depends(unit_of_work)):
    work["state"] = "done"
    note("route")
    if fail == "value":
        raise ValueError("broken")
    if fail == "http":
        raise HTTPException(409)
    return work
