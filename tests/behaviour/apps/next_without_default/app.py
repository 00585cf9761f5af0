"""`next(...)` without a default at the end of what blocks: in a coroutine the end is a RuntimeError.

May change; a request for what does not exist must still fail at once. A future cannot carry a StopIteration.
"""

import time

from fastapi import FastAPI
from journal import note

app = FastAPI()
PEOPLE = [{"id": 1, "name": "ann"}, {"id": 2, "name": "bob"}]


def find(number: int) -> dict:
    time.sleep(0.05)
    note("find", number)
    return next(person for person in PEOPLE if person["id"] == number)


@app.get("/people/{number}")
async def person(number: int):
    return find(number)


@app.get("/names/{number}")
async def name(number: int):
    time.sleep(0.05)
    return next(person["name"] for person in PEOPLE if person["id"] == number)
