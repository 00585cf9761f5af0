"""Decorators around endpoints: one awaits what it wraps, one insists on coroutine functions, one counts.

Must change in the bodies; without `async` the decorators would break.
"""

import functools
import inspect
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def logged(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        note("call", function.__name__, sorted(kwargs))
        result = await function(*args, **kwargs)
        note("return", result)
        return result

    return wrapper


def strict(*, name: str):
    def decorate(function):
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"{function} is no coroutine function")
        note("registered", name)
        return function

    return decorate


@app.get("/logged")
@logged
async def with_log(n: int = 1):
    time.sleep(0.4)
    return n * 2


@app.get("/strict")
@strict(name="s")
async def with_check():
    time.sleep(0.4)
    return "strict"
