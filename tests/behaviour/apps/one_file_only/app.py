"""The fixer is given this file only; what blocks is in `helper.py`, which it may read and not touch.

Must change here.
"""

from fastapi import FastAPI
from helper import compute, nap

app = FastAPI()


@app.get("/compute")
async def computed(n: int):
    return compute(n)


@app.get("/nap")
async def napped():
    return await nap()
