"""A blocking helper that sets a context variable which the route, a second helper and a task read afterwards.

Must not change: what a thread sets stays in its copy of the context.
"""

import asyncio
import time
from contextvars import ContextVar

from fastapi import FastAPI
from journal import note

trace: ContextVar[str] = ContextVar("trace", default="none")
app = FastAPI()


def authenticate(name: str) -> None:
    time.sleep(0.05)
    trace.set(name)


async def show() -> str:
    await asyncio.sleep(0)
    return trace.get()


@app.get("/who/{name}", response_model=list[str])
async def who(name: str) -> list[str]:
    authenticate(name)
    note("trace", trace.get())
    shown = await show()
    return [shown, trace.get()]
