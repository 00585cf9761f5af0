"""Blocking helpers that read context variables, and a request id that every log line carries.

Must change: a thread that gets a copy of the context reads the same.
"""

import time
from contextvars import ContextVar

from fastapi import FastAPI, Request
from journal import note

request_id: ContextVar[str] = ContextVar("request_id")
app = FastAPI()


@app.middleware("http")
async def set_id(request: Request, call_next):
    token = request_id.set(request.headers.get("x-id", "?"))
    try:
        return await call_next(request)
    finally:
        request_id.reset(token)


def log(text: str) -> str:
    time.sleep(0.4)
    note(request_id.get(), text)
    return f"{request_id.get()} {text}"


@app.get("/log/{text}")
async def write(text: str):
    own = request_id.set(request_id.get() + "+")
    line = log(text)
    request_id.reset(own)
    return [line, request_id.get()]
