"""An app that does everything in the async way, with methods that carry the names of blocking ones.

Must not change: nothing here blocks.
"""

import asyncio
import os
import sys
from contextlib import asynccontextmanager

import anyio
import httpx
from fastapi import FastAPI, UploadFile

UPSTREAM = os.environ["UPSTREAM"]
client = httpx.AsyncClient(base_url=UPSTREAM)
queue: asyncio.Queue[str] = asyncio.Queue()
lock = asyncio.Lock()


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await client.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/get", response_model=str)
async def get() -> str:
    response = await client.get("/echo", timeout=5)
    return response.json()["path"]


@app.post("/upload", response_model=int)
async def upload(file: UploadFile) -> int:
    size = 0
    while chunk := await file.read(4):
        size += len(chunk)
    return size


@app.get("/process", response_model=str)
async def process() -> str:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", "print('x')", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await started.communicate()
    return out.decode().strip()


@app.get("/queue", response_model=str)
async def through_queue() -> str:
    async with lock:
        queue.put_nowait("q")
        return await queue.get()


@app.get("/file", response_model=str)
async def file() -> str:
    path = anyio.Path(os.environ["SCRATCH"], "f.txt")
    await path.write_text("text")
    async with await anyio.open_file(path) as opened:
        return await opened.read()


@app.get("/nap", response_model=bool)
async def nap() -> bool:
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, event.set)
    return await asyncio.wait_for(event.wait(), timeout=2)
