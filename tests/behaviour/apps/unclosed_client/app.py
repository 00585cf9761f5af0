"""Clients and engines that the lifespan makes and nothing closes.

Must change: each is closed at the end, after all that uses it there.
"""

import os
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from journal import note

UPSTREAM = os.environ["UPSTREAM"]


class Watched(httpx.AsyncClient):
    """Tells where it is used, and never where it is closed."""

    async def get(self, *args, **kwargs):
        note("get", self.is_closed)
        return await super().get(*args, **kwargs)


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.client = httpx.AsyncClient(base_url=UPSTREAM)
    watched: httpx.AsyncClient = Watched(base_url=UPSTREAM)
    app.state.watched = watched
    try:
        yield
    finally:
        response = await app.state.client.get("/slow?ms=1")
        note("goodbye", response.status_code, app.state.client.is_closed)
        await watched.get("/slow?ms=1")


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index(request: Request):
    response = await request.app.state.client.get("/slow?ms=1")
    await request.app.state.watched.get("/slow?ms=1")
    return response.status_code
