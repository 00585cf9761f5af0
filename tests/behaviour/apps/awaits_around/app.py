"""Blocking calls inside of expressions that are awaited already, and functions that block and return coroutines.

Must change.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def slow(value):
    time.sleep(0.1)
    note("slow", value)
    return value


async def double(value):
    note("double", value)
    await asyncio.sleep(0)
    return value * 2


def prepare(value):
    time.sleep(0.1)
    note("prepared", value)
    return double(value)


async def count(n):
    for number in range(n):
        yield number


@app.get("/inside")
async def inside():
    first = await double(slow(1)) + slow(2)
    second = await asyncio.wait_for(double(slow(3)), timeout=slow(5))
    third = slow(4) - await double(slow(5)) * slow(6)
    fourth = [n + slow(8) async for n in count(slow(2))]
    async with asyncio.timeout_at(None) if slow(False) else asyncio.Lock():
        task = asyncio.create_task(double(slow(7)))
        return [first, second, third, await task, *fourth]


@app.get("/returned")
async def returned():
    direct = await prepare(1)
    kept = prepare(2)
    note("kept")
    return [direct, await kept]


@app.get("/match/{word}")
async def matched(word: str):
    match slow(word):
        case "a" if slow(0):
            return "first"
        case "a" | "b" as letter if slow(letter):
            return slow(letter)
        case _:
            return "other"


@app.get("/yields")
async def yields():
    async def generate():
        for number in range(slow(2)):
            got = yield slow(number)
            note("got", got)

    generator = generate()
    return [await anext(generator), await generator.asend(slow("x")), await anext(generator, "end")]
