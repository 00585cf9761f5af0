"""Blocking work before the first and after the last request; what the lifespan makes is used by the routes.

May change; the order of start, requests and end stays.
"""

import os
import time
from contextlib import asynccontextmanager

import requests
from fastapi import FastAPI, Request
from journal import note

UPSTREAM = os.environ["UPSTREAM"]


@asynccontextmanager
async def lifespan(app: FastAPI):
    note("start")
    time.sleep(0.05)
    with requests.Session() as session:
        version = session.get(f"{UPSTREAM}/version", timeout=5).json()["path"]
        app.state.session = session
        yield {"version": version}
        note("end")
    time.sleep(0.05)
    note("closed")


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root(request: Request):
    said = request.app.state.session.get(f"{UPSTREAM}/root", timeout=5).json()
    return [request.state.version, said["path"]]
