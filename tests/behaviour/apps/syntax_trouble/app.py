"""A project with one file that does not parse: the others are fixed as if it was not there.

Must change here.
"""

import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/")
async def root():
    time.sleep(0.4)
    note("slept")
    return "ok"
