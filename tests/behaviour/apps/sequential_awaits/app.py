"""Awaits one after another that look independent: the first may fail, the second has effects.

May change; what must not happen after an error must not happen before it either.
"""

import asyncio

from fastapi import FastAPI, HTTPException
from journal import note

app = FastAPI()
balance = {"a": 10}


async def check(cents: int) -> bool:
    await asyncio.sleep(0.01)
    note("checked", cents)
    if cents > balance["a"]:
        raise HTTPException(402)
    return True


async def book(cents: int) -> int:
    await asyncio.sleep(0)
    balance["a"] -= cents
    note("booked", cents)
    return balance["a"]


@app.post("/pay/{cents}")
async def pay(cents: int):
    allowed = await check(cents)
    left = await book(cents)
    return {"allowed": allowed, "left": left}


@app.post("/several")
async def several(cents: list[int]):
    left = []
    for amount in cents:
        left.append(await book(amount))
        await check(amount)
    return left
