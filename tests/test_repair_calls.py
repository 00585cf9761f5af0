"""What becomes of blocking expressions in a coroutine that awaits something already, and what stays as it is."""

from __future__ import annotations

import textwrap

import pytest
from repair_cases import Repaired, apply_one

from fastapi_lint.diagnostic import Fix
from fastapi_lint.rule import Report

CODES = tuple(f"FAL1{number:02}" for number in range(1, 13))

PRELUDE = """
import asyncio
import contextvars
import decimal
import fcntl
import json
import os
import queue
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import bcrypt
import requests
from fastapi import Depends, FastAPI, Request, UploadFile
from peewee import Model
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from supabase import create_client

app = FastAPI()
engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(engine)
Scoped = scoped_session(SessionLocal)
shared_session = SessionLocal()
accounts = create_client("https://x", "key")
shared_connection = sqlite3.connect("x.db")
lock = threading.Lock()
loop_lock = asyncio.Lock()
local = threading.local()
current = contextvars.ContextVar("current")
cache: dict[str, object] = {}
seen: list[str] = []
pages: dict[str, str] = {}
others: dict[str, str] = {}
fixed = ["a", "b"]
total = 0
jobs: queue.Queue[str] = queue.Queue()


class Person(Model):
    pass


def get_db():
    with SessionLocal() as db:
        yield db


def fetch(url: str) -> str:
    return requests.get(url).text


def fetch_remembering(url: str) -> str:
    if url not in cache:
        cache[url] = requests.get(url).text
    return str(cache[url])


def fetch_counting(url: str) -> str:
    global total
    total += 1
    return requests.get(url).text


def fetch_listing(url: str) -> str:
    if url not in seen:
        seen.append(url)
    return requests.get(url).text


@lru_cache
def read_settings() -> str:
    with open("settings") as f:
        return f.read()


def read_record() -> dict[str, object]:
    with open("record.json") as f:
        return json.load(f)


def write_record(record: dict[str, object]) -> None:
    with tempfile.NamedTemporaryFile("w", delete=False) as f:
        json.dump(record, f)
    os.replace(f.name, "record.json")


def write_record_alone(record: dict[str, object]) -> None:
    with open("record.json", "x") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        json.dump(record, f)


def fetch_all(n: int) -> None:
    for url in pages:
        requests.get(url)


def fetch_pages(n: int) -> None:
    for url in list(pages):
        requests.get(url)


def fetch_into_pages(url: str) -> None:
    pages[url] = requests.get(url).text


def fetch_into_others(url: str) -> None:
    others[url] = requests.get(url).text


def change_pages(url: str) -> None:
    pages.pop(url)
    others.pop(url)


def fetch_fixed(n: int) -> None:
    for url in fixed:
        requests.get(url)


def fetch_from_loop(url: str) -> str:
    asyncio.get_running_loop().call_soon(print, url)
    return requests.get(url).text


def fetch_in_context(url: str) -> str:
    current.set(url)
    return requests.get(url).text


def fetch_with_local(url: str) -> str:
    local.url = url
    return requests.get(url).text


def fetch_if_local(url: str) -> str:
    return requests.get(url).text + getattr(local, "url", "")


def fetch_with_signal(url: str) -> str:
    signal.signal(signal.SIGTERM, print)
    return requests.get(url).text


def fetch_with_put(url: str, inbox) -> str:
    inbox.put_nowait(url)
    return requests.get(url).text


def fetch_with_failure(url: str) -> str:
    return requests.get(url).text + str(sys.exc_info()[0])


def fetch_and_raise(url: str) -> str:
    requests.get(url)
    raise


def fetch_and_log(url: str) -> str:
    try:
        return requests.get(url).text
    except OSError:
        print(sys.exc_info())
        raise


def fetch_with_context(url: str) -> str:
    return requests.get(url).text + str(current.get())


def fetch_precisely(url: str) -> str:
    decimal.getcontext().prec = 3
    return requests.get(url).text


def fetch_all_seen() -> list[str]:
    return [requests.get(url).text for url in seen]


def fetch_lines(url: str):
    yield requests.get(url).text


def make_coroutine(url: str):
    requests.get(url)
    return other()


def fetch_then(url: str, then) -> str:
    return then(requests.get(url).text)


def count_people(db: Session) -> int:
    return db.execute("select count(*) from person").scalar()


def count_rows(connection: sqlite3.Connection) -> int:
    return connection.execute("select count(*) from person").fetchone()[0]


def count_alone() -> int:
    connection = sqlite3.connect("x.db")
    return connection.execute("select count(*) from person").fetchone()[0]


def count_shared() -> int:
    return shared_connection.execute("select count(*) from person").fetchone()[0]


def open_connection() -> sqlite3.Connection:
    return sqlite3.connect("x.db")


def save_person() -> None:
    Person.create(name="x")


@contextmanager
def locked():
    with lock:
        yield


class Client:
    def __init__(self) -> None:
        self.session = requests.Session()
        self.calls = 0

    def get(self, url: str) -> str:
        return self.session.get(url).text

    def get_counting(self, url: str) -> str:
        self.calls += 1
        return self.session.get(url).text

    @property
    def status(self) -> int:
        return self.session.get("status").status_code

    @property
    def __hidden(self) -> int:
        return self.session.get("status").status_code


class Pending:
    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.kinds: list[str] = ["a"]

    async def add(self, url: str) -> None:
        self.waiting.append(url)

    def save(self) -> None:
        with open("pending.json", "x") as f:
            json.dump(self.waiting, f)

    def save_copy(self) -> None:
        with open("pending.json", "x") as f:
            json.dump(list(self.waiting), f)

    def save_kinds(self) -> None:
        with open("kinds.json", "x") as f:
            json.dump(self.kinds, f)


pending = Pending()


class Timer:
    def __enter__(self):
        print(1)

    def __exit__(self, *args):
        print(2)


class Gate:
    def __enter__(self):
        lock.acquire()

    def __exit__(self, *args):
        lock.release()


def fetch_first(url: str) -> str:
    return next(iter([requests.get(url).text]))


class Slow:
    def __init__(self) -> None:
        self.at = time.monotonic()
        self.text = requests.get("slow").text


class Store:
    def __init__(self, db: Session) -> None:
        self.db = db

    def people(self) -> list:
        return self.db.execute("select * from person").all()


client = Client()


async def other() -> object: ...
"""

