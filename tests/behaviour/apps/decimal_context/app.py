"""Blocking helpers that read and change the arithmetic context, which belongs to the task.

May change; results keep their precision.
"""

import asyncio
import decimal
import time
from decimal import Decimal

from fastapi import FastAPI

app = FastAPI()


def divide(a: int, b: int) -> str:
    time.sleep(0.03)
    return str(Decimal(a) / Decimal(b))


def set_precision(digits: int) -> None:
    time.sleep(0.03)
    decimal.getcontext().prec = digits


@app.get("/read")
async def read(digits: int = 4):
    with decimal.localcontext() as context:
        context.prec = digits
        await asyncio.sleep(0)
        inside = divide(1, 3)
    return [inside, divide(1, 3)]


@app.get("/write")
async def write(digits: int = 4):
    await asyncio.sleep(0)
    set_precision(digits)
    return divide(2, 3)
