"""Methods as endpoints, added by hand; one of them is awaited by another.

Must change: `get` is an endpoint and a coroutine that `refresh` awaits.
"""

import os

import requests
from fastapi import APIRouter, FastAPI
from journal import note


class Items:
    def __init__(self, base: str):
        self.base = base
        self.router = APIRouter()
        self.router.add_api_route("/items/{key}", self.get, methods=["GET"])
        self.router.add_api_route("/items/{key}", self.refresh, methods=["PUT"])

    async def get(self, key: str):
        note("get", key)
        return requests.get(f"{self.base}/slow", params={"key": key, "ms": 400}, timeout=5).json()["query"]

    async def refresh(self, key: str):
        note("refresh", key)
        old = await self.get(key)
        return {"old": old}


app = FastAPI()
app.include_router(Items(os.environ["UPSTREAM"]).router)
