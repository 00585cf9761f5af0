"""A project that uses `run_in_threadpool` in one module; another module blocks, with an effect after an error.

Must change.
"""

from fastapi import FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from journal import note

import gateway

app = FastAPI()


@app.get("/good")
async def good(q: str):
    return await run_in_threadpool(gateway.search, q, limit=3)


@app.get("/bad")
async def bad(q: str):
    try:
        found = gateway.search(q, limit=2)
    except gateway.GatewayError as error:
        note("gateway said", error)
        raise HTTPException(502, detail=str(error)) from error
    else:
        note("found")
    finally:
        note("done")
    return found
