"""Coroutines that wait for nothing, and callers that read with one and write back with another."""

from __future__ import annotations

import pytest
from repair_cases import Repaired

APP = """\
import asyncio
import time

from fastapi import FastAPI

app = FastAPI()


class Cache:
    async def get(self, key: str) -> int:
        time.sleep(1)
        return len(key)

    async def set(self, key: str, value: int) -> None:
        time.sleep(2)
        print(key, value)


cache = Cache()


@app.get("/")
async def route(key: str, other: str):
    {body}
"""


@pytest.mark.parametrize(
    ("body", "fixes"),
    [
        ("value = await cache.get(key)\n    await cache.set(key, value + 1)", 0),
        ("value = (await cache.get(key=key)) or 0\n    value += 1\n    await cache.set(value=value, key=key)", 0),
        ("value = await cache.get(key)\n    await asyncio.sleep(0)\n    await cache.set(key, value + 1)", 2),
        ("value = await cache.get(key)\n    await cache.set(other, value + 1)", 2),
        ("value = await cache.get(key)\n    await cache.set(key, 1)\n    return value", 2),
        ("await cache.set(key, 1)\n    return await cache.get(key)", 2),
        ("task = asyncio.create_task(cache.get(key))\n    await cache.set(key, 1)\n    return await task", 2),
    ],
)
def test_reading_and_writing_back(body: str, fixes: int) -> None:
    repaired = Repaired({"app.py": APP.format(body=body)}, ["FAL101"])
    assert len(repaired.found) == 2
    assert len(repaired.fixes) == fixes
