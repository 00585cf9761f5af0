"""A counter behind coroutines that wait for nothing: no other request runs between reading and writing it.

Must not change: with half of it in a thread, requests at the same time count the same number twice.
"""

import os
import time
from pathlib import Path

from fastapi import FastAPI

FILE = Path(os.environ["SCRATCH"], "count")
app = FastAPI()


class Counters:
    def load(self) -> int:
        time.sleep(0.05)
        return int(FILE.read_text("ascii")) if FILE.exists() else 0

    def save(self, value: int) -> None:
        time.sleep(0.05)
        FILE.write_text(str(value), "ascii")

    async def get(self) -> int:
        return self.load()

    async def set(self, value: int) -> None:
        self.save(value)

    async def increment(self, by: int) -> int:
        value = await self.get() or 0
        value = value + by
        await self.set(value)
        return value


counters = Counters()


@app.post("/count")
async def count(by: int = 1):
    return await counters.increment(by) > 0
