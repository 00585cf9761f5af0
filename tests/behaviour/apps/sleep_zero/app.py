"""`time.sleep(0)` gives up the GIL, not the loop; a negative delay is an error that a twin would swallow.

May change or not; the error must stay.
"""

import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/zero")
async def zero():
    note("a")
    time.sleep(0)
    note("b")
    return {"slept": 0}


@app.get("/back")
async def back(seconds: float):
    try:
        time.sleep(seconds)
    except ValueError as error:
        note("refused", error)
        return {"refused": str(error)}
    return {"slept": seconds}
