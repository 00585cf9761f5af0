"""A nap in a route, between two effects and before two kinds of errors.

Must change: `time.sleep` has an exact twin on the loop.
"""

import time

from fastapi import FastAPI, HTTPException
from journal import note

app = FastAPI()


@app.get("/nap")
async def nap(fail: str = ""):
    note("before")  # first
    time.sleep(0.4)  # the upstream needs a moment
    note("after")
    if fail == "http":
        raise HTTPException(status_code=418, detail="teapot")
    if fail == "value":
        raise ValueError("no value")
    return {"napped": True}
