"""Streams: an async generator that naps between chunks, and a sync one, which Starlette iterates in threads.

Must change in the async generator; the chunks and their order stay.
"""

import time

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from journal import note

app = FastAPI()


async def numbers(n: int):
    note("first")
    try:
        for number in range(n):
            time.sleep(0.3)
            if number == 2:
                raise ValueError("too far")
            yield f"{number}\n"
            note("sent", number)
    finally:
        note("closed")


def lines():
    for number in range(3):
        time.sleep(0.05)
        yield f"line {number}\n"


@app.get("/numbers/{n}")
async def stream_numbers(n: int):
    note("route")
    return StreamingResponse(numbers(n), media_type="text/plain")


@app.get("/lines")
async def stream_lines():
    return StreamingResponse(lines(), media_type="text/plain", headers={"x-kind": "lines"})
