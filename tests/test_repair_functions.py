"""When a route or dependency becomes a plain `def`, and when it stays a coroutine."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, apply_one, fixed_to_the_end

CODES = tuple(f"FAL1{number:02}" for number in range(1, 15))

PRELUDE = """\
import asyncio
import contextvars
import sqlite3
import time

import requests
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(engine)
shared_session = SessionLocal()
current = contextvars.ContextVar("current")
seen: list[str] = []
total = 0


def get_db():
    with SessionLocal() as db:
        yield db


def fetch() -> str:
    return requests.get("url").text


"""

PLAIN = {
    "route": '@app.get("/")\nasync def route():\n    return fetch()\n',
    "route with two registrations": '@app.get("/")\n@app.post("/")\nasync def route():\n    return fetch()\n',
    "route with a session": (
        '@app.get("/")\nasync def route(db: Session = Depends(get_db)):\n    return db.execute("select 1").all()\n'
    ),
    "route that is added": 'async def route():\n    return fetch()\n\n\napp.add_api_route("/", route)\n',
    "dependency": (
        'async def user():\n    return fetch()\n\n\n@app.get("/")\ndef route(user=Depends(user)):\n    return user\n'
    ),
    "dependency that tests replace": (
        'async def user():\n    return fetch()\n\n\n@app.get("/")\ndef route(user=Depends(user)):\n    return user\n\n\n'
        'app.dependency_overrides[user] = lambda: "x"\n'
    ),
    "route inside of a factory": (
        'def make():\n    router = APIRouter()\n\n    @router.get("/")\n    async def route():\n        return fetch()\n\n'
        "    return router\n"
    ),
    "route with a comment between": '@app.get("/")\nasync  def route():\n    # why\n    return fetch()\n',
    "other attribute of the same name": (
        '@app.get("/")\nasync def route():\n    return fetch()\n\n\nprint(app.route, "route")\n'
    ),
}

ASYNC = {
    "awaits": '@app.get("/")\nasync def route():\n    await asyncio.sleep(1)\n    return fetch()\n',
    "awaits in a nested function": (
        '@app.get("/")\nasync def route():\n    async def inner(): ...\n    return fetch(), inner\n'
    ),
    "async with": '@app.get("/")\nasync def route(lock):\n    async with lock:\n        return fetch()\n',
    "async comprehension": '@app.get("/")\nasync def route(rows):\n    return fetch(), [row async for row in rows]\n',
    "generator dependency": (
        'async def user():\n    yield fetch()\n\n\n@app.get("/")\ndef route(user=Depends(user)):\n    return user\n'
    ),
    "awaited elsewhere": (
        '@app.get("/")\nasync def route():\n    return fetch()\n\n\n@app.post("/")\nasync def other():\n    await route()\n'
    ),
    "named elsewhere": '@app.get("/")\nasync def route():\n    return fetch()\n\n\nROUTES = [route]\n',
    "exported": '__all__ = ["route"]\n\n\n@app.get("/")\nasync def route():\n    return fetch()\n',
    "foreign decorator": (
        'from cachetools import cached\n\n\n@app.get("/")\n@cached({})\nasync def route():\n    return fetch()\n'
    ),
    "own decorator": (
        'def plain(f):\n    return f\n\n\n@app.get("/")\n@plain\nasync def route():\n    return fetch()\n'
    ),
    "websocket": '@app.websocket("/")\nasync def route(socket: WebSocket):\n    fetch()\n',
    "middleware": '@app.middleware("http")\nasync def handle(request, call_next):\n    return fetch()\n',
    "no entry point": "async def work():\n    return fetch()\n",
    "method": (
        "router = APIRouter()\n\n\nclass View:\n    async def __call__(self):\n        return fetch()\n\n\n"
        'app.add_api_route("/", View())\n'
    ),
    "counter": '@app.get("/")\nasync def route():\n    global total\n    total += 1\n    return fetch()\n',
    "collector": '@app.get("/")\nasync def route():\n    seen.append(fetch())\n',
    "state of the application": '@app.get("/")\nasync def route(request: Request):\n    request.app.state.x = fetch()\n',
    "context variable": '@app.get("/")\nasync def route():\n    current.set(1)\n    return fetch()\n',
    "task": '@app.get("/")\nasync def route():\n    asyncio.create_task(print())\n    return fetch()\n',
    "unknown queue": '@app.get("/")\nasync def route(request: Request):\n    request.app.q.put_nowait(1)\n    fetch()\n',
    "shared session": '@app.get("/")\nasync def route():\n    return shared_session.execute("select 1"), fetch()\n',
    "sqlite connection": (
        "async def connect():\n    return sqlite3.connect('x.db')\n\n\n"
        '@app.get("/")\nasync def route(c: sqlite3.Connection = Depends(connect)):\n    c.execute("select 1")\n    fetch()\n'
    ),
    "is also a background task": (
        "from fastapi import BackgroundTasks\n\n\n"
        '@app.get("/")\nasync def route():\n    return fetch()\n\n\n'
        '@app.get("/x")\ndef other(tasks: BackgroundTasks):\n    tasks.add_task(route)\n'
    ),
    "sleeps, too": '@app.get("/")\nasync def route():\n    time.sleep(1)\n    return fetch()\n',
    "asks, too": '@app.get("/")\nasync def route():\n    input()\n    return fetch()\n',
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain(name: str) -> None:
    text = PRELUDE + PLAIN[name]
    fixes = Repaired({"app.py": text}, CODES).fixes
    fixed = {apply_one(text, fix) for fix in fixes}
    assert len(fixed) == 1, "all diagnostics of a function have the same fix"
    assert fixed == {PRELUDE + PLAIN[name].replace("async  def", "def").replace("async def", "def")}
    assert {fix.applicability.value for fix in fixes} == {"unsafe"}


@pytest.mark.parametrize("name", ASYNC)
def test_stays_async(name: str) -> None:
    text = PRELUDE + ASYNC[name]
    repaired = Repaired({"app.py": text}, CODES)
    assert repaired.found
    assert not any("plain `def`" in fix.message for fix in repaired.fixes)


def test_used_by_another_module() -> None:
    files = {
        "app.py": PRELUDE + PLAIN["route"],
        "other.py": "from app import route\n\n\nasync def again():\n    return await route()\n",
    }
    assert not any("plain `def`" in fix.message for fix in Repaired(files, CODES).fixes)
    files["other.py"] = "import app\n\n\nasync def again():\n    return await app.route()\n"
    assert not any("plain `def`" in fix.message for fix in Repaired(files, CODES).fixes)
    files["other.py"] = "def route():\n    return 1\n\n\nroute()\n"
    assert any("plain `def`" in fix.message for fix in Repaired(files, CODES).fixes)


def test_a_sleep_beside_a_call() -> None:
    """The sleep makes the route await; then the call is handed to a thread, too."""
    text = PRELUDE + ASYNC["sleeps, too"]
    fixed = fixed_to_the_end(text, CODES)
    assert "async def route():\n    await asyncio.sleep(1)\n    return await asyncio.to_thread(fetch)\n" in fixed
    assert "import time" not in fixed


WRONG = {
    "arguments": ("await asyncio.to_thread(work(n))", "await asyncio.to_thread(work, n)"),
    "no arguments": ("await asyncio.to_thread(rest())", "await asyncio.to_thread(rest)"),
    "keywords": ("await asyncio.to_thread(work(n=n))", "await asyncio.to_thread(work, n=n)"),
    "keywords of anyio": ("await to_thread.run_sync(work(n=n))", None),
    "anyio": ("await to_thread.run_sync(work(n))", "await to_thread.run_sync(work, n)"),
    "trailing comma": ("await asyncio.to_thread(work(n,))", "await asyncio.to_thread(work, n)"),
    "over lines": (
        "await asyncio.to_thread(\n        work(\n            n,\n        )\n    )",
        "await asyncio.to_thread(\n        work,\n            n\n        \n    )",
    ),
    "more arguments": ("await asyncio.to_thread(work(n), 1)", None),
    "pool": ("pool.submit(work(n))", "pool.submit(work, n)"),
    "executor": (
        "await asyncio.get_running_loop().run_in_executor(None, work(n))",
        "await asyncio.get_running_loop().run_in_executor(None, work, n)",
    ),
    "executor with keywords": ("await asyncio.get_running_loop().run_in_executor(None, work(n=n))", None),
    "coroutine": ("await run_in_threadpool(load)", "await load()"),
    "coroutine with arguments": ("await run_in_threadpool(load, n, x=1)", "await load(n, x=1)"),
    "coroutine over lines": (
        "await run_in_threadpool(\n        load,\n        n,\n    )",
        "await load(\n        n,\n    )",
    ),
    "coroutine without await": ("asyncio.to_thread(load, n)", "await load(n)"),
    "coroutine in a gather": ("await asyncio.gather(asyncio.to_thread(load, n))", "await asyncio.gather(load(n))"),
    "coroutine compared": ("return await asyncio.to_thread(load, n) == n", "return await load(n) == n"),
    "coroutine shown": ("return str(await asyncio.to_thread(load, n))", "return str(await load(n))"),
    "coroutine handed on": ("return Later(await asyncio.to_thread(load, n))", None),
    "coroutine awaited twice": ("await (await asyncio.to_thread(load, n))", None),
    "coroutine awaited later": ("c = await asyncio.to_thread(load, n)\n    await c", None),
    "coroutine with options of anyio": ("await to_thread.run_sync(load, abandon_on_cancel=True)", None),
    "coroutine in an executor": ("await asyncio.get_running_loop().run_in_executor(None, load)", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_offloads(name: str) -> None:
    head = (
        "import asyncio\nfrom concurrent.futures import ThreadPoolExecutor\n\nfrom anyio import to_thread\n"
        "from fastapi import FastAPI\nfrom fastapi.concurrency import run_in_threadpool\n\napp = FastAPI()\n"
        "pool = ThreadPoolExecutor()\nUSED = run_in_threadpool, asyncio\n\n\ndef work(n: int) -> int:\n    return n\n\n\n"
        "def rest() -> int:\n    return 1\n\n\nasync def load(n: int = 1, x: int = 1) -> int:\n    return n\n\n\n"
        '@app.get("/")\nasync def route(n: int):\n    '
    )
    before, after = WRONG[name]
    text = f"{head}{before}\n"
    repaired = Repaired({"app.py": text}, ("FAL113", "FAL114"))
    assert len(repaired.found) == 1
    if after is None:
        assert repaired.fixes == []
    else:
        assert apply_one(text, repaired.fixes[0]) == f"{head}{after}\n"
        assert repaired.fixes[0].applicability.value == ("safe" if "coroutine" in name else "unsafe")


@pytest.mark.parametrize(
    ("engine", "may_move"),
    [
        ('create_engine("sqlite:///shop.db")', True),
        ('create_engine("sqlite:///shop.db", connect_args={"check_same_thread": False})', True),
        ('create_engine("sqlite:///shop.db", connect_args={"check_same_thread": True})', False),
        ("create_engine(url, connect_args=args)", False),
        ('create_engine("sqlite://")', False),
    ],
)
def test_a_database_of_one_thread_stays_on_the_loop(engine: str, may_move: bool) -> None:
    app = (
        "from fastapi import FastAPI\nfrom sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n"
        "def made(url):\n"
        '    args = {"check_same_thread": True} if "sqlite" in url else {}\n'
        f"    return sessionmaker({engine})\n"
        'make = made("sqlite:///shop.db")\napp = FastAPI()\n'
        '@app.get("/")\nasync def route():\n    with make() as db:\n        return db.execute("select 1").all()\n'
    )
    repaired = Repaired({"app.py": app}, ("FAL103",))
    assert repaired.found
    assert bool(repaired.fixes) is may_move
