"""A `threading.Lock` around a blocking call in coroutines that run at the same time.

May change only as a whole: with an `await` inside of the `with`, the second request would wait for the lock on the
loop, and the first one never come back to release it.
"""

import threading
import time

from fastapi import FastAPI
from journal import note

lock = threading.Lock()
app = FastAPI()
numbers: list[int] = []


async def book(name: str) -> int:
    note("want", name)
    with lock:
        number = len(numbers)
        time.sleep(0.1)
        numbers.append(number)
    note("have", name)
    return number


@app.post("/book/{name}")
async def route(name: str):
    return {"name": name, "free": (await book(name)) >= 0}


@app.get("/sync")
def sync():
    with lock:
        return numbers[:]
