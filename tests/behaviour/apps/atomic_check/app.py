"""Check, nap, act: right as long as nothing else runs on the loop in between.

May change if the last piece is still sold once.
"""

import time

from fastapi import FastAPI, HTTPException
from journal import note

app = FastAPI()
stock = {"book": 1, "pen": 2}


@app.post("/buy/{item}")
async def buy(item: str):
    if stock[item] <= 0:
        raise HTTPException(409, "sold out")
    time.sleep(0.1)
    stock[item] -= 1
    note("sold", item)
    return {"sold": item}


@app.get("/stock")
async def show():
    return stock
