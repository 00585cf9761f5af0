"""A call over several lines with comments inside, and the ways in which it fails.

Must change: nothing but the request blocks, and its arguments are plain values. The comments must stay.
"""

import os

import requests
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


@app.exception_handler(requests.HTTPError)
async def upstream_failed(request: Request, error: requests.HTTPError):
    note("handler", error.response.status_code)
    return JSONResponse({"upstream": error.response.status_code}, status_code=502)


@app.get("/items")
async def items(status: int = 200, ms: int = 0):
    response = requests.get(
        f"{UPSTREAM}/status/{status}",  # the path
        params={
            "ms": ms,  # how late
        },
        # nobody waits longer
        timeout=5,
    )
    response.raise_for_status()
    note("got", response.status_code)
    return response.json()["query"]


@app.get("/nowhere")
async def nowhere():
    requests.get("nonsense://nowhere", timeout=1)
