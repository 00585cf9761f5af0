"""Drives one app in this process and writes what happened as JSON: `driver.py SPEC RECORD`, in the app's folder.

Everything that a client or an operator could notice is recorded: responses, exceptions that reach the server, the order
of effects (the journal), complaints of the event loop, coroutines that nobody awaited. And, apart from that, how long
the loop stood still.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import json
import logging
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from journal import entries
from upstream import Upstream

TICK = 0.005
SETTLE = 0.03
LATE = 0.02  # a tick that takes longer is the machine's fault
STEP_TIMEOUT = 12.0
LOOP_TIMEOUT = 8.0
HEADERS = frozenset({"content-type", "location", "set-cookie", "allow", "www-authenticate", "retry-after"})

Scope = dict[str, Any]


class AliveClock:
    """A clock that stands still while the machine gives this process no time: a thread that moves it tick by tick.

    A loop that blocks falls behind this clock; on a busy machine, both fall behind the wall clock.
    """

    def __init__(self, give_up: Callable[[str], None]) -> None:
        self.now = 0.0
        self.heard = 0.0
        self.give_up = give_up
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        last = time.perf_counter()
        while self.now - self.heard < LOOP_TIMEOUT:
            time.sleep(TICK)
            now = time.perf_counter()
            self.now += min(now - last, LATE)
            last = now
        self.give_up(f"the loop stood still for {LOOP_TIMEOUT:.0f} s")


class Ticker:
    """A task on the app's own loop that wakes every few milliseconds: what it misses, every client misses."""

    def __init__(self, clock: AliveClock) -> None:
        self.clock = clock
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            self.clock.heard = self.clock.now
            await asyncio.sleep(TICK)
            self.longest = max(self.longest, self.clock.now - self.clock.heard - TICK)

    async def take(self) -> float:
        """The longest stall since the last call, in milliseconds."""
        await asyncio.sleep(SETTLE)
        longest, self.longest = self.longest, 0.0
        return round(longest * 1000, 1)


