"""An async interface with three implementations, one of which blocks and awaits nothing.

Must change in place: callers await whatever implementation they get.
"""

import abc
import asyncio
import time

from fastapi import Depends, FastAPI
from journal import note


class Store(abc.ABC):
    @abc.abstractmethod
    async def load(self, key: str) -> str: ...

    async def describe(self, key: str) -> str:
        return f"{type(self).__name__} has {await self.load(key)}"


class Memory(Store):
    async def load(self, key: str) -> str:
        await asyncio.sleep(0)
        return key


class Disk(Store):
    async def load(self, key: str) -> str:
        note("disk", key)
        time.sleep(0.4)
        return key.upper()


class Checked(Disk):
    async def load(self, key: str) -> str:
        if key == "bad":
            raise KeyError(key)
        return await super().load(key) + "!"


app = FastAPI()
STORES: dict[str, Store] = {"memory": Memory(), "disk": Disk(), "checked": Checked()}


async def pick(store: str) -> Store:
    return STORES[store]


@app.get("/{store}/{key}")
async def read(key: str, store: Store = Depends(pick)):
    return {"text": await store.describe(key)}
