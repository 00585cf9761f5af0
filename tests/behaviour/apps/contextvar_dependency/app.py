"""An async dependency that sets a context variable for the route, and naps.

Must change, but not by dropping `async`: a dependency in a thread sets the variable in a copy of the context.
"""

import time
from contextvars import ContextVar

from fastapi import Depends, FastAPI
from journal import note

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


async def set_tenant(name: str = "x"):
    time.sleep(0.4)
    tenant.set(name)


app = FastAPI(dependencies=[Depends(set_tenant)])


def prefix() -> str:
    return tenant.get() + ":"


@app.get("/read")
async def read():
    note("tenant", tenant.get())
    return prefix() + "read"


@app.get("/thread")
def read_in_thread():
    return prefix() + "thread"
