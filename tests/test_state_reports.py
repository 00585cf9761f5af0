"""How severe a change of shared state is: lost updates are errors, work done twice is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.diagnostic import Severity
from fastapi_lint.engine import CheckRequest, check

HEAD = """
import asyncio
from fastapi import FastAPI

app = FastAPI()
value = None
ready = False
stock = {"tea": 3}
known: dict[str, str] = {}

async def make(name):
    await asyncio.sleep(0)
    return name
"""
CASES = {
    "lost update": (
        """
@app.post("/{name}")
async def route(name: str):
    left = stock[name]
    await make(name)
    stock[name] = left - 1
""",
        {("FAL303", Severity.ERROR)},
    ),
    "no others run where a coroutine is awaited that waits for nothing": (
        """
async def look(name):
    return stock[name]

async def price(name):
    return await look(name) * 2

@app.post("/{name}")
async def route(name: str):
    left = stock[name]
    await price(name)
    stock[name] = left - 1
""",
        {("FAL301", Severity.WARNING)},
    ),
    "others run where a coroutine waits in a branch": (
        """
async def look(name):
    if name not in stock:
        await make(name)
    return stock[name]

async def price(name):
    return await look(name) * 2

@app.post("/{name}")
async def route(name: str):
    left = stock[name]
    await price(name)
    stock[name] = left - 1
""",
        {("FAL303", Severity.ERROR)},
    ),
    "others run where a decorator may wait": (
        """
def patient(function):
    async def waiting(name):
        await asyncio.sleep(1)
        return await function(name)
    return waiting

@patient
async def look(name):
    return stock[name]

@app.post("/{name}")
async def route(name: str):
    left = stock[name]
    await look(name)
    stock[name] = left - 1
""",
        {("FAL303", Severity.ERROR)},
    ),
    "place taken twice": (
        """
@app.post("/{name}")
async def route(name: str):
    if name not in stock:
        await make(name)
        stock[name] = 1
""",
        {("FAL303", Severity.ERROR)},
    ),
    "cache filled twice": (
        """
@app.get("/{name}")
async def route(name: str):
    if name not in known:
        known[name] = await make(name)
    return known[name]
""",
        {("FAL303", Severity.WARNING), ("FAL304", Severity.WARNING)},
    ),
    "made twice": (
        """
@app.get("/")
async def route():
    global value
    if value is None:
        value = await make("a")
    return value
""",
        {("FAL303", Severity.WARNING)},
    ),
    "made by the first request": (
        """
@app.get("/")
def route():
    global value
    if value is None:
        value = object()
    return value
""",
        {("FAL302", Severity.INFO)},
    ),
    "a flag that speaks for a value": (
        """
@app.get("/")
def route():
    global value, ready
    if not ready:
        value = object()
        ready = True
    return value
""",
        {("FAL302", Severity.INFO)},
    ),
    "set by what a caller's test lets run once": (
        """
def start():
    global value
    value = object()

@app.get("/")
def route():
    global ready
    if not ready:
        start()
        ready = True
    return value
""",
        {("FAL302", Severity.INFO)},
    ),
    "set back to nothing": (
        """
@app.get("/")
def route():
    global value
    if value is not None:
        value = None
""",
        {("FAL302", Severity.WARNING)},
    ),
    "made of what the first request brings": (
        """
@app.get("/{name}")
def route(name: str):
    global value
    if value is None:
        value = object.__new__(type(name))
    return value
""",
        {("FAL302", Severity.WARNING)},
    ),
    "ends of streams": (
        """
class End:
    def __init__(self, topic: str):
        self.topic = topic
        self.queue: asyncio.Queue = asyncio.Queue()

ends: dict[str, list[End]] = {}

@app.post("/{topic}")
def route(topic: str):
    ends["a"].append(End(topic))

@app.delete("/{topic}")
def drop(topic: str):
    ends["a"].remove(End(topic))
""",
        {("FAL301", Severity.INFO)},
    ),
    "live connections with a queue": (
        """
from fastapi import WebSocket

class Peer:
    def __init__(self, socket: WebSocket):
        self.socket = socket
        self.queue: asyncio.Queue = asyncio.Queue()

peers: dict[str, list[Peer]] = {}

@app.websocket("/")
async def route(socket: WebSocket):
    peers["a"].append(Peer(socket))
""",
        {("FAL301", Severity.WARNING)},
    ),
    "tasks with a queue": (
        """
class Job:
    def __init__(self):
        self.queue: asyncio.Queue = asyncio.Queue()
        self.task = asyncio.create_task(make("a"))

jobs: list[Job] = []

