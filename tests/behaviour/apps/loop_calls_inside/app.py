"""Blocking helpers that need the running loop: they start tasks, schedule callbacks and set asyncio events.

Must not change: in a thread there is no running loop, and asyncio's own objects are not thread-safe.
"""

import asyncio
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()
tasks: set[asyncio.Task[None]] = set()


async def record(name: str) -> None:
    await asyncio.sleep(0)
    note("recorded", name)


def publish(name: str, done: asyncio.Event) -> None:
    time.sleep(0.05)
    task = asyncio.create_task(record(name))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    asyncio.get_running_loop().call_soon(note, "soon", name)
    done.set()


@app.post("/publish/{name}", response_model=str)
async def route(name: str) -> str:
    done = asyncio.Event()
    waiting = asyncio.ensure_future(done.wait())
    await asyncio.sleep(0)
    publish(name, done)
    await waiting
    await asyncio.sleep(0.02)
    return name


def push(queue: "asyncio.Queue[str]", text: str) -> None:
    time.sleep(0.05)
    queue.put_nowait(text)


@app.post("/push/{text}", response_model=str)
async def push_and_get(text: str) -> str:
    queue: asyncio.Queue[str] = asyncio.Queue(1)
    getter = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    push(queue, text)
    return await getter


def name_task(name: str) -> str:
    time.sleep(0.05)
    task = asyncio.current_task()
    assert task is not None
    task.set_name(name)
    return task.get_name()


@app.get("/current/{name}", response_model=str)
async def current(name: str) -> str:
    await asyncio.sleep(0)
    return name_task(name)
