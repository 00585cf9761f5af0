"""`import time as t`: the alias stays for the clock, the nap leaves it; the delay is computed in place.

Must change.
"""
import time as t

from fastapi import FastAPI
from journal import note

app = FastAPI()
DELAYS = {"short": 0.1, "long": 0.4}


def pick(name: str) -> float:
    note("pick", name)
    return DELAYS[name]


@app.get("/wait/{name}")
async def wait(name: str):
    began = t.monotonic()
    t.sleep(pick(name))
    return {"waited": t.monotonic() - began >= DELAYS[name] - 0.05}
