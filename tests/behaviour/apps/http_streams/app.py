"""Responses that are read piece by piece, by sync clients on the loop, with clean-up in the right order.

May change; pieces, errors and the closing of the response stay.
"""

import os

import httpx
import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


@app.get("/httpx")
async def by_httpx():
    size = 0
    with httpx.Client(base_url=UPSTREAM, headers={"x-token": "t"}) as client:
        with client.stream("GET", "/echo", params={"ms": 30}) as response:
            for piece in response.iter_bytes(chunk_size=8):
                size += len(piece)
        note("closed", response.is_closed)
        again = client.post("/echo", content="x" * 3).json()
    return [size > 50, response.status_code, again["body"], client.is_closed]


@app.get("/requests")
async def by_requests(status: int = 200):
    with requests.get(f"{UPSTREAM}/status/{status}", stream=True, timeout=5) as response:
        if not response.ok:
            return {"failed": response.status_code}
        lines = [line.decode()[:8] for line in response.iter_lines()]
    return lines


@app.get("/closed")
async def closed():
    client = httpx.Client(base_url=UPSTREAM)
    client.close()
    return client.get("/never").status_code