ROUTE = """

@app.get("/")
async def route(
    request: Request, url: str, n: float, upload: UploadFile, inbox: asyncio.Queue, db: Session = Depends(get_db)
) -> object:
    await other()
"""

REPAIRED = {
    # -- what is fine around the place
    "check and act under a lock of the loop": (
        "async with loop_lock:\n    if url not in cache:\n        cache[url] = fetch(url)",
        "async with loop_lock:\n    if url not in cache:\n        cache[url] = await asyncio.to_thread(fetch, url)",
    ),
    "head of the last handler": (
        "try:\n    await other()\nexcept OSError:\n    pass\nexcept fetch_then(url, lambda x: KeyError):\n    pass",
        "try:\n    await other()\nexcept OSError:\n    pass\n"
        "except await asyncio.to_thread(fetch_then, url, lambda x: KeyError):\n    pass",
    ),
    "loop over a copy": (
        "for u in list(seen):\n    fetch(u)",
        "for u in list(seen):\n    await asyncio.to_thread(fetch, u)",
    ),
    "helper that reads a context variable": (
        "fetch_with_context(url)",
        "await asyncio.to_thread(fetch_with_context, url)",
    ),
    "helper that handles something itself": ("fetch_and_log(url)", "await asyncio.to_thread(fetch_and_log, url)"),
    "time.sleep that may refuse": (
        "try:\n    time.sleep(n)\nexcept ValueError:\n    print(n)",
        "try:\n    await asyncio.to_thread(time.sleep, n)\nexcept ValueError:\n    print(n)",
    ),
    "time.sleep or something else by import": (
        "if n:\n    from time import sleep as nap\nelse:\n    from elsewhere import nap\nnap(n)",
        "if n:\n    from time import sleep as nap\nelse:\n    from elsewhere import nap\n"
        "await asyncio.to_thread(nap, n)",
    ),
    "maybe time.sleep": (
        "pause = time.sleep if n else print\npause(n)",
        "pause = time.sleep if n else print\nawait asyncio.to_thread(pause, n)",
    ),
    # -- twins
    "sleep": ("time.sleep(n)", "await asyncio.sleep(n)"),
    "sleep in a condition": ("print(1 if time.sleep(n) else 2)", "print(1 if await asyncio.sleep(n) else 2)"),
    "sleep over several lines": ("time.sleep(\n    n,  # why\n)", "await asyncio.sleep(\n    n,  # why\n)"),
    "sleep with an awaited argument": ("time.sleep(await other())", "await asyncio.sleep(await other())"),
    "sleep in a comprehension": ("[time.sleep(x) for x in (1, 2)]", "[await asyncio.sleep(x) for x in (1, 2)]"),
    "sleep in an f-string": ('print(f"{time.sleep(n)}")', 'print(f"{await asyncio.sleep(n)}")'),
    "sleep in a loop": ("while n:\n    time.sleep(n)", "while n:\n    await asyncio.sleep(n)"),
    "sleep under suppress": (
        "with suppress(OSError):\n    time.sleep(n)",
        "with suppress(OSError):\n    await asyncio.sleep(n)",
    ),
    "upload read": ("data = upload.file.read()", "data = await upload.read()"),
    "upload read with a size": ("data = upload.file.read(1024)", "data = await upload.read(1024)"),
    "upload read and used": ("text = upload.file.read().decode()", "text = (await upload.read()).decode()"),
    "upload read over lines": (
        "data = (\n    upload\n    .file\n    .read()\n)",
        "data = (\n    await upload\n    .read()\n)",
    ),
    "upload write": ("upload.file.write(b'x')", "await upload.write(b'x')"),
    # FAL112 has no safe fix
    "seek in an upload": ("upload.file.seek(0)", "await upload.seek(0)"),
    "input": ('answer = input("? ")', 'answer = await asyncio.to_thread(input, "? ")'),
    # -- no twin for these arguments
    "keyword of time.sleep": ("time.sleep(secs=n)", "await asyncio.to_thread(time.sleep, secs=n)"),
    "starred argument of time.sleep": ("time.sleep(*[n])", "await asyncio.to_thread(time.sleep, *[n])"),
    "number of written bytes": (
        "x = upload.file.write(b'x')",
        "x = await asyncio.to_thread(upload.file.write, b'x')",
    ),
    # -- calls
    "lambda": ("f = lambda: fetch(url)\nf()", "f = lambda: fetch(url)\nawait asyncio.to_thread(f)"),
    "call": ("return requests.get(url)", "return await asyncio.to_thread(requests.get, url)"),
    "no arguments": ("return count_alone()", "return await asyncio.to_thread(count_alone)"),
    "keywords": (
        "requests.post(url, json={}, timeout=3)",
        "await asyncio.to_thread(requests.post, url, json={}, timeout=3)",
    ),
    "stars": ("requests.get(*[url], **{})", "await asyncio.to_thread(requests.get, *[url], **{})"),
    "over several lines": (
        "requests.get(\n    url,  # where\n    timeout=3,\n)",
        "await asyncio.to_thread(\n    requests.get,\n    url,  # where\n    timeout=3,\n)",
    ),
    "comment behind the parenthesis": (
        "requests.get(  # here\n    url\n)",
        "await asyncio.to_thread(\n    requests.get,  # here\n    url\n)",
    ),
    "hanging arguments": (
        "requests.get(url,\n             timeout=3)",
        "await asyncio.to_thread(requests.get, url,\n             timeout=3)",
    ),
    "spaces in the parentheses": ("requests.get( url )", "await asyncio.to_thread(requests.get,  url )"),
    "attribute of the result": (
        "return requests.get(url).text",
        "return (await asyncio.to_thread(requests.get, url)).text",
    ),
    "call of the result": (
        "return requests.get(url).json()",
        "return (await asyncio.to_thread(requests.get, url)).json()",
    ),
    "item of the result": ("return fetch(url)[0]", "return (await asyncio.to_thread(fetch, url))[0]"),
    "in parentheses already": (
        "return (requests.get(url)).text",
        "return (await asyncio.to_thread(requests.get, url)).text",
    ),
    "power": ("return len(url) ** count_alone()", "return len(url) ** await asyncio.to_thread(count_alone)"),
    "left of a power": ("return count_alone() ** 2", "return await asyncio.to_thread(count_alone) ** 2"),
    "minus": ("return -count_alone()", "return -await asyncio.to_thread(count_alone)"),
    "not": ("return not fetch(url)", "return not await asyncio.to_thread(fetch, url)"),
    "and": ("return url and fetch(url)", "return url and await asyncio.to_thread(fetch, url)"),
    "conditional": ("return fetch(url) if url else 1", "return await asyncio.to_thread(fetch, url) if url else 1"),
    "starred": ("print(*fetch(url))", "print(*await asyncio.to_thread(fetch, url))"),
    "walrus": ("if (x := fetch(url)):\n    print(x)", "if (x := await asyncio.to_thread(fetch, url)):\n    print(x)"),
    "iterable": ("for c in fetch(url):\n    print(c)", "for c in await asyncio.to_thread(fetch, url):\n    print(c)"),
    "second argument": ("print(url, fetch(url))", "print(url, await asyncio.to_thread(fetch, url))"),
    "slice": ("return url[fetch(url):]", "return url[await asyncio.to_thread(fetch, url):]"),
    "f-string": ('return f"{fetch(url)}"', 'return f"{await asyncio.to_thread(fetch, url)}"'),
    "comprehension": (
        "return [fetch(u) for u in [url]]",
        "return [await asyncio.to_thread(fetch, u) for u in [url]]",
    ),
    "condition of a comprehension": (
        "return {u for u in [url] if fetch(u)}",
        "return {u for u in [url] if await asyncio.to_thread(fetch, u)}",
    ),
    "first iterable of a generator": (
        "return sum(1 for c in fetch(url))",
        "return sum(1 for c in await asyncio.to_thread(fetch, url))",
    ),
    "comprehension as the first iterable": (
        "return [c for c in [fetch(u) for u in [url]]]",
        "return [c for c in [await asyncio.to_thread(fetch, u) for u in [url]]]",
    ),
    "decorated with a statement before": (
        "x = 1; fetch(url); y = 2",
        "x = 1; await asyncio.to_thread(fetch, url); y = 2",
    ),
    "local augmented": ("x = 1\nx += count_alone()", "x = 1\nx += await asyncio.to_thread(count_alone)"),
    "constructor": ("return Slow()", "return await asyncio.to_thread(Slow)"),
    "method": ("return client.get(url)", "return await asyncio.to_thread(client.get, url)"),
    "bcrypt": (
        "bcrypt.hashpw(b'x', bcrypt.gensalt())",
        "await asyncio.to_thread(bcrypt.hashpw, b'x', bcrypt.gensalt())",
    ),
    "subprocess": ('subprocess.run(["ls"])', 'await asyncio.to_thread(subprocess.run, ["ls"])'),
    "removing a tree": ('shutil.rmtree("a")', 'await asyncio.to_thread(shutil.rmtree, "a")'),
    "method of a new object": ('Path("a").read_text()', 'await asyncio.to_thread(Path("a").read_text)'),
    "queue": ("return jobs.get()", "return await asyncio.to_thread(jobs.get)"),
    "memo": ("return fetch_remembering(url)", "return await asyncio.to_thread(fetch_remembering, url)"),
    "session of the request": (
        "return db.execute('select 1').all()",
        "return (await asyncio.to_thread(db.execute, 'select 1')).all()",
    ),
    "chain on the session": (
        "return (\n    db.query(Person)\n    .filter_by(name=url)\n    .all()\n)",
        "return (\n    await asyncio.to_thread(db.query(Person)\n    .filter_by(name=url)\n    .all)\n)",
    ),
    "session handed to a helper": ("return count_people(db)", "return await asyncio.to_thread(count_people, db)"),
    "session made here": (
        "with SessionLocal() as own:\n    return count_people(own)",
        "with SessionLocal() as own:\n    return await asyncio.to_thread(count_people, own)",
    ),
    "session in a local object": ("return Store(db).people()", "return await asyncio.to_thread(Store(db).people)"),
    "connection that stays in the thread": ("return count_alone()", "return await asyncio.to_thread(count_alone)"),
    "in a try": (
        "try:\n    fetch(url)\nfinally:\n    print(1)",
        "try:\n    await asyncio.to_thread(fetch, url)\nfinally:\n    print(1)",
    ),
    "in a nested coroutine": (
        "async def inner() -> None:\n    fetch(url)\n\nawait inner()",
        "async def inner() -> None:\n    await asyncio.to_thread(fetch, url)\n\nawait inner()",
    ),
    "argument of an awaited call": (
        "await asyncio.wait_for(asyncio.sleep(n), fetch(url))",
        "await asyncio.wait_for(asyncio.sleep(n), await asyncio.to_thread(fetch, url))",
    ),
    "callback": ("fetch_then(url, str.upper)", "await asyncio.to_thread(fetch_then, url, str.upper)"),
    "assignment to shared state, unread": (
        "request.app.state.page = fetch(url)",
        "request.app.state.page = await asyncio.to_thread(fetch, url)",
    ),
    "own context manager": (
        "with Timer():\n    fetch(url)",
        "with Timer():\n    await asyncio.to_thread(fetch, url)",
    ),
    "helper that takes the next": ("fetch_first(url)", "await asyncio.to_thread(fetch_first, url)"),
    "check and act behind the place": (
        "for u in [url]:\n    fetch(u)\n    if u not in seen:\n        seen.append(u)",
        "for u in [url]:\n    await asyncio.to_thread(fetch, u)\n    if u not in seen:\n        seen.append(u)",
    ),
    "session that is handed over": (
        "async def work(own: Session) -> None:\n    own.execute('select 1')\n\nawait work(db)",
        "async def work(own: Session) -> None:\n    await asyncio.to_thread(own.execute, 'select 1')\n\nawait work(db)",
    ),
    "subject of a match": (
        "match fetch(url):\n    case _:\n        pass",
        "match await asyncio.to_thread(fetch, url):\n    case _:\n        pass",
    ),
    "client that keeps nothing": (
        'return accounts.table("x").select("*").execute()',
        'return await asyncio.to_thread(accounts.table("x").select("*").execute)',
    ),
    "client that keeps who signed in, made here": (
        'own = create_client("https://x", "key")\nown.auth.sign_in_with_password({"email": url})',
        'own = create_client("https://x", "key")\n'
        'await asyncio.to_thread(own.auth.sign_in_with_password, {"email": url})',
    ),
    "two records that are read": (
        "a = read_record()\nb = read_record()\nreturn max(a, b)",
        "a = await asyncio.to_thread(read_record)\nb = read_record()\nreturn max(a, b)",
    ),
    "record that is read before an await": (
        "record = read_record()\nawait other()\nwrite_record(record)",
        "record = await asyncio.to_thread(read_record)\nawait other()\nwrite_record(record)",
    ),
    "walk through a copy": ("fetch_pages(1)", "await asyncio.to_thread(fetch_pages, 1)"),
    "walk through what nobody changes": ("fetch_fixed(1)", "await asyncio.to_thread(fetch_fixed, 1)"),
    "memo that nobody walks through": ("fetch_into_others(url)", "await asyncio.to_thread(fetch_into_others, url)"),
    "copy of a list is saved": ("pending.save_copy()", "await asyncio.to_thread(pending.save_copy)"),
    "list that nobody changes is saved": ("pending.save_kinds()", "await asyncio.to_thread(pending.save_kinds)"),
    "saved by its only owner": ("p = Pending()\np.save()", "p = Pending()\nawait asyncio.to_thread(p.save)"),
    "handler of errors": (
        "try:\n    await other()\nexcept (OSError, Exception):\n    fetch(url)",
        "try:\n    await other()\nexcept (OSError, Exception):\n    await asyncio.to_thread(fetch, url)",
    ),
    # -- blocks
    "read in a block": (
        "with open(url) as f:\n    data = f.read()\nprint(data)",
        "\ndef load_data():\n    with open(url) as f:\n        data = f.read()\n    return data\n\n"
        "data = await asyncio.to_thread(load_data)\nprint(data)",
    ),
    "write in a block": (
        'with open(url, "x") as f:\n    # first\n    f.write("x")  # second\n\n    f.write("y")',
        '\ndef use_file():\n    with open(url, "x") as f:\n        # first\n        f.write("x")  # second\n\n'
        '        f.write("y")\n\nawait asyncio.to_thread(use_file)',
    ),
    "block in a try": (
        "try:\n    with open(url) as f:\n        data = f.read()\n    print(data)\nfinally:\n    print(n)",
        "try:\n    def load_data():\n        with open(url) as f:\n            data = f.read()\n        return data\n\n"
        "    data = await asyncio.to_thread(load_data)\n    print(data)\nfinally:\n    print(n)",
    ),
    "return from a block": (
        "with open(url) as f:\n    return json.load(f)",
        "\ndef use_file():\n    with open(url) as f:\n        return json.load(f)\n\n"
        "return await asyncio.to_thread(use_file)",
    ),
    "two results": (
        "with open(url) as f:\n    a = f.readline()\n    b = f.read()\nprint(b, a)",
        "\ndef use_file():\n    with open(url) as f:\n        a = f.readline()\n        b = f.read()\n    return a, b\n\n"
        "a, b = await asyncio.to_thread(use_file)\nprint(b, a)",
    ),
    "two files": (
        'with open(url) as source, open("b", "x") as target:\n    target.write(source.read())',
        '\ndef use_source():\n    with open(url) as source, open("b", "x") as target:\n'
        "        target.write(source.read())\n\nawait asyncio.to_thread(use_source)",
    ),
    "block behind other code": (
        "print(n)\nwith open(url) as f:\n    f.read()",
        "print(n)\n\ndef use_file():\n    with open(url) as f:\n        f.read()\n\nawait asyncio.to_thread(use_file)",
    ),
    "block behind a comment": (
        "print(n)\n# reads\nwith open(url) as f:\n    f.read()",
        "print(n)\n# reads\ndef use_file():\n    with open(url) as f:\n        f.read()\n\n"
        "await asyncio.to_thread(use_file)",
    ),
    "result of writing": (
        'with open(url, "x") as log:\n    size = log.write("x")\nprint(size)',
        '\ndef use_log():\n    with open(url, "x") as log:\n        size = log.write("x")\n    return size\n\n'
        "size = await asyncio.to_thread(use_log)\nprint(size)",
    ),
    "loop inside of a block": (
        "with open(url) as f:\n    for line in f:\n        if line:\n            break",
        "\ndef use_file():\n    with open(url) as f:\n        for line in f:\n            if line:\n                break\n\n"
        "await asyncio.to_thread(use_file)",
    ),
    "opened and read at once": (
        "return open(url).read()",
        "return await asyncio.to_thread(lambda: open(url).read())",
    ),
    "opened and parsed at once": (
        'return json.load(open(url))["a"]',
        'return (await asyncio.to_thread(lambda: json.load(open(url))))["a"]',
    ),
    # -- loops inside of the loop
    "asyncio.run": ("return asyncio.run(other())", "return await other()"),
    "asyncio.run, used": ("return asyncio.run(other()).text", "return (await other()).text"),
    "asyncio.run over lines": ("asyncio.run(\n    other(),\n)", "await other()"),
    "asyncio.run of a choice": ("asyncio.run(other() if n else other())", "await (other() if n else other())"),
    "loop over a generator function": (
        "for line in fetch_lines(url):\n    print(line)",
        "\ndef process_line():\n    for line in fetch_lines(url):\n        print(line)\n\n"
        "await asyncio.to_thread(process_line)",
    ),
    "loop over a zipped generator": (
        "for pair in zip(fetch_lines(url), [1]):\n    print(pair)",
        "\ndef process_pair():\n    for pair in zip(fetch_lines(url), [1]):\n        print(pair)\n\n"
        "await asyncio.to_thread(process_pair)",
    ),
    "loop that fills a list": (
        "lines = []\nfor line in fetch_lines(url):\n    lines.append(line)\n    if n:\n        break\nreturn lines",
        "lines = []\n\ndef process_line():\n    for line in fetch_lines(url):\n        lines.append(line)\n        if n:\n"
        "            break\n\nawait asyncio.to_thread(process_line)\nreturn lines",
    ),
    "loop over a folder": (
        "for entry in os.scandir(url):\n    print(entry)\nfor entry in [1]:\n    print(entry)",
        "\ndef process_entry():\n    for entry in os.scandir(url):\n        print(entry)\n\n"
        "await asyncio.to_thread(process_entry)\nfor entry in [1]:\n    print(entry)",
    ),
    "block that changes a variable": (
        "count = 0\nwith open(url) as f:\n    count += len(f.read())\nreturn count",
        "count = 0\n\ndef use_file():\n    nonlocal count\n    with open(url) as f:\n        count += len(f.read())\n\n"
        "await asyncio.to_thread(use_file)\nreturn count",
    ),
    "block that rereads a variable": (
        "x = 1\nwith open(url) as f:\n    x = f.read() * x\nreturn x",
        "x = 1\n\ndef use_file():\n    nonlocal x\n    with open(url) as f:\n        x = f.read() * x\n\n"
        "await asyncio.to_thread(use_file)\nreturn x",
    ),
    "block that changes a variable on a condition": (
        "x = 1\nwith open(url) as f:\n    if n:\n        x = f.read()\nreturn x",
        "x = 1\n\ndef use_file():\n    nonlocal x\n    with open(url) as f:\n        if n:\n            x = f.read()\n\n"
        "await asyncio.to_thread(use_file)\nreturn x",
    ),
    "block beside others with the same names": (
        "with open(url) as f:\n    try:\n        x = f.read()\n    except ValueError as e:\n        x = str(e)\nprint(x)\n"
        "try:\n    x = 1\nexcept ValueError as e:\n    print(e)\nwith suppress(OSError) as f:\n    print(f)",
        "\ndef load_x():\n    with open(url) as f:\n        try:\n            x = f.read()\n        except ValueError as e:\n"
        "            x = str(e)\n    return x\n\nx = await asyncio.to_thread(load_x)\nprint(x)\n"
        "try:\n    x = 1\nexcept ValueError as e:\n    print(e)\nwith suppress(OSError) as f:\n    print(f)",
    ),
    "block that gives a value in each branch": (
        "with open(url) as f:\n    try:\n        x = json.load(f)\n    except ValueError:\n        x = {}\nreturn x",
        "\ndef load_x():\n    with open(url) as f:\n        try:\n            x = json.load(f)\n        except ValueError:\n"
        "            x = {}\n    return x\n\nx = await asyncio.to_thread(load_x)\nreturn x",
    ),
    "block whose variable a handler sets": (
        "try:\n    with open(url) as f:\n        x = json.load(f)\nexcept ValueError:\n    x = None\nreturn x",
        "try:\n    def load_x():\n        with open(url) as f:\n            x = json.load(f)\n        return x\n\n"
        "    x = await asyncio.to_thread(load_x)\nexcept ValueError:\n    x = None\nreturn x",
    ),
    "connection of one thread, made and used up in a block": (
        "with sqlite3.connect(url) as db:\n    names = [row[0] for row in db.execute('x')]\nreturn names",
        "\ndef load_names():\n    with sqlite3.connect(url) as db:\n        names = [row[0] for row in db.execute('x')]\n"
        "    return names\n\nnames = await asyncio.to_thread(load_names)\nreturn names",
    ),
}