class Watched:
    """The app as a server sees it: keeps lifespan state, the exceptions that get out and the chunks that are sent."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.state: dict[str, Any] = {}

    def transport(self, seen: dict[str, Any]) -> httpx.ASGITransport:
        async def watched(scope: Scope, receive: Any, send: Any) -> None:
            async def counting(message: Any) -> None:
                if message["type"] == "http.response.body" and message.get("body"):
                    seen["chunks"] += 1
                await send(message)

            try:
                await self.app({**scope, "state": dict(self.state)}, receive, counting)
            except Exception as error:
                seen["exceptions"].append(describe(error))
                raise

        return httpx.ASGITransport(watched, raise_app_exceptions=False)  # type: ignore[arg-type]


class Lifespan:
    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.outbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None

    async def _serve(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self.watched.state}
        try:
            await self.watched.app(scope, self.inbox.get, self.outbox.put)
        except Exception as error:  # noqa: BLE001
            await self.outbox.put({"type": "raised", "message": json.dumps(describe(error))})

    async def say(self, event: str) -> str:
        if self.task is None:
            self.task = asyncio.create_task(self._serve())
        await self.inbox.put({"type": f"lifespan.{event}"})
        answer = await asyncio.wait_for(self.outbox.get(), STEP_TIMEOUT)
        return f"{answer['type']} {answer.get('message', '')}".strip()


def describe(error: BaseException) -> dict[str, Any]:
    """Type, text and causes: what a handler could match on, and what a log would say."""
    said: dict[str, Any] = {"type": type(error).__qualname__, "message": str(error)}
    if error.__cause__ is not None:
        said["cause"] = describe(error.__cause__)
    if isinstance(parts := getattr(error, "exceptions", None), tuple):
        said["parts"] = [describe(part) for part in parts]
    return said


async def send_request(watched: Watched, step: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, Any] = {"chunks": 0, "exceptions": []}
    options: dict[str, Any] = {
        key: step[key] for key in ("json", "data", "content", "headers", "params") if key in step
    }
    if files := step.get("files"):
        options["files"] = {field: (name, text.encode()) for field, (name, text) in files.items()}
    async with httpx.AsyncClient(transport=watched.transport(seen), base_url="http://app") as client:
        response = await client.request(step.get("method", "GET"), step["path"], **options)
    said: dict[str, Any] = {
        "status": response.status_code,
        "headers": [
            [name, value] for name, value in response.headers.multi_items() if name in HEADERS or name.startswith("x-")
        ],
        "body": response.text,
        "exceptions": seen["exceptions"],
    }
    if step.get("chunks"):
        said["chunks"] = seen["chunks"]
    return said


async def talk(watched: Watched, step: dict[str, Any]) -> dict[str, Any]:
    """A websocket client that connects, sends all its messages and hangs up."""
    inbox: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    inbox += [{"type": "websocket.receive", "text": text} for text in step.get("send", [])]
    sent: list[Any] = []
    path, _, query = step["websocket"].partition("?")

    async def receive() -> dict[str, Any]:
        return inbox.pop(0) if inbox else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: dict[str, Any]) -> None:
        sent.append({key: value for key, value in message.items() if key in {"type", "text", "code", "reason"}})

    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "scheme": "ws", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": [(b"host", b"app")], "subprotocols": [], "root_path": "",
        "client": ("test", 1), "server": ("app", 80), "state": dict(watched.state),
    }  # fmt: skip
    said: dict[str, Any] = {"sent": sent, "exceptions": []}
    try:
        await watched.app(scope, receive, send)
    except Exception as error:  # noqa: BLE001
        said["exceptions"].append(describe(error))
    return said


async def call(step: dict[str, Any]) -> dict[str, Any]:
    """Other code of the project that uses the app: `call = "module:function"`; sync functions get a thread."""
    module, _, name = step["call"].partition(":")
    function = getattr(importlib.import_module(module), name)
    said: dict[str, Any] = {"exceptions": []}
    try:
        result = await function() if inspect.iscoroutinefunction(function) else await asyncio.to_thread(function)
        said["result"] = repr(result)
    except Exception as error:  # noqa: BLE001
        said["exceptions"].append(describe(error))
    return said


async def perform(watched: Watched, step: dict[str, Any]) -> dict[str, Any]:
    try:
        if "websocket" in step:
            work = talk(watched, step)
        elif "call" in step:
            work = call(step)
        else:
            work = send_request(watched, step)
        return await asyncio.wait_for(work, STEP_TIMEOUT)
    except asyncio.TimeoutError:
        return {"timeout": f"no answer within {STEP_TIMEOUT:.0f} s"}


async def drive(spec: dict[str, Any], give_up: Callable[[str], None]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    complaints: list[str] = []
    loop.set_exception_handler(
        lambda _, said: complaints.append(f"{said.get('message')}: {said.get('exception')!r}".strip())
    )
    await asyncio.to_thread(int)  # the first thread of the pool is no stall of the app
    watched = Watched(importlib.import_module("app").app)
    lifespan = Lifespan(watched)
    record: dict[str, Any] = {"startup": await lifespan.say("startup"), "stages": []}
    record["startup_journal"] = take_journal()
    ticker = Ticker(AliveClock(give_up))
    ticking = asyncio.create_task(ticker.run())
    await ticker.take()
    for stage in spec["stages"]:
        said = await asyncio.gather(*(perform(watched, step) for step in stage["steps"]))
        stall = await ticker.take()
        journal = take_journal()
        ordered = len(stage["steps"]) == 1 and not stage["unordered"]
        record["stages"].append({"steps": said, "journal": journal if ordered else sorted(journal), "stall_ms": stall})
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    record["shutdown"] = await lifespan.say("shutdown")
    record["shutdown_journal"] = take_journal()
    gc.collect()
    await asyncio.sleep(0)
    record["complaints"] = complaints
    return record


def take_journal() -> list[str]:
    taken = entries[:]
    del entries[: len(taken)]
    return taken


def main(spec_path: str, record_path: str) -> None:
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    never_awaited: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if issubclass(category, RuntimeWarning):
            never_awaited.add(str(message))

    def give_up(why: str) -> None:
        Path(record_path).write_text(json.dumps({"hang": why}), encoding="utf-8")
        os._exit(0)

    warnings.simplefilter("always", RuntimeWarning)
    warnings.showwarning = show
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as scratch, Upstream() as upstream:
        os.environ.update(UPSTREAM=upstream.url, SCRATCH=scratch, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        record = asyncio.run(drive(spec, give_up), debug=False)
        record["runtime_warnings"] = sorted(never_awaited)
        text = json.dumps(record, indent=1)
        for volatile, word in ((upstream.url, "UPSTREAM"), (upstream.address, "UPSTREAM"), (scratch, "SCRATCH")):
            text = text.replace(volatile, word)
        Path(record_path).write_text(text, encoding="utf-8")
    # Threads that hang must not keep the process: what they have to say is in the record.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
