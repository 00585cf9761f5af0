"""A project that speaks anyio: `anyio.sleep`, `anyio.to_thread.run_sync` with `partial` for keywords.

Must change, with whatever means; keywords and results must get through.
"""

from functools import partial

import anyio
import anyio.to_thread
import requests
import time
from fastapi import FastAPI
from journal import note

from settings import UPSTREAM

app = FastAPI()


@app.get("/there")
async def there():
    await anyio.sleep(0)
    answer = await anyio.to_thread.run_sync(partial(requests.get, f"{UPSTREAM}/echo", params={"a": "1"}, timeout=5))
    return answer.json()["query"]


@app.get("/nap")
async def nap():
    time.sleep(0.4)
    note("slept")
    return {}


@app.get("/get")
async def get():
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
    answer = requests.get(f"{UPSTREAM}/slow?ms=400", params={"b": "2"}, timeout=5)
    note(answer.status_code)
    return answer.json()["query"]
