"""A pure ASGI middleware whose `send` wrapper blocks, and a BaseHTTPMiddleware with a helper.

Must change: `__call__`, `dispatch` and `send` are awaited by others.
"""

import time

from fastapi import FastAPI
from journal import note
from starlette.middleware.base import BaseHTTPMiddleware


class Timing:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_later(message):
            if message["type"] == "http.response.start":
                time.sleep(0.3)
                message["headers"].append((b"x-late", b"yes"))
            note("send", message["type"])
            await send(message)

        await self.app(scope, receive, send_later)


class Slow(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        self.think()
        note("dispatch")
        return await call_next(request)

    def think(self):
        time.sleep(0.3)
        note("thought")


app = FastAPI()
app.add_middleware(Timing)
app.add_middleware(Slow)


@app.get("/")
async def root():
    return {"root": True}