KEPT = {
    # -- where an await cannot stand
    "default of a lambda": "f = lambda x=fetch(url): x\nf()",
    "generator": "return sum(len(fetch(u)) for u in [url])",
    "nested comprehension": "return [[fetch(u) for u in [url]] for _ in range(3)]",
    "second iterable of a comprehension": "return [c for u in [url] for c in [len(fetch(v)) for v in [u]]]",
    "default": "def inner(x=fetch(url)) -> None: ...\ninner()",
    "decorator": "@fetch_then(url, lambda x: lambda f: f)\ndef inner() -> None: ...\ninner()",
    "class body": "class Inner:\n    x = fetch(url)\nreturn Inner",
    "annotation": "def inner(x: fetch(url)) -> None: ...\ninner(1)",
    "f-string that shows its code": 'print(f"{fetch(url)=}")',
    "nested function": "def inner() -> None:\n    fetch(url)\nreturn inner",
    "sleep in a generator": "return list(time.sleep(x) for x in (1, 2))",
    # -- cancellation
    "finally": "try:\n    await other()\nfinally:\n    fetch(url)",
    "file in finally": 'try:\n    await other()\nfinally:\n    with open(url, "w") as f:\n        f.write("x")',
    "head of a handler before another": (
        "try:\n    await other()\nexcept fetch_then(url, lambda x: KeyError):\n    pass\nexcept BaseException:\n    raise"
    ),
    "clean up what was cancelled": "try:\n    await other()\nexcept BaseException:\n    fetch(url)\n    raise",
    "clean up what was cancelled, among others": (
        "try:\n    await other()\nexcept (OSError, asyncio.CancelledError):\n    fetch(url)\n    raise"
    ),
    "write down what was cancelled": (
        'try:\n    await other()\nexcept asyncio.CancelledError:\n    with open(url, "w") as f:\n'
        '        f.write("x")\n    raise'
    ),
    # -- what blocks once
    "cached function without arguments": "return read_settings()",
    # -- locks
    "sleep with a lock": "with lock:\n    time.sleep(n)",
    "call with a lock": "with lock:\n    fetch(url)",
    "call with a lock in a helper": "with locked():\n    fetch(url)",
    "call with a lock in a class": "with Gate():\n    fetch(url)",
    "next": "return next(fetch_lines(url))",
    "call with something unknown": "with request.app.state.gate:\n    fetch(url)",
    "acquire": "lock.acquire()",
    "lock itself": "with lock:\n    await other()",
    # -- state
    "check, then act": "if url not in cache:\n    cache[url] = fetch(url)",
    "loop over what others change": "for u in seen:\n    fetch(u)",
    "loop over items of what others change": "for key, u in cache.items():\n    fetch(u)",
    "sleep in a loop over what others change": "for u in seen:\n    time.sleep(n)",
    "helper that loops over what others change": "fetch_all_seen()",
    "check, then act, under the lock of something else": (
        "if url not in cache:\n    async with loop_lock:\n        cache[url] = fetch(url)"
    ),
    "counter": "global total\ntotal += len(fetch(url))",
    "counter in the application": "request.app.state.n += len(fetch(url))",
    "check, then act, in a loop": "for u in [url]:\n    if u not in seen:\n        fetch(u)\n        seen.append(u)",
    "session of coroutines side by side": (
        "async def work(own: Session) -> None:\n    own.execute('select 1')\n\nawait asyncio.gather(work(db), work(db))"
    ),
    "session that nobody hands over": (
        "async def work(own: Session) -> None:\n    own.execute('select 1')\n\nreturn [work]"
    ),
    "sleep between check and act": "if url not in cache:\n    time.sleep(n)\n    cache[url] = 1",
    "record that is changed under a lock of its file": (
        'record = read_record()\nrecord["n"] = n\nwrite_record_alone(record)'
    ),
    "property": "return client.status",
    "property of a call": "return Client().status + 1",
    "record that is changed": 'record = read_record()\nrecord["n"] = n\nwrite_record(record)',
    "record that is read, and another one written": "record = read_record()\nwrite_record({})\nprint(record)",
    "copy of a record that is changed": "record = read_record()\nwrite_record({**record, 'n': n})",
    "file that is changed": (
        'with open(url) as f:\n    data = json.load(f)\nwith open(url, "w") as f:\n    json.dump([data, n], f)'
    ),
    "path that is changed": "text = Path(url).read_text()\nPath(url).write_text(text + url)",
    "helper that counts": "fetch_counting(url)",
    "walk through what others change": "fetch_all(1)",
    "change of what others walk through": "fetch_into_pages(url)",
    "list that others append to is saved": "pending.save()",
    "list that others append to is sent": "requests.post(url, json=pages)",
    "helper that collects": "fetch_listing(url)",
    "method that counts on a shared object": "client.get_counting(url)",
    # -- what belongs to the loop
    "helper that needs the loop": "fetch_from_loop(url)",
    "helper that sets a context variable": "fetch_in_context(url)",
    "helper that looks at what is handled": "try:\n    await other()\nexcept OSError:\n    fetch_with_failure(url)",
    "helper that raises again": "try:\n    await other()\nexcept OSError:\n    fetch_and_raise(url)",
    "helper that sets the precision": "fetch_precisely(url)",
    "helper with thread locals": "fetch_with_local(url)",
    "helper that may find something in thread locals": "fetch_if_local(url)",
    "helper that handles signals": "fetch_with_signal(url)",
    "helper that fills an asyncio queue": "fetch_with_put(url, inbox)",
    "helper that makes a coroutine": "await make_coroutine(url)",
    "callback that needs the loop": "fetch_then(url, lambda x: inbox.put_nowait(x))",
    "callback that needs the running loop": "fetch_then(url, lambda x: asyncio.get_running_loop().call_soon(print, x))",
    # -- what belongs to a thread
    "sqlite connection": "return sqlite3.connect(url)",
    "sqlite connection of others": "return count_shared()",
    "sqlite connection made here": "c = open_connection()\nreturn count_rows(c)",
    "sqlite connection from a helper": "return open_connection()",
    "shared session": "return shared_session.execute('select 1')",
    "shared session handed on": "return count_people(shared_session)",
    "client that keeps who signed in": 'accounts.auth.sign_in_with_password({"email": url})',
    "scoped session": "return Scoped.execute('select 1')",
    "peewee": "Person.create(name='x')",
    "helper with peewee": "save_person()",
    # -- what is lazy
    "iterated response": "for part in requests.get.__call__(url).iter_content():\n    print(part)",
    "stop iteration": "try:\n    fetch(url)\nexcept StopIteration:\n    pass",
    # -- files
    "opened and kept": "f = open(url)\nreturn f.read()",
    "block that awaits": "with open(url) as f:\n    await other()\n    f.read()",
    "block that yields a value conditionally": "with open(url) as f:\n    if n:\n        x = f.read()\nprint(x)",
    "block that returns sometimes": "with open(url) as f:\n    if n:\n        return f.read()\nprint(n)",
    "block that breaks": "while n:\n    with open(url) as f:\n        f.read()\n        break",
    "block that continues": "for _ in range(3):\n    with open(url) as f:\n        if f.read():\n            continue",
    "block that sets a global": "global total\nwith open(url) as f:\n    total = len(f.read())",
    "block with a long string": 'with open(url) as f:\n    f.write("""a\nb""")',
    "block with a lambda": "with open(url) as f:\n    g = lambda: f\n    f.read()",
    "block that collects": "with open(url) as f:\n    seen.append(f.read())",
    "block with an unknown manager": "with open(url) as f, request.app.state.gate:\n    f.read()",
    "block whose result is cleaned up": (
        'try:\n    with open(url, "w") as f:\n        name = f.name\n        f.write("x")\nfinally:\n    print(name)'
    ),
    "block behind an unknown manager": "with request.app.state.gate:\n    with open(url) as f:\n        f.read()",
    "file handed elsewhere": "return print(open(url))",
    # -- uploads
    "copying an upload to a file of others": "with lock:\n    upload.file.read()",
    # -- loops
    "asyncio.run with options": "asyncio.run(other(), debug=True)",
    "loop object": "asyncio.get_event_loop().run_until_complete(other())",
    "block whose file is named later": "with open(url) as f:\n    f.read()\nprint(f.name)",
    "block that annotates what it changes": "x = ''\nwith open(url) as f:\n    if n:\n        x: str = f.read()\nprint(x)",
    "connection of one thread in a list": "with sqlite3.connect(url) as db:\n    x = [db.execute('x')]\nreturn x",
    "rows of one thread put in a list": "x = []\nwith sqlite3.connect(url) as db:\n    x.append(db.execute('x'))\nreturn x",
    "connection of one thread on an object": "with sqlite3.connect(url) as db:\n    request.db = db",
    "block that opens a file and takes a lock": "with open(url) as f, guard:\n    f.read()",
    "property that is counted up": "client.status += 1",
    "block whose value is lost in a handler": "try:\n    with open(url) as f:\n        x = f.read()\n        print(n)\nexcept ValueError:\n    pass\nprint(x)",
    "block that a loop enters with what it left": "for _ in range(2):\n    with open(url) as f:\n        if n:\n            print(x)\n        x = f.read()",
    "connection of one thread that lives longer": "with sqlite3.connect(url) as db:\n    db.execute('x')\ndb.close()",
    "connection of one thread from before": "db = sqlite3.connect(url)\nwith db:\n    db.execute('x')",
    "rows of a connection of one thread": "db = sqlite3.connect(url)\nfor row in db.execute('x'):\n    print(row)",
    "loop that awaits": "for entry in os.scandir(url):\n    await other()",
    "loop that returns": "for entry in os.scandir(url):\n    return entry",
    "loop whose last value is read": "for entry in os.scandir(url):\n    print(n)\nprint(entry)",
    "loop that starts a task": "for entry in os.scandir(url):\n    asyncio.create_task(other())",
    "loop in a lock": "with guard:\n    for entry in os.scandir(url):\n        print(entry)",
    "loop that takes a lock": "for entry in os.scandir(url):\n    with guard:\n        print(entry)",
}