@app.post("/")
async def route():
    jobs.append(Job())
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a count for the log": (
        """
import logging

log = logging.getLogger(__name__)
failures = 0

@app.get("/{name}")
def route(name: str):
    global failures
    failures += 1
    if failures == 1 or failures > 100:
        log.warning("failed %d times", failures)
    else:
        log.debug("failed %d times", failures)

@app.delete("/{name}")
def reset(name: str):
    global failures
    failures = 0
""",
        {("FAL302", Severity.INFO)},
    ),
    "a count for the log, and when it was logged": (
        """
import logging
import time

log = logging.getLogger(__name__)
failures = 0
last = 0.0

@app.get("/{name}")
def route(name: str):
    global failures, last
    failures += 1
    now = time.monotonic()
    if failures == 1 or now - last > 60:
        log.warning("failed %d times", failures)
        last = now
""",
        {("FAL302", Severity.INFO)},
    ),
    "what is noted beside a lock": (
        """
lock = None
lock_loop = None
waiting = 3

async def guarded():
    global lock, lock_loop, waiting
    loop = asyncio.get_running_loop()
    if lock is None or lock_loop is not loop:
        lock = asyncio.Lock()
        lock_loop = loop
        waiting = 0
    async with lock:
        pass

@app.get("/")
async def route():
    await guarded()
    return waiting
""",
        set(),
    ),
    "what is made beside a lock": (
        """
lock = None
client = None

async def guarded():
    global lock, client
    if lock is None:
        lock = asyncio.Lock()
        client = await make("client")
    async with lock:
        return client

@app.get("/")
async def route():
    return await guarded()
""",
        {("FAL302", Severity.INFO)},
    ),
    "a count for the log, for each kind": (
        """
import logging
import time

logger = logging.getLogger(__name__)
dropped: dict[str, int] = {}
last: dict[str, float] = {}

def alert(kind, message):
    now = time.monotonic()
    if now - last.get(kind, 0.0) < 60:
        dropped[kind] = dropped.get(kind, 0) + 1
        return
    more = dropped.pop(kind, 0)
    if more:
        message += f" ({more} more)"
    logger.warning(message)

@app.post("/login")
async def login():
    alert("lockout", "too many attempts")
""",
        {("FAL301", Severity.INFO)},
    ),
    "a count for each kind that is told, too": (
        """
import logging

logger = logging.getLogger(__name__)
dropped: dict[str, int] = {}

@app.post("/login/{kind}")
async def login(kind: str):
    dropped[kind] = dropped.get(kind, 0) + 1
    logger.warning("%d", dropped[kind])

@app.get("/dropped")
async def told():
    return dropped
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a count for each kind that decides from when on requests are refused": (
        """
import logging

logger = logging.getLogger(__name__)
dropped: dict[str, int] = {}

@app.post("/login/{kind}")
async def login(kind: str):
    dropped[kind] = dropped.get(kind, 0) + 1
    if dropped[kind] > 3:
        raise PermissionError
    logger.warning("%d", dropped[kind])
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a code of the last failure": (
        """
import asyncio

loop = None
failure = None

def start():
    global loop, failure
    running = asyncio.get_running_loop()
    if loop is not None and loop is not running:
        failure = "another loop"
        return False
    loop = running
    return True

@app.post("/audit")
async def audit():
    return start()

@app.get("/failure")
async def told():
    return failure
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a count that decides from when on requests are refused": (
        """
import logging
import time

from fastapi import HTTPException

log = logging.getLogger(__name__)
failures = 0
blocked_until = 0.0

@app.get("/{name}")
def route(name: str):
    global failures, blocked_until
    if time.monotonic() < blocked_until:
        raise HTTPException(429)
    failures += 1
    if failures > 100:
        log.warning("failed %d times", failures)
        blocked_until = time.monotonic() + 60
        failures = 0
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a count that is told, and one of the same name in another class that is not": (
        """
class Told:
    def __init__(self) -> None:
        self._hits = 0

    def get(self, name: str) -> str:
        self._hits += 1
        return known[name]

    def stats(self) -> dict[str, int]:
        return {"hits": self._hits}

class Untold:
    def __init__(self) -> None:
        self._hits = 0

    def get(self, name: str) -> str:
        self._hits += 1
        return known[name]

    def stats(self) -> dict[str, int]:
        return {"hits": self._hits}

told, untold = Told(), Untold()

@app.get("/told/{name}")
def route(name: str):
    return told.get(name)

@app.get("/untold/{name}")
def other(name: str):
    return untold.get(name)

@app.get("/stats")
def stats():
    return told.stats()
""",
        {("FAL301", Severity.WARNING), ("FAL301", Severity.INFO)},
    ),
    "a count that the class below tells": (
        """
class Counting:
    def __init__(self) -> None:
        self._hits = 0

    def get(self, name: str) -> str:
        self._hits += 1
        return known[name]

class Telling(Counting):
    def stats(self) -> dict[str, int]:
        return {"hits": self._hits}

told = Telling()

@app.get("/told/{name}")
def route(name: str):
    return told.get(name)

@app.get("/stats")
def stats():
    return told.stats()
""",
        {("FAL301", Severity.WARNING)},
    ),
    "what was logged already": (
        """
import logging

log = logging.getLogger(__name__)
warned: set[str] = set()

def warn(name: str) -> None:
    if name in warned:
        return
    if len(warned) < 1024:
        warned.add(name)
    log.warning("unknown %s", name)

@app.get("/{name}")
def route(name: str):
    warn(name)
""",
        {("FAL301", Severity.INFO)},
    ),
    "what was logged already, in other ways": (
        """
import logging
import warnings

from loguru import logger

by_logging: list[str] = []
by_warnings: set[str] = set()
by_another: set[str] = set()
by_argument: set[str] = set()

def variants(name: str) -> list[str]:
    return [name.lower()]

def warn_once(log: logging.Logger, name: str) -> None:
    if name not in by_argument:
        by_argument.add(name)
        log.warning("unknown %s", name)

class Kinds:
    told: set[str] = set()

    def __init__(self) -> None:
        self.log = logging.getLogger(__name__)

    def check(self, name: str) -> None:
        if name not in self.told:
            self.told.add(name)
            self.log.warning("unknown %s", name)

kinds = Kinds()

@app.get("/{name}")
def route(name: str) -> str:
    if name not in by_logging:
        by_logging.append(name)
        logging.warning(f"unknown, tried {', '.join(variants(name))}")
    if name not in by_warnings:
        by_warnings.add(name)
        warnings.warn(f"unknown {name}", stacklevel=2)
    if name not in by_another:
        by_another.add(name)
        logger.warning("unknown {}", name)
    warn_once(logging.getLogger(__name__), name)
    kinds.check(name)
    return name
""",
        {("FAL301", Severity.INFO)},
    ),
    "what was sent already": (
        """
from app.mail import logging

warned: set[str] = set()

@app.get("/{name}")
def route(name: str) -> str:
    if name not in warned:
        warned.add(name)
        logging.warning("unknown %s", name)
    return name
""",
        {("FAL301", Severity.WARNING)},
    ),
    "what was done already": (
        """
import logging

log = logging.getLogger(__name__)
done: set[str] = set()

def warn(name: str) -> None:
    if name not in done:
        done.add(name)
        make(name)
        log.warning("unknown %s", name)

@app.get("/{name}")
def route(name: str):
    warn(name)
""",
        {("FAL301", Severity.WARNING)},
    ),
    "what was logged already, and is told": (
        """
import logging

log = logging.getLogger(__name__)
warned: set[str] = set()

@app.get("/{name}")
def route(name: str):
    if name not in warned:
        warned.add(name)
        log.warning("unknown %s", name)

@app.get("/")
def all_of_them():
    return list(warned)
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a count that stops requests": (
        """
import logging

log = logging.getLogger(__name__)
failures = 0

@app.get("/{name}")
def route(name: str):
    global failures
    failures += 1
    if failures > 100:
        log.warning("failed %d times", failures)
        return None
    return name
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a count that a route tells": (
        """
import logging

log = logging.getLogger(__name__)
failures = 0

@app.post("/{name}")
def route(name: str):
    global failures
    failures += 1
    log.warning("failed %d times", failures)

@app.get("/")
def count():
    return failures
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what a set has lacked": (
        """
done = set()

def install(names):
    new = [name for name in names if name and name not in done]
    if new:
        print("installing", new)
        done.update(new)

@app.post("/")
def route(names: list[str]):
    install(names)
""",
        {("FAL301", Severity.INFO)},
    ),
    "what a set has lacked, told to the caller": (
        """
done = set()

def unseen(names):
    new = [name for name in names if name not in done]
    done.update(new)
    return new

@app.post("/")
def route(names: list[str]):
    return unseen(names)
""",
        {("FAL301", Severity.WARNING)},
    ),
    "what another set has lacked": (
        """
done = set()
blocked = set()

def install(names):
    new = [name for name in names if name not in blocked]
    done.update(new)

@app.post("/")
def route(names: list[str]):
    install(names)
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a time that is kept": (
        """
import time

@app.get("/")
def route():
    global value
    value = time.time()
""",
        {("FAL302", Severity.INFO)},
    ),
    "a time that a bucket measures from": (
        """
import time

@app.get("/")
def route():
    global value
    now = time.time()
    passed = now - value
    value = now
    return passed
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a time for each of a few kinds": (
        """
import time

@app.get("/")
def route():
    stock["tea"] = time.time()
""",
        {("FAL301", Severity.INFO)},
    ),
    "a time for each client": (
        """
import time

@app.get("/{name}")
def route(name: str):
    stock[name] = time.time()
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a time that is counted from": (
        """
@app.get("/{now}")
def route(now: int):
    global value
    if value is None or now - value > 60:
        value = now
""",
        {("FAL302", Severity.INFO)},
    ),
    "a time under a key that is made anew": (
        """
import secrets, time

@app.get("/")
def route():
    stock[secrets.token_urlsafe(32)] = time.time()
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a time that a caller hands over, for a kind": (
        """
class Limiter:
    def __init__(self):
        self.last = {}

    def alert(self, now, kind):
        before = self.last.get(kind)
        if before is not None and now - before < 60:
            return
        self.last[kind] = now
        print("slow")

limiter = Limiter()

@app.get("/{now}")
def route(now: int):
    limiter.alert(now, "slow")
""",
        {("FAL301", Severity.INFO)},
    ),
    "a time that a caller hands over, for each client": (
        """
class Limiter:
    def __init__(self):
        self.last = {}

    def alert(self, now, client):
        before = self.last.get(client)
        if before is not None and now - before < 60:
            return
        self.last[client] = now

limiter = Limiter()

@app.get("/{now}/{name}")
def route(now: int, name: str):
    limiter.alert(now, name)
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a time beside another one": (
        """
class Limiter:
    def __init__(self):
        self.last = {}
        self.other = {}

    def alert(self, now, kind):
        before = self.other.get(kind)
        if before is not None and now - before < 60:
            return
        self.last[kind] = now

limiter = Limiter()

@app.get("/{now}")
def route(now: int):
    limiter.alert(now, "slow")
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a count up to the next round": (
        """
added = 0

@app.post("/{name}")
def route(name: str):
    global added
    added += len(name)
    if added < 100:
        return
    added = 0
    tidy()

def tidy():
    print("tidied")
""",
        {("FAL302", Severity.INFO)},
    ),
    "each hundredth time": (
        """
added = 0

@app.post("/{name}")
def route(name: str):
    global added
    added += 1
    if added % 100 == 0:
        print("hundred more")
    return name
""",
        {("FAL302", Severity.INFO)},
    ),
    "a count of what runs": (
        """
added = 0

@app.post("/")
def route():
    global added
    if added > 100:
        return
    added += 1
    print("running")
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a count up to an error": (
        """
added = 0

@app.post("/{name}")
def route(name: str):
    global added
    added += 1
    if added > 100:
        added = 0
        raise ValueError(name)
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a count up to another answer": (
        """
added = 0

@app.post("/{name}")
def route(name: str):
    global added
    added += 1
    if added > 100:
        added = 0
        return "enough"
    return name
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a count up to a round that is told, too": (
        """
added = 0

@app.post("/{name}")
def route(name: str):
    global added
    added += 1
    if added > 100:
        added = 0

@app.get("/")
def told():
    return added
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a number that is not counted from": (
        """
@app.get("/{now}")
def route(now: int):
    global value
    if now - len(stock) > 60:
        value = now
""",
        {("FAL302", Severity.WARNING)},
    ),
    "once for a key of the configuration": (
        """
@app.get("/")
def route():
    if "here" not in stock:
        start()

def start():
    global value
    value = "started"
    stock["here"] = 1
""",
        {("FAL302", Severity.INFO)},
    ),
    "once for a key of a request": (
        """
@app.get("/{name}")
def route(name: str):
    if name not in stock:
        start(name)

def start(name):
    global value
    value = "started"
    stock[name] = 1
""",
        {("FAL302", Severity.WARNING), ("FAL301", Severity.WARNING)},
    ),
    "below a cached function that settings are given": (
        """
import os
from functools import lru_cache
from fastapi import Depends

class Settings:
    def __init__(self):
        self.path = "data"

@lru_cache
def get_settings():
    return Settings()

@lru_cache
def open_store(path: str, user: str):
    start(path)
    return object()

def start(path):
    global value
    value = path

@app.get("/")
def route(settings: Settings = Depends(get_settings)):
    return id(open_store(settings.path, os.environ["USER"]))
""",
        {("FAL302", Severity.INFO)},
    ),
    "below a cached function that a user is given": (
        """
from functools import lru_cache
from fastapi import Depends, Request

def get_user(request: Request):
    return request.headers["user"]

@lru_cache(maxsize=10)
def open_store(user: str):
    start(user)
    return object()

def start(user):
    global value
    value = user

@app.get("/")
def route(user: str = Depends(get_user)):
    return id(open_store(user))
""",
        {("FAL302", Severity.WARNING)},
    ),
    "since when something fails": (
        """
import time

@app.get("/{name}")
def route(name: str):
    global value
    if name in stock:
        value = 0.0
        return False
    now = time.monotonic()
    if value == 0:
        value = now
    return now - value > 6
""",
        {("FAL302", Severity.INFO)},
    ),
    "since when as a client says": (
        """
@app.get("/{name}")
def route(name: str, now: float):
    global value
    if name in stock:
        value = 0.0
        return False
    value = now
    return True
""",
        {("FAL302", Severity.WARNING)},
    ),
    "hits that are logged": (
        """
import logging

logger = logging.getLogger(__name__)
hits = 0
misses = 0

def log_rate():
    total = hits + misses
    if total > 0 and total % 100 == 0:
        logger.info("rate %s of %s", round(hits / total, 3), total)

@app.get("/{name}")
def route(name: str):
    global hits, misses
    if name in stock:
        hits += 1
    else:
        misses += 1
    log_rate()
""",
        {("FAL302", Severity.INFO)},
    ),
    "hits that decide on an answer": (
        """
import logging

logger = logging.getLogger(__name__)
hits = 0

@app.get("/{name}")
def route(name: str):
    global hits
    hits += 1
    total = hits + 1
    logger.info("%s", total)
    return total > 100
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a flag that only its own test takes down": (
        """
@app.get("/")
def route():
    global ready
    if ready:
        ready = False
        print("the first")
""",
        {("FAL302", Severity.INFO)},
    ),
    "a flag that is put up again": (
        """
@app.get("/")
def route():
    global ready
    if ready:
        ready = False

@app.post("/{name}")
def other(name: str):
    global ready
    ready = True
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what middleware measures": (
        """
from collections import defaultdict

sums: dict[object, dict] = defaultdict(lambda: {"count": 0, "seconds": 0.0})

class Around:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        key = (scope["method"], scope["path"])
        if key not in sums and len(sums) >= 100:
            return
        entry = sums[key]
        entry["count"] += 1
        entry["seconds"] += 0.1
        await self.app(scope, receive, send)

app.add_middleware(Around)

@app.get("/metrics")
async def metrics():
    return [entry["count"] for entry in sums.values()]
""",
        {("FAL301", Severity.INFO)},
    ),
    "what middleware limits": (
        """
from collections import defaultdict

sums: dict[object, dict] = defaultdict(lambda: {"count": 0, "seconds": 0.0})

class Around:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        entry = sums[scope["path"]]
        entry["count"] += 1
        if entry["count"] > 100:
            await send({"type": "http.response.start", "status": 429, "headers": []})
            return
        await self.app(scope, receive, send)

app.add_middleware(Around)

@app.get("/metrics")
async def metrics():
    return [entry["count"] for entry in sums.values()]
""",
        {("FAL301", Severity.WARNING)},
    ),
    "what middleware tells": (
        """
from collections import defaultdict

sums: dict[object, dict] = defaultdict(lambda: {"count": 0, "seconds": 0.0})

class Around:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        entry = sums[scope["path"]]
        entry["count"] += 1
        scope["number"] = entry["count"]
        await self.app(scope, receive, send)

app.add_middleware(Around)

@app.get("/metrics")
async def metrics():
    return [entry["count"] for entry in sums.values()]
""",
        {("FAL301", Severity.WARNING)},
    ),
    "until when nothing is asked": (
        """
import time
from datetime import datetime, timedelta

PAUSE = 60

@app.get("/{name}")
def route(name: str):
    global value
    now = time.monotonic()
    if value is not None and now < value:
        return None
    if name in stock:
        value = None
    else:
        value = now + PAUSE

@app.get("/known/{name}")
def other(name: str):
    known["until"] = datetime.now() + timedelta(seconds=PAUSE)
""",
        {("FAL302", Severity.INFO), ("FAL301", Severity.INFO)},
    ),
    "what is read again where something is missing": (
        """
import json
from pathlib import Path
from fastapi import Depends, HTTPException, Request

class Keys:
    def __init__(self) -> None:
        self._valid: set[str] = set()

    def check(self, key: str) -> bool:
        if key not in self._valid:
            self.refresh()
        return key in self._valid

    def refresh(self) -> None:
        keys = set(json.loads(Path("/etc/keys.json").read_text()))
        self._valid = keys

keys = Keys()

def api_key(request: Request) -> None:
    if not keys.check(request.headers.get("x-api-key", "")):
        raise HTTPException(401)

@app.get("/tools", dependencies=[Depends(api_key)])
async def tools() -> list[str]:
    return []
""",
        {("FAL301", Severity.INFO)},
    ),
    "what is read again because a request wants it": (
        """
import json
from pathlib import Path

@app.post("/reload")
def reload() -> int:
    global value
    value = json.loads(Path("/etc/keys.json").read_text())
    return len(value)
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what is read for what a request brings": (
        """
import json
from pathlib import Path

@app.get("/{name}")
def read(name: str) -> int:
    global value
    value = json.loads(Path(name).read_text())
    return len(value)
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what is made anew and not read": (
        """
import secrets

@app.get("/token")
def token() -> str:
    global value
    value = secrets.token_hex()
    return value
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what follows from the environment": (
        """
import os

def configure(key: str | None = None) -> None:
    global ready
    key = key or os.environ.get("KEY")
    if key:
        ready = True
    else:
        ready = False

@app.post("/{name}")
def route(name: str):
    configure()
    return ready
""",
        {("FAL302", Severity.INFO)},
    ),
    "what a request switches": (
        """
def switch(on: bool) -> None:
    global ready
    if on:
        ready = True
    else:
        ready = False

@app.post("/on")
def on():
    switch(True)

@app.post("/off")
def off():
    switch(False)
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what a request may switch though the environment does, too": (
        """
import os

def configure(key: str | None) -> None:
    global ready
    key = key or os.environ.get("KEY")
    if key:
        ready = True
    else:
        ready = False

@app.post("/{name}")
def route(name: str):
    configure(name)
    return ready
""",
        {("FAL302", Severity.WARNING)},
    ),
    "until when others are refused": (
        """
import time
from fastapi import HTTPException

@app.get("/{name}")
def route(name: str):
    global value
    if value is not None and time.monotonic() < value:
        raise HTTPException(429)
    if name not in stock:
        value = time.monotonic() + 60
""",
        {("FAL302", Severity.WARNING)},
    ),
    "until when others are refused, as a function says": (
        """
import time
from fastapi.responses import JSONResponse

def is_blocked():
    left = (value or 0) - time.monotonic()
    return left > 0

@app.get("/{name}")
def route(name: str):
    global value
    if is_blocked():
        return JSONResponse({}, status_code=429)
    if name not in stock:
        value = time.monotonic() + 60
""",
        {("FAL302", Severity.WARNING)},
    ),
    "until when what has failed is left alone": (
        """
import time
import redis
from fastapi import HTTPException

client = redis.Redis()

@app.get("/{name}")
def route(name: str):
    global value
    if value is not None and time.monotonic() < value:
        raise HTTPException(503)
    try:
        return client.get(name)
    except redis.ConnectionError:
        value = time.monotonic() + 60
""",
        {("FAL302", Severity.INFO)},
    ),
    "since when nothing has come": (
        """
import time
from fastapi import HTTPException

@app.get("/{name}")
def route(name: str):
    global value
    if value is not None and time.monotonic() - value > 60:
        raise HTTPException(503)
    if name in stock:
        value = time.monotonic() + 0
""",
        {("FAL302", Severity.INFO)},
    ),
    "until when somebody may not ask": (
        """
import time

@app.get("/{name}/{pause}")
def route(name: str, pause: int):
    global value
    known[name] = time.monotonic() + 60
    value = time.monotonic() + pause
""",
        {("FAL302", Severity.WARNING), ("FAL301", Severity.WARNING)},
    ),
    "rebound by each request": (
        """
@app.put("/{name}")
def route(name: str):
    global value
    value = name
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a copy of what the object was made with is the same for all": (
        """
class Agent:
    def __init__(self, db):
        self.db = db
        self._used_db = None

    def prepare(self):
        self._used_db = self.db

agent = Agent("db")

@app.post("/run")
async def run():
    agent.prepare()
""",
        {("FAL301", Severity.INFO)},
    ),
    "a copy of what requests change is not": (
        """
class Agent:
    def __init__(self, db):
        self.db = db
        self._used_db = None

    def prepare(self):
        self._used_db = self.db

agent = Agent("db")

@app.post("/run")
async def run(db: str):
    agent.db = db
    agent.prepare()
""",
        {("FAL301", Severity.WARNING)},
    ),
    "one slot under a key that is read by getattr is made once": (
        """
class Tokenizer:
    def __init__(self, name):
        self.name = name

async def config():
    return {"tokenizer": "a"}

def tokenizer(settings):
    key = (settings["tokenizer"],)
    cached = getattr(app.state, "tokenizer", None)
    if cached and cached[0] == key:
        return cached[1]
    made = Tokenizer(*key)
    app.state.tokenizer = (key, made)
    return made

@app.post("/text")
async def text():
    return tokenizer(await config()).name
""",
        {("FAL301", Severity.INFO)},
    ),
    "a table of what goes on right now": (
        """
import itertools

held: dict[int, str] = {}
places = itertools.count()

@app.get("/{name}")
async def route(name: str):
    place = next(places)
    held[place] = name
    try:
        await make(name)
    finally:
        del held[place]

@app.get("/")
async def under_way():
    return list(held.values())
""",
        {("FAL301", Severity.INFO)},
    ),
    "what goes on is not taken out of a table under a key that others have": (
        """
@app.get("/{name}")
async def route(name: str):
    known[name] = "running"
    try:
        await make(name)
    finally:
        del known[name]

@app.get("/")
async def under_way():
    return list(known.values())
""",
        {("FAL301", Severity.WARNING)},
    ),
    "how it went last, for nobody that asks": (
        """
last_failure: str | None = None

@app.get("/{name}")
async def route(name: str):
    global last_failure
    if not name:
        last_failure = "no name"
    else:
        last_failure = None

def health():
    return {"healthy": last_failure is None, "last_failure": last_failure}
""",
        {("FAL302", Severity.INFO)},
    ),
    "how it went last is told by a route": (
        """
last_failure: str | None = None

@app.get("/{name}")
async def route(name: str):
    global last_failure
    last_failure = "no name"

@app.get("/")
async def health():
    return {"last_failure": last_failure}
""",
        {("FAL302", Severity.WARNING)},
    ),
    "how it went last steers what start-up has begun": (
        """
last_failure: str | None = None

@app.get("/{name}")
async def route(name: str):
    global last_failure
    last_failure = "no name"

async def watch():
    while last_failure is None:
        await asyncio.sleep(1)

@app.on_event("startup")
async def begin():
    asyncio.create_task(watch())
""",
        {("FAL302", Severity.WARNING)},
    ),
    "what a request brings is not for nobody": (
        """
current_user: str | None = None

@app.get("/{name}")
async def route(name: str):
    global current_user
    current_user = name

def get_user():
    return current_user
""",
        {("FAL302", Severity.WARNING)},
    ),
    "a set that nobody looks at": (
        """
class Gateways:
    def __init__(self):
        self._active: set[str] = set()

    async def shutdown(self):
        self._active.clear()

    async def set_state(self, url: str, on: bool):
        if on:
            self._active.add(url)
        else:
            self._active.discard(url)

gateways = Gateways()

@app.post("/{url}")
async def route(url: str, on: bool):
    await gateways.set_state(url, on)
""",
        {("FAL301", Severity.INFO)},
    ),
    "a set that somebody looks at": (
        """
class Gateways:
    def __init__(self):
        self._active: set[str] = set()

    def set_state(self, url: str, on: bool):
        if on:
            self._active.add(url)
        else:
            self._active.discard(url)

    def is_active(self, url: str):
        return url in self._active

gateways = Gateways()

@app.post("/{url}")
async def route(url: str, on: bool):
    gateways.set_state(url, on)
""",
        {("FAL301", Severity.WARNING)},
    ),
    "a list that only grows": (
        """
lines: list[str] = []

@app.post("/{line}")
async def route(line: str):
    lines.append(line)
""",
        {("FAL301", Severity.WARNING)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, wanted = CASES[name]
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL3"]})
    result = check(CheckRequest((), settings, tmp_path, ("example.py", (HEAD + source).encode())))
    assert result.internal_errors == ()
    assert {(found.code, found.severity) for found in result.diagnostics} == wanted


@pytest.mark.parametrize(("given", "way_out"), [("Lock()", "WeakValueDictionary"), ("name.title()", "give the cache")])
def test_a_cache_of_locks_is_not_to_be_bounded(given: str, way_out: str, tmp_path: Path) -> None:
    source = (
        "from functools import cache\nfrom threading import Lock\n\n@cache\ndef of(name: str):\n"
        f"    return {given}\n\n@app.get('/{{name}}')\ndef route(name: str):\n    of(name)\n"
    )
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL304"]})
    result = check(CheckRequest((), settings, tmp_path, ("example.py", (HEAD + source).encode())))
    (found,) = result.diagnostics
    assert way_out in found.message


SERVED = """
import uvicorn
from fastapi import FastAPI

class Scaler:
    def __init__(self):
        self.stamps = []

    def collect(self, stamps):
        self.stamps.extend(stamps)

class Controller:
    def __init__(self):
        self._scaler = Scaler()
        self._app = FastAPI()

    def run(self):
        @self._app.post("/sync")
        async def sync(stamps: list[float]):
            self._scaler.collect(stamps)

        uvicorn.run({given}, port=8000)
"""


@pytest.mark.parametrize(("given", "is_alone"), [("self._app", True), ("'app:app'", False)])
def test_who_serves_what_it_has_made_has_no_second_worker(given: str, is_alone: bool, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SERVED.replace("{given}", given), encoding="utf-8")
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL3"]})
    found = check(CheckRequest((tmp_path,), settings, tmp_path)).diagnostics
    assert [d.code for d in found] == ["FAL301"]
    assert "`self._scaler.stamps` is shared by all requests (an attribute of `Controller`)" in found[0].message
    assert ("one process serves them" in found[0].message) is is_alone
    assert ("a store that all workers share" in found[0].message) is not is_alone


PROGRAM = """
import uvicorn
from fastapi import FastAPI

app = FastAPI()

class Controller:
    def __init__(self):
        self.workers = {}

    def register(self, name):
        self.workers[name] = 1

@app.post("/register/{name}")
async def register(name: str):
    controller.register(name)

{before}
if __name__ == "__main__":
    controller = Controller()
    uvicorn.run(app)
"""


@pytest.mark.parametrize(("before", "is_alone"), [("", True), ("controller = Controller()", False)])
def test_what_only_a_program_has_is_in_one_process(before: str, is_alone: bool, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM.replace("{before}", before), encoding="utf-8")
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL3"]})
    (found,) = check(CheckRequest((tmp_path,), settings, tmp_path)).diagnostics
    assert "`controller.workers` is shared by all requests" in found.message
    assert ("one process serves them" in found.message) is is_alone


FRESH_OR_SHARED = """
from fastapi import FastAPI

class Team:
    def __init__(self, name: str):
        self.name = name
        self.notes: list[str] | None = None

    def deep_copy(self) -> "Team":
        return Team(self.name)

    async def run(self, text: str) -> str:
        return await note(self, text)

async def note(team: Team, text: str) -> str:
    if team.notes is None:
        team.notes = []
    team.notes.append(text)
    return text

def get_team(name: str, teams: list[Team], fresh: bool = False) -> Team | None:
    for team in teams:
        if team.name == name:
            return team.deep_copy() if fresh else team
    return None

def attach(app: FastAPI, teams: list[Team], entity: Team) -> None:
    @app.post("/fresh/{name}")
    async def fresh(name: str, text: str) -> str:
        team = get_team(name, teams, fresh=True)
        return await team.run(text)

    @app.post("/shared")
    async def shared(text: str) -> str:
        return await entity.run(text)

app = FastAPI()
attach(app, [Team("x")], Team("y"))
"""


def test_the_way_in_is_that_of_who_hands_over_the_shared_object(tmp_path: Path) -> None:
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL301"]})
    found = check(CheckRequest((), settings, tmp_path, ("app.py", FRESH_OR_SHARED.encode()))).diagnostics
    chains = [[hop.text for hop in one.chain] for one in found if "notes" in one.message]
    assert chains
    assert {chain[0] for chain in chains} == {"route `POST /shared` enters here"}
    assert {chain[-1] for chain in chains} == {"`Team.run` runs `note`"}


MADE = """
import asyncio
import uvicorn
from fastapi import FastAPI

def create_app(peers: dict[str, str]) -> FastAPI:
    app = FastAPI()

    @app.post("/peers/{id}")
    async def add(id: str) -> None:
        peers.update({"last": id})

    @app.get("/peers")
    async def get() -> str:
        return peers["last"]

    return app

async def main() -> None:
    app = create_app({})
    {start}

{more}
"""
START = "server = uvicorn.Server(uvicorn.Config(app, port=8000))\n    await server.serve()"


@pytest.mark.parametrize(
    ("start", "more", "is_alone"),
    [
        (START, "asyncio.run(main())", True),
        ("await uvicorn.Server(config=uvicorn.Config(app=app)).serve()", "", True),
        (START, "app = create_app({})", False),
        (START, "def other():\n    return create_app({})", False),
        (START.replace("(app,", "('app:app',"), "", False),
        ("print(app)", "", False),
    ],
)
def test_a_server_object_is_one_process(start: str, more: str, is_alone: bool, tmp_path: Path) -> None:
    source = MADE.replace("{start}", start).replace("{more}", more)
    (tmp_path / "app.py").write_text(source, encoding="utf-8")
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL3"]})
    (found,) = check(CheckRequest((tmp_path,), settings, tmp_path)).diagnostics
    assert ("one process serves them" in found.message) is is_alone


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("ids.current = None", "is emptied for the thread of the event loop only"),
        ("ids.current = name", "is the same for all requests"),
        ("ids.current = None\n    print(ids.current)", "is the same for all requests"),
    ],
)
def test_what_is_only_emptied_on_the_loop_is_not_the_same_for_all(after: str, said: str, tmp_path: Path) -> None:
    source = (
        "import threading\nids = threading.local()\ndef work(name):\n    ids.current = name\n    print(ids.current)\n"
        f"@app.post('/{{name}}')\nasync def route(name: str):\n    await asyncio.to_thread(work, name)\n    {after}\n"
    )
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL307"]})
    (found,) = check(CheckRequest((), settings, tmp_path, ("example.py", (HEAD + source).encode()))).diagnostics
    assert said in found.message


def test_the_way_is_that_of_the_shared_object(tmp_path: Path) -> None:
    case = Path(__file__).parent / "fixtures" / "FAL301" / "report_shared_on_a_sure_way_beside.py"
    (tmp_path / "app.py").write_text(case.read_text(encoding="utf-8"), encoding="utf-8")
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL301"]})
    (found,) = check(CheckRequest((tmp_path,), settings, tmp_path)).diagnostics
    assert [entry.label for entry in found.entry_points] == ["attach_routes.handle_all"]


def test_what_the_first_use_clears_is_not_set(tmp_path: Path) -> None:
    source = """
class Registry:
    def __init__(self):
        self._value = None

    def reset(self):
        self._value = None

registry = Registry()

@app.post("/")
async def route():
    global ready
    if not ready:
        registry.reset()
        ready = True
"""
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL301"]})
    result = check(CheckRequest((), settings, tmp_path, ("example.py", (HEAD + source).encode())))
    (found,) = result.diagnostics
    assert "`registry._value` (module level) is set back to None by the first request that gets here" in found.message
