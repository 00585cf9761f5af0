"""`with urlopen(...)`, with returns, `break` and several items inside of the block.

Must change: the slow part is the `urlopen` in the header of the `with`.
"""

import json
import os
from urllib.request import Request, urlopen

from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


class Span:
    def __init__(self, name: str):
        self.name = name

    def __enter__(self):
        note("enter", self.name)
        return self

    def __exit__(self, *exc):
        note("exit", self.name, exc[0])


@app.get("/open")
async def open_it(times: int = 1):
    for number in range(5):
        with Span(f"s{number}"), urlopen(Request(f"{UPSTREAM}/slow?ms=400", headers={"x-token": "t"})) as response:
            body = json.loads(response.read())
            if number + 1 == times:
                break
            if times > 3:
                return {"early": body["token"]}
    else:
        note("never")
    return body
