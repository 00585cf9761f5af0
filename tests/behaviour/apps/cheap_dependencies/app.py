"""Sync dependencies and streams that do no work: some are only dependencies, some are called by sync code, too.

May change; what sync code calls must not become a coroutine, and `yield from` has no place in an async generator.
"""

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from journal import note

app = FastAPI()


def settings() -> dict:
    return {"page": 10}


def page(number: int = 1, options: dict = Depends(settings)) -> int:
    return number * options["page"]


def direct() -> str:
    return f"page {settings()['page']}"


class Range:
    def __init__(self, start: int = 0, options: dict = Depends(settings)):
        self.start = start
        self.stop = start + settings()["page"]


def scope(options: dict = Depends(settings)):
    note("open")
    yield options["page"]
    note("close")


def letters(n: int = 3):
    for letter in "abcdef"[:n]:
        yield letter


def chained():
    count = yield from letters(2)
    yield str(count)
    return "end"


@app.get("/page")
def get_page(number: int = Depends(page), bounds: Range = Depends(), size: int = Depends(scope)):
    return [number, bounds.start, bounds.stop, size, direct(), list(letters(2))]


@app.get("/letters")
async def stream():
    return StreamingResponse(letters(), media_type="text/plain")


@app.get("/chained")
async def stream_chained():
    return StreamingResponse(chained(), media_type="text/plain")
