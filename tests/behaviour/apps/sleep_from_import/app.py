"""`from time import sleep`, used twice in one route, and once in a helper.

Must change, and the import may only go if nothing else needs it: the sync route still does.
"""

from time import perf_counter, sleep

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/twice")
async def twice():
    started = perf_counter()
    sleep(0.2); note("half")
    sleep(.2)
    return {"long": perf_counter() - started > 0.35}


@app.get("/sync")
def in_a_thread():
    sleep(0.3)
    return {"ok": True}
