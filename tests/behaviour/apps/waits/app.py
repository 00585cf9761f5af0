"""Queues, events, threads and futures that other threads serve.

May change; no answer may get lost, and what is closed stays closed.
"""

import asyncio
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from fastapi import FastAPI
from journal import note

app = FastAPI()


def later(target: "queue.Queue[str]", text: str) -> None:
    time.sleep(0.05)
    target.put(text)


@app.get("/queue")
async def by_queue():
    box: "queue.Queue[str]" = queue.Queue()
    thread = threading.Thread(target=later, args=(box, "hello"))
    thread.start()
    text = box.get(timeout=2)
    thread.join()
    try:
        box.get(timeout=0.02)
    except queue.Empty:
        note("empty")
    try:
        box.get_nowait()
    except queue.Empty as error:
        note("still", type(error).__name__)
    return [text, thread.is_alive()]


@app.get("/event")
async def by_event():
    await asyncio.sleep(0)
    event = threading.Event()
    timer = threading.Timer(0.3, event.set)
    timer.start()
    return [event.wait(0.001), event.wait(2), timer.join()]


@app.get("/pool")
async def by_pool():
    with ThreadPoolExecutor(2) as pool:
        future = pool.submit(pow, 2, 10)
        broken = pool.submit(int, "x")
        note("submitted")
        try:
            broken.result()
        except ValueError as error:
            note("broken", error)
        done = [each.result() for each in as_completed([future])]
    return [future.result(), done, list(ThreadPoolExecutor(1).map(str, [1, 2]))]
