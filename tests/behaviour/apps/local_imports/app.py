"""Imports inside of functions and blocks, and imports with comments: taking one away must not leave a hole.

Must change; a sync route goes on using the names of the module.
"""

from time import (  # two names
    sleep,  # for naps
    monotonic as now,  # for clocks
)

from fastapi import FastAPI
from journal import note

try:
    import time
except ImportError:
    raise

try:
    from time import sleep as rest
except ImportError:
    rest = None

if now() >= 0:
    import time as clock

app = FastAPI()


@app.get("/local")
async def local():
    import time

    time.sleep(0.4)
    note("local")


@app.get("/block")
async def block(go: bool = True):
    if go:
        from time import sleep as nap
    else:
        from journal import note as nap
    nap(0.4)
    return go


@app.get("/tried")
async def tried():
    rest(0.1); clock.sleep(0.1)
    time.sleep(0.1)
    sleep(0.1)
    return now() > 0


@app.get("/only")
async def only():
    from time import sleep as nap; nap(0.4)


@app.get("/sync")
def in_thread():
    return [each.__name__ for each in (sleep, rest, time, clock)]
