"""Whole `with` and `for` statements that block, with what they take from the function and leave behind.

Must change: each of them becomes a function of its own, which counts on, tells handlers and returns as the block did.
"""

import asyncio
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from fastapi import FastAPI, HTTPException
from journal import note

SCRATCH = Path(os.environ["SCRATCH"])
app = FastAPI()


def slow_lines(count: int):
    for number in range(count):
        time.sleep(0.1)
        if number == 7:
            raise ValueError("seven")
        yield f"line {number}"


@app.get("/collected")
async def collected(count: int = 4):
    await asyncio.sleep(0)
    lines, total = [], 0
    for line in slow_lines(count):
        note("line", line)
        total += len(line)
        if line.endswith("5"):
            continue
        lines.append(line)
    return {"lines": lines, "total": total}


@app.get("/stopped")
async def stopped(count: int):
    await asyncio.sleep(0)
    last = "none"
    try:
        for line in slow_lines(count):
            last = line
            if line.endswith("3") and count < 6:
                break
        else:
            last = f"{last}, all of them"
    except ValueError as error:
        raise HTTPException(418, f"{error} after {last}") from error
    return last


@app.get("/rounds")
async def rounds():
    await asyncio.sleep(0)
    seen = 0
    for count in (1, 3):
        for line in slow_lines(count):
            seen += 1
            note(seen, line)
    return seen


def wait(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@app.get("/rows")
async def rows():
    await asyncio.sleep(0)
    with closing(sqlite3.connect(SCRATCH / "rows.db")) as connection:
        connection.create_function("wait", 1, wait)
        found = [row[0] for row in connection.execute("select wait(0.4) union select 2")]
    return found


@app.get("/missing")
async def missing():
    await asyncio.sleep(0)
    try:
        with closing(sqlite3.connect(SCRATCH / "rows.db")) as connection:
            found = connection.execute("select * from missing").fetchall()
    except sqlite3.OperationalError as error:
        note(str(error))
        found = []
    return found
