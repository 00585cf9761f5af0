"""`for` and `while` with `break`, `continue`, `else` and `return` around blocking calls.

Must change.
"""

import asyncio
import os
import time

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


def probe(n: int) -> bool:
    time.sleep(0.1)
    note("probe", n)
    return n % 3 == 0


@app.get("/search")
async def search(start: int, stop: int):
    skipped = []
    await asyncio.sleep(0)
    for n in range(start, stop):
        if n == 5:
            continue
        if not probe(n):
            skipped.append(n)
            continue
        if n > 8:
            return {"big": n, "skipped": skipped}
        break
    else:
        note("nothing")
        return {"none": skipped}
    while probe(n): n += 1
    else: note("end", n)
    return {"found": n, "skipped": skipped}


@app.get("/retry")
async def retry(status: int = 200):
    for attempt in range(3):
        answer = requests.get(f"{UPSTREAM}/status/{status + attempt}?ms=150", timeout=5)
        if answer.ok:
            break
        time.sleep(0.1)
    else:
        return {"gave up": attempt}
    return {"attempts": attempt + 1}
