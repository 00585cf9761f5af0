"""`sleep` comes through a package's `__all__` and a star import, and other modules take it from here.

Must change; names that other modules import from a fixed file have to stay there.
"""

from compat import *
from fastapi import FastAPI
from time import sleep, monotonic as now
from journal import note

app = FastAPI()


@app.get("/star")
async def star():
    nap(0.4)
    return nap.__name__


@app.get("/direct")
async def direct():
    began = now()
    sleep(0.4)
    return now() - began > 0.35


@app.get("/other")
def other():
    from jobs import run

    note("jobs")
    return run()
