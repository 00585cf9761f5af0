"""Loops over shared dictionaries that block in every round, while other requests add to them.

May change if the loop still comes to its end: with an `await` in its body, the dictionary grows under it.
"""

import time

from fastapi import FastAPI
from journal import note

app = FastAPI()
sessions = {"a": 1, "b": 2}


def ping(name: str) -> str:
    time.sleep(0.05)
    note("ping", name)
    return name


@app.get("/poll")
async def poll():
    seen = []
    for name in sessions:
        seen.append(ping(name))
    return seen


@app.post("/login/{name}")
async def login(name: str):
    sessions[name] = len(sessions)
    return sessions[name]
