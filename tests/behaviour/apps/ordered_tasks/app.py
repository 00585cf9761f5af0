"""Tasks that wait for nothing run in the order in which they were started.

Must not change: of two threads the second one may be faster, and what was recorded first would win.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def record(text: str, seconds: float) -> None:
    time.sleep(seconds)
    note(text)


async def create(text: str) -> None:
    record(f"create {text}", 0.05)


async def update(text: str) -> None:
    record(f"update {text}", 0.02)


@app.post("/steps/{text}")
async def start(text: str):
    asyncio.create_task(create(text))
    asyncio.create_task(update(text))
    await asyncio.sleep(0.2)
    return text
