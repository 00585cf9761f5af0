"""Blocking calls under operators, comparisons, attributes, subscripts, stars and slices.

Must change: `await` is legal in all of these places if it gets the parentheses it needs.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def slow(value):
    time.sleep(0.08)
    note("slow", value)
    return value


@app.get("/operators")
async def operators():
    await asyncio.sleep(0)
    power = -slow(2) ** slow(3)
    chained = 0 < slow(5) < slow(7) <= slow(1)
    attribute = slow("a").upper().join(["x", "y"])
    item = slow([1, 2, 3])[slow(1)]
    cut = slow([1, 2, 3, 4])[slow(1):slow(3)]
    call = slow(max)(slow(1), 2, *slow([9]))
    negated = not slow(0), ~slow(1), -slow(1)
    member = slow(1) in slow([1]) and slow(2) not in slow([2])
    return [power, chained, attribute, item, cut, call, negated, member]


@app.get("/displays")
async def displays():
    await asyncio.sleep(0)
    first, *rest = slow([1, 2, 3])
    a = b = slow(4)
    return {slow("k"): slow("v"), **slow({"x": 1}), "set": sorted({*slow([3, 1])}), "rest": [first, *rest, a, b]}


@app.get("/shortcut")
async def shortcut(go: bool):
    await asyncio.sleep(0)
    x = slow("yes") if go else slow("no")
    y = go and slow("and")
    z = go or slow("or")
    return [x, y, z] if slow(not go) else {"x": x, "y": y, "z": z, "last": slow(None) or slow("default")}
