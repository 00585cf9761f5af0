"""Imports on one line with the future, and code right after them.

Must change.
"""
from __future__ import annotations; import time
from fastapi import FastAPI; app = FastAPI(); from journal import note

@app.get("/")
async def root(): time.sleep(0.2); note("x"); time.sleep(0.2); return 1

@app.get("/if")
async def one_line_if(go: bool = True):
    if go: time.sleep(0.4); note("went")
    else: note("stayed"); time.sleep(0.4)
    for _ in range(2): time.sleep(0.05)
    return go
