"""An attribute chain on the result of a blocking call: an `await` needs parentheses there.

Must change.
"""

import os

import httpx
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


@app.get("/chain")
async def chain():
    query = httpx.get(UPSTREAM + "/slow?ms=400").raise_for_status().json()["query"]["ms"].zfill(6)
    note("query", query)
    return {"ms": query}


@app.get("/error")
async def error():
    return httpx.get(UPSTREAM + "/status/500").raise_for_status().json()
