"""A dependency that the tests await directly and that they override.

Must change, and must stay a coroutine function: `checks.py` awaits it.
"""

import os

import requests
from fastapi import Depends, FastAPI
from journal import note

app = FastAPI()


async def current_user(token: str = "t") -> str:
    note("user", token)
    said = requests.get(os.environ["UPSTREAM"] + "/slow", params={"ms": 400, "t": token}, timeout=5)
    return said.json()["query"]["t"]


@app.get("/me")
async def me(user: str = Depends(current_user)):
    return {"user": user}
