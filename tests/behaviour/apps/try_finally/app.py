"""Blocking calls in every part of `try`, with returns that override each other.

Must change; the order of effects is the point.
"""

import asyncio
import time

from fastapi import FastAPI, HTTPException
from journal import note

app = FastAPI()


class Denied(Exception):
    pass


def step(name: str, fail: str):
    time.sleep(0.1)
    note("step", name)
    if name == fail:
        raise Denied(name)
    return name


@app.get("/try")
async def tried(fail: str = ""):
    await asyncio.sleep(0)
    result = []
    try:
        result.append(step("try", fail))
        try:
            result.append(step("inner", fail))
        except Denied as error:
            note("inner caught", error)
            result.append(step("except", fail))
            raise HTTPException(403, detail=str(error)) from error
        else:
            result.append(step("else", fail))
        finally:
            result.append(step("finally", fail))
    except Denied as error:
        note("outer caught", error, type(error.__context__).__name__)
        return {"caught": str(error), "result": result, "late": step("late", fail)}
    return result


@app.get("/override")
async def override():
    for name in ("a", "b"):
        try:
            return step(name, "")
        finally:
            if step("f" + name, "") == "fa":
                continue
