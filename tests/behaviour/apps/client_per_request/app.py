"""Clients made for every request, which keep cookies and headers of that request only.

May change; no request may see the cookie or the token of another one.
"""

import os

import httpx
import requests
from fastapi import FastAPI

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


@app.get("/cookie")
async def cookie():
    async with httpx.AsyncClient(base_url=UPSTREAM) as client:
        first = await client.get("/cookie")
        second = await client.get("/echo")
    return [first.json()["cookie"], second.json()["cookie"]]


@app.get("/token/{token}")
async def with_token(token: str):
    client = httpx.AsyncClient(base_url=UPSTREAM, headers={"x-token": token}, timeout=5)
    try:
        return (await client.get("/echo")).json()["token"]
    finally:
        await client.aclose()


@app.get("/session")
def by_session():
    session = requests.Session()
    session.headers["x-token"] = "t"
    said = session.get(f"{UPSTREAM}/cookie").json()
    return [said["cookie"], session.get(f"{UPSTREAM}/echo").json()["cookie"]]


@app.get("/loop")
async def in_loop(n: int = 2):
    seen = []
    for number in range(n):
        async with httpx.AsyncClient(base_url=UPSTREAM) as client:
            seen.append((await client.get("/cookie", params={"n": number})).json()["cookie"])
    return seen
