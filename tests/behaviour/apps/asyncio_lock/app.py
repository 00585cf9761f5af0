"""An `asyncio.Lock` around a blocking call: awaiting inside of it is what it is for.

Must change; the numbers stay unique although the requests come at once.
"""

import asyncio
import os

import requests
from fastapi import FastAPI

lock = asyncio.Lock()
app = FastAPI()
numbers: list[int] = []


@app.post("/next")
async def next_number():
    async with lock:
        number = len(numbers)
        requests.get(os.environ["UPSTREAM"] + "/slow", params={"ms": 300, "n": number}, timeout=5)
        numbers.append(number)
    return {"unique": numbers.count(number) == 1}


@app.get("/numbers")
async def all_numbers():
    return numbers
