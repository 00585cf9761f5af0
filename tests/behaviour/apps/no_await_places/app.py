"""Blocking calls where no `await` may stand, or where it would change what the expression is.

May change; everything must compile and mean the same.
"""

import asyncio
import functools
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


def slow(value):
    time.sleep(0.03)
    note("slow", value)
    return value


def tag(name):
    def decorate(function):
        note("tag", name)
        return function

    return decorate


@app.get("/lambdas")
async def lambdas():
    await asyncio.sleep(0)
    key = lambda item, factor=slow(-1): slow(item) * factor
    return [sorted([1, 3, 2], key=key), list(map(slow, [7, 8])), list(filter(lambda n: slow(n) > 1, [1, 2]))]


@app.get("/comprehensions")
async def comprehensions():
    await asyncio.sleep(0)
    squares = [slow(n) ** 2 for n in slow([1, 2]) if slow(n)]
    table = {slow(k): slow(k + 1) for k in (1,)}
    late = (slow(n) for n in slow([4, 5]))
    note("late made")
    return [squares, table, next(late), sum(late), max({slow(n) for n in (1, 2)}), any(slow(n) for n in (0, 3, 4))]


@app.get("/definitions")
async def definitions():
    await asyncio.sleep(0)

    @tag(slow("decorator"))
    def inner(a=slow("default"), *, b: slow("annotation") = slow("keyword")):
        return a, b, slow("body")

    class Local(slow(dict), metaclass=slow(type)):
        field = slow("field")

        @functools.cached_property
        def lazy(self):
            return slow("lazy")

    return [inner(), Local.field, Local().lazy]


@app.get("/strings")
async def strings(width: int = 6):
    await asyncio.sleep(0)
    text = f"{slow('a')!r:>{slow(width)}}|{slow('b')=}|{'-'.join(slow(c) for c in 'xy')}|{{}}"
    return text + "%s" % slow("c") + "{}".format(slow("d"))
