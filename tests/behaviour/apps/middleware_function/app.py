"""`@app.middleware("http")` that blocks before and after the route, and sees its errors.

Must change: a middleware is awaited by the framework, it has to stay async.
"""

import hashlib
import time

from fastapi import FastAPI, Request
from journal import note

app = FastAPI()


@app.middleware("http")
async def sign(request: Request, call_next):
    note("in", request.url.path)
    time.sleep(0.4)
    try:
        response = await call_next(request)
    except RuntimeError as error:
        note("error", error)
        raise
    response.headers["x-signature"] = hashlib.sha256(request.url.path.encode()).hexdigest()[:8]
    note("out")
    return response


@app.get("/ok")
async def ok():
    note("route")
    return {}


@app.get("/broken")
async def broken():
    raise RuntimeError("broken")