def _module(body: str) -> str:
    return PRELUDE.lstrip() + ROUTE + textwrap.indent(body, "    ") + "\n"


def _of_route(text: str, repaired: Repaired) -> list[tuple[str, Report, Fix | None]]:
    first = text[: text.index("await other()\n", text.index("async def route"))].count("\n") + 1
    return [(code, report, fix) for code, report, fix in repaired.found if report.spot.place.row > first]


@pytest.mark.parametrize("name", REPAIRED)
def test_repaired(name: str) -> None:
    before, after = REPAIRED[name]
    text = _module(before)
    found = _of_route(text, Repaired({"app.py": text}, CODES))
    fixes = [fix for _, _, fix in found if fix is not None]
    assert fixes, [report.message for _, report, _ in found]
    assert apply_one(text, fixes[0]) == _module(after)
    left = _of_route(_module(after), Repaired({"app.py": _module(after)}, CODES))
    assert len(left) < len(found), [report.message for _, report, _ in left]
    safe = {"sleep", "upload", "input"}
    assert (fixes[0].applicability.value == "safe") is (name.partition(" ")[0] in safe)


@pytest.mark.parametrize("name", KEPT)
def test_kept(name: str) -> None:
    """Reported where the rules see it, and left alone in any case."""
    text = _module(KEPT[name])
    assert [fix for _, _, fix in _of_route(text, Repaired({"app.py": text}, CODES)) if fix is not None] == []


