"""Async exception handlers that block; one of them raises itself.

Must change.
"""

import time

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from journal import note

app = FastAPI()


class Oops(Exception):
    pass


class Worse(Oops):
    pass


@app.exception_handler(Oops)
async def oops(request: Request, error: Oops) -> JSONResponse:
    note("handling", error)
    time.sleep(0.4)
    if isinstance(error, Worse):
        raise RuntimeError("cannot handle") from error
    return JSONResponse({"error": str(error)}, status_code=409)


@app.get("/{kind}")
async def route(kind: str):
    raise {"oops": Oops, "worse": Worse}[kind](kind)
