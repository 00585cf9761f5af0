"""A client of the module that nothing closes, in an application that is started twice.

Must not change: closed by the first shutdown, the client would be of no use to the second start.
"""

import os
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

UPSTREAM = os.environ["UPSTREAM"]
client = httpx.AsyncClient(base_url=UPSTREAM)


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index():
    return (await client.get("/slow?ms=1")).status_code


async def restarted():
    states = []
    for _ in range(2):
        async with lifespan(app):
            states.append(client.is_closed)
    return states