# The rules do not look there; the fix has to be asked for by somebody else.
NOT_REPORTED = {"class body", "nested function", "iterated response"}


@pytest.mark.parametrize("name", [name for name in KEPT if name not in NOT_REPORTED])
def test_kept_is_reported(name: str) -> None:
    """So that the case above can fail."""
    text = _module(KEPT[name])
    repaired = Repaired({"app.py": text}, CODES)
    rows = {report.spot.place.row for _, report, _ in repaired.found}
    first = text[: text.index("async def route")].count("\n")
    assert any(row > first for row in rows)


PAGES = """
import asyncio

from fastapi import FastAPI
from pypdf import PdfReader

app = FastAPI()


@app.get("/")
async def texts() -> list[str]:
    reader = PdfReader("x.pdf")

    async def read(page) -> str:
        return page.extract_text()

    return {run}
"""


@pytest.mark.parametrize(
    ("run", "is_fixed"),
    [
        ("await asyncio.gather(*[read(page) for page in reader.pages])", False),
        ("[await read(page) for page in reader.pages]", True),
    ],
)
def test_pages_of_one_file_are_read_one_after_another(run: str, is_fixed: bool) -> None:
    found = Repaired({"app.py": PAGES.replace("{run}", run)}, CODES).found
    ((_, _, fix),) = [one for one in found if one[1].spot.place.row == 15]
    assert (fix is not None) is is_fixed
