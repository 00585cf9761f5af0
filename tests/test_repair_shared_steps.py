"""Steps with shared state of which the functions called before and behind a place take one half each."""

from __future__ import annotations

import pytest
from repair_cases import Repaired

CODES = tuple(f"FAL1{number:02}" for number in range(1, 13))

APP = """\
import asyncio

from bcrypt import checkpw
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


class Cache:
    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        self.last: str | None = None

    def get(self, key: str) -> int | None:
        found = self._values.get(key)
        if found is not None and found < 0:
            self._values.pop(key)
        return found

    def set(self, key: str, value: int) -> None:
        self._values[key] = value

    def pop(self, key: str) -> None:
        self._values.pop(key, None)


cache = Cache()
loop_lock = asyncio.Lock()
client: object = None


def verify(password: str) -> bool:
    return checkpw(password.encode(), b"x")


async def other() -> object: ...


def check(key: str) -> None:
    if (cache.get(key) or 0) > 5:
        raise HTTPException(429)


def record(key: str) -> None:
    cache.set(key, (cache.get(key) or 0) + 1)


def record_name(key: str) -> None:
    cache.last = key


def reserve(key: str) -> None:
    check(key)
    record(key)


async def check_later(key: str) -> None:
    await other()
    check(key)


async def check_earlier(key: str) -> None:
    check(key)
    await other()


async def record_first(key: str) -> None:
    record(key)
    await other()


async def record_last(key: str) -> None:
    await other()
    record(key)


def get_client() -> object:
    global client
    if client is None:
        client = object()
    return client


async def unset(request: Request) -> None:
    if await other():
        request.app.state.model = None


async def unset_early(request: Request) -> None:
    request.app.state.model = None
    await other()


def begin(request: Request) -> None:
    request.app.state.status = "running"


@app.post("/")
async def route(request: Request, name: str, key: str):
    await other()
"""

# The body of the route behind an `await`, and how many fixes there are.
CASES = {
    # -- looked at before, changed behind
    "check and note": ("check(name)\nif not verify(key):\n    record(name)", 0),
    "check and forget": ("check(name)\nif verify(key):\n    cache.pop(name)", 0),
    "check by the method and note": ("found = cache.get(name)\nok = verify(key)\ncache.set(name, 1)\nreturn found", 0),
    "check at the end of a coroutine": ("await check_later(name)\nif not verify(key):\n    record(name)", 0),
    "note at the beginning of a coroutine": ("check(name)\nif not verify(key):\n    await record_first(name)", 0),
    "a wait behind the check": ("check(name)\nawait other()\nif not verify(key):\n    record(name)", 1),
    "a wait that may not be": ("check(name)\nif key:\n    await other()\nif not verify(key):\n    record(name)", 0),
    "a wait before the note": ("check(name)\nok = verify(key)\nawait other()\nif not ok:\n    record(name)", 1),
    "check before a coroutine waits": ("await check_earlier(name)\nif not verify(key):\n    record(name)", 1),
    "note behind a coroutine's wait": ("check(name)\nif not verify(key):\n    await record_last(name)", 1),
    "only a check": ("check(name)\nreturn verify(key)", 1),
    "only a note": ("if not verify(key):\n    record(name)", 1),
    "check on both sides": ("check(name)\nok = verify(key)\ncheck(name)\nreturn ok", 1),
    "other state is noted": ("check(name)\nif not verify(key):\n    record_name(name)", 1),
    "other item is noted": ("check(name)\nif not verify(key):\n    record(key)", 1),
    "noted before": ("reserve(name)\nif verify(key):\n    cache.pop(name)", 1),
    "made on first use": ("get_client()\nok = verify(key)\nget_client()\nreturn ok", 1),
    "kept for the next time": ("found = cache.get(key)\nif found is None:\n    cache.set(key, verify(key))", 1),
    "note in the other branch": ("check(name)\nif key:\n    return verify(key)\nelse:\n    record(name)", 1),
    "object of the request": (
        "mine = Cache()\nfound = mine.get(name)\nok = verify(key)\nmine.set(name, 1)\nreturn found",
        1,
    ),
    "under a lock of the loop": (
        "async with loop_lock:\n    check(name)\n    if not verify(key):\n        record(name)",
        1,
    ),
    # -- taken away before, put back behind
    "unset and set": ("request.app.state.model = None\nrequest.app.state.model = verify(key)", 0),
    "unset by a coroutine and set": ("await unset(request)\nrequest.app.state.model = verify(key)", 0),
    "emptied and set": ("cache._values = {}\nok = verify(key)\ncache._values = {'x': ok}", 0),
    "unset, and a wait": ("await unset(request)\nawait other()\nrequest.app.state.model = verify(key)", 1),
    "unset before a coroutine waits": ("await unset_early(request)\nrequest.app.state.model = verify(key)", 1),
    "another one is set": ("await unset(request)\nrequest.app.state.other = verify(key)", 1),
    "a status": ("begin(request)\nok = verify(key)\nrequest.app.state.status = 'done'\nreturn ok", 1),
    "initial value of an own object": ("mine = Cache()\nmine.last = None\nif verify(key):\n    mine.last = key", 1),
    "initial value of a variable": ("found = None\nfound = verify(key)\nreturn found", 1),
}


@pytest.mark.parametrize("name", CASES)
def test_steps_on_both_sides(name: str) -> None:
    body, fixes = CASES[name]
    text = APP + "".join(f"    {line}\n" for line in body.splitlines()) + "    return None\n"
    repaired = Repaired({"app.py": text}, CODES)
    assert len(repaired.found) == 1, text
    assert len(repaired.fixes) == fixes
