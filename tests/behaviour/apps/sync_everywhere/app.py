"""A plain sync app: routes, dependencies, background tasks and handlers that block in threads, as they should.

Must not change.
"""

import os
import time
from collections.abc import Iterator
from typing import Annotated

import requests
from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


def user(name: str = "x") -> Iterator[str]:
    time.sleep(0.01)
    yield requests.get(f"{UPSTREAM}/user", params={"n": name}, timeout=5).json()["query"]["n"]
    time.sleep(0.01)
    note("user done")


def later(name: str) -> None:
    time.sleep(0.01)
    note("later", name)


@app.exception_handler(LookupError)
def lost(request: Request, error: LookupError) -> Response:
    time.sleep(0.01)
    return PlainTextResponse(f"lost {error}", status_code=404)


@app.get("/", response_model=str)
def root(tasks: BackgroundTasks, name: Annotated[str, Depends(user)]) -> str:
    tasks.add_task(later, name)
    if name == "none":
        raise LookupError(name)
    time.sleep(0.01)
    return name
