"""The result of a nap is used, and the nap stands inside of other expressions.

Must change: the twin returns None, too, and may stand wherever an expression may.
"""

import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/value")
async def value(skip: bool = False):
    result = [note("one"), skip or time.sleep(0.2), note("two"), not time.sleep(0.2)]
    return {"result": result, "again": time.sleep(0.01) is None and "yes"}
