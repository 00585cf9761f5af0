"""A route that sets a context variable which a pure ASGI middleware reads when the route is done.

Must change, but not by dropping `async`: what a thread sets stays in the thread.
"""

import os
from contextvars import ContextVar

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
cost: ContextVar[int] = ContextVar("cost", default=0)


class Bill:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            note("cost", cost.get())


app = FastAPI()
app.add_middleware(Bill)


@app.get("/charge/{cents}")
async def charge(cents: int):
    requests.post(f"{UPSTREAM}/slow?ms=400", data=str(cents), timeout=5)
    cost.set(cost.get() + cents)
    return cost.get()
