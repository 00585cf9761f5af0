"""Async functions inside of async functions, with `nonlocal`, closures over loop variables, and lambdas.

Must change in the inner function.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/nested")
async def outer(n: int = 2):
    total = 0

    async def add(number: int):
        nonlocal total
        time.sleep(0.2)
        total += number
        note("added", number, total)

        async def deeper():
            time.sleep(0.2)
            return total

        return await deeper()

    jobs = [lambda number=number: add(number) for number in range(1, n + 1)]
    return [await job() for job in jobs] + [total]


@app.get("/recursive/{n}")
async def factorial(n: int) -> int:
    time.sleep(0.2)
    return 1 if n < 2 else n * await factorial(n - 1)


async def walk(depth: int) -> list:
    await asyncio.sleep(0)
    return [depth, visit(depth), *(await walk(depth - 1) if depth else [])]


def visit(depth: int) -> int:
    time.sleep(0.1)
    return depth + (visit(depth - 1) if depth else 0)


@app.get("/walk")
async def start_walk():
    return await walk(2)
