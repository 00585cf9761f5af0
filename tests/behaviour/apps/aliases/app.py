"""Blocking functions under other names: module aliases, parameters, tables, partials and class attributes.

May change; what is passed in may be sync or block or neither, so it must not be awaited.
"""

import functools
import os
import time

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()
pause = time.sleep
get = functools.partial(requests.get, timeout=5)
ACTIONS = {"sleep": time.sleep, "note": note}


class Api:
    fetch = staticmethod(requests.get)
    wait = time.sleep


async def wait(seconds, sleep=time.sleep):
    sleep(seconds)
    return "waited"


@app.get("/alias")
async def alias():
    pause(0.03)
    Api.wait(0.03)
    return [get(f"{UPSTREAM}/a").json()["path"], Api.fetch(f"{UPSTREAM}/b", timeout=5).json()["path"]]


@app.get("/injected")
async def injected():
    return [await wait(0.03), await wait(9, sleep=note), await wait(8, lambda seconds: note("lambda", seconds))]


@app.get("/table/{name}")
async def table(name: str):
    result = ACTIONS[name](0.03)
    for action in (time.sleep, note):
        action(0.02)
    return result
