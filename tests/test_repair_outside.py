"""What code does outside of the process: files, programs, locks, and tasks that are started and left alone."""

from __future__ import annotations

import pytest
from repair_cases import Repaired

CODES = tuple(f"FAL1{number:02}" for number in range(1, 13))

PRELUDE = """\
import asyncio
import contextlib
import fcntl
import io
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

import boto3
import cachetools
import git
import requests
from cachetools import LRUCache, TTLCache, cached
from fastapi import FastAPI, UploadFile

app = FastAPI()
FOLDER = Path("data")
CONFIG = FOLDER / "config.json"
STATIC = FOLDER / "static.json"
lock = threading.Lock()
loop_lock = asyncio.Lock()
sessions: dict[str, object] = {}
client = boto3.client("dynamodb")


async def other() -> object: ...


def config_path() -> Path:
    return FOLDER / "config.json"


def release_path(name: str) -> Path:
    return FOLDER / "releases" / name


@contextlib.contextmanager
def alone():
    with open("lock") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


"""

ROUTE = """

@app.get("/")
async def route(name: str, upload: UploadFile) -> object:
    await other()
"""

HOST = """\
class Host:
    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.other: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.spawn()

    def spawn(self) -> None:
        self.process = subprocess.Popen(["x"])

    async def stop(self) -> None:
        if self.other is None:
            self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        await self.finish()

    async def finish(self) -> None:
        if self.process is not None:
            self.process.terminate()


host = Host()
"""


def _fixes(code: str, body: str) -> int:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{PRELUDE}{code}{ROUTE}{indented}    return None\n"
    repaired = Repaired({"app.py": text}, CODES)
    assert repaired.found, text
    return len(repaired.fixes)


# Code of the module, the body of a route behind an `await`, and how many fixes there are.
CASES = {
    # -- a file that is rewritten in place
    "path of a request": ("", 'with open(FOLDER / name, "w") as f:\n    f.write("x")', 0),
    "name of an upload": ("", 'with open(FOLDER / upload.filename, "wb") as f:\n    f.write(b"x")', 0),
    "fixed file": ("", 'CONFIG.write_text("x")', 0),
    "appended": ("", 'with CONFIG.open("a") as f:\n    f.write("x")', 0),
    "copied over": ("", 'shutil.copyfile("a", FOLDER / name)', 0),
    "written by a helper": (
        'def save(path: Path) -> None:\n    path.write_text("x")\n',
        "save(FOLDER / name)",
        0,
    ),
    "opened for writing by its flags": (
        "def save() -> None:\n    os.close(os.open(CONFIG, os.O_WRONLY | os.O_TRUNC))\n",
        "save()",
        0,
    ),
    "written as a route that awaits nothing": (
        '@app.get("/save")\nasync def save(name: str) -> None:\n    (FOLDER / name).write_text("x")\n'
        '\n\n@app.get("/load")\nasync def load(name: str) -> str:\n    return (FOLDER / "fixed").read_text()\n',
        "await other()",
        1,
    ),
    "name of its own": ("", '(FOLDER / f"{uuid.uuid4()}.json").write_text("x")', 1),
    "name of its own in a variable": (
        "",
        'target = os.path.join(FOLDER, f"{name}-{secrets.token_hex(8)}")\nwith open(target, "w") as f:\n    f.write("x")',
        1,
    ),
    "one of two names is its own": (
        "",
        'target = uuid.uuid4().hex if name else name\nwith open(target, "w") as f:\n    f.write("x")',
        0,
    ),
    "folder of its own": (
        "def save(folder: str) -> None:\n    Path(folder, 'x').write_text('x')\n",
        "with tempfile.TemporaryDirectory() as folder:\n    save(folder)",
        3,
    ),
    "helper makes the folder": (
        "def make() -> Path:\n    return Path(tempfile.mkdtemp())\n"
        "\n\ndef save() -> None:\n    (make() / 'x').write_text('x')\n",
        "save()",
        2,
    ),
    "helper that all give their own": (
        "def save(path: Path) -> None:\n    path.write_text('x')\n\n\nasync def store(path: Path) -> None:\n"
        "    await other()\n    save(path)\n",
        "await store(FOLDER / uuid.uuid4().hex)",
        1,
    ),
    "new file or none": ("", 'with open(FOLDER / name, "x") as f:\n    f.write("x")', 1),
    "whole file in its place": (
        "def save(name: str) -> None:\n    partial = FOLDER / uuid.uuid4().hex\n    partial.write_text('x')\n"
        "    os.replace(partial, FOLDER / name)\n",
        "save(name)",
        2,
    ),
    "whole file by a name that the process shares": (
        "def save(name: str) -> None:\n    partial = FOLDER / f'{name}.{os.getpid()}'\n    partial.write_text('x')\n"
        "    os.replace(partial, FOLDER / name)\n",
        "save(name)",
        0,
    ),
    "under a lock of threads": (
        "def save(name: str) -> None:\n    with lock:\n        (FOLDER / name).write_text('x')\n",
        "save(name)",
        1,
    ),
    "under a lock of a file": (
        "def save(name: str) -> None:\n    with alone():\n        (FOLDER / name).write_text('x')\n",
        "save(name)",
        2,
    ),
    "under a lock of the loop": ("", 'async with loop_lock:\n    CONFIG.write_text("x")', 1),
    # -- its readers
    "read, written elsewhere": (
        "def save() -> None:\n    CONFIG.write_text('x')\n",
        "return CONFIG.read_text()",
        0,
    ),
    "read, written by a function that gives the path": (
        "def save() -> None:\n    config_path().write_text('x')\n",
        "return config_path().read_text()",
        0,
    ),
    "read, with the same parts": (
        "def save(name: str) -> None:\n    path = FOLDER / name / 'x.json'\n    path.write_text('x')\n",
        "return (FOLDER / name / 'x.json').read_text()",
        0,
    ),
    "read and written by helpers": (
        "def read(path: Path) -> str:\n    return path.read_text()\n\n\ndef write(path: Path) -> None:\n"
        "    path.write_text('x')\n\n\ndef save() -> None:\n    write(CONFIG)\n",
        "return read(CONFIG)",
        0,
    ),
    "read and written by helpers, another file": (
        "def read(path: Path) -> str:\n    return path.read_text()\n\n\ndef write(path: Path) -> None:\n"
        "    path.write_text('x')\n\n\ndef save() -> None:\n    write(CONFIG)\n",
        "return read(STATIC)",
        1,
    ),
    "read by a name that is spelled alike": (
        "def save(name: str) -> None:\n    Path('/tmp', f'cache-{name}').write_text('x')\n",
        "return Path('/tmp', f'cache-{name}').read_text()",
        0,
    ),
    "read, never written": (
        "def save() -> None:\n    CONFIG.write_text('x')\n",
        "return STATIC.read_text()",
        1,
    ),
    "looked for, written elsewhere": (
        "def save() -> None:\n    CONFIG.write_text('x')\n",
        "return CONFIG.exists()",
        1,
    ),
    # -- several steps
    "removed if there": ("", "if CONFIG.exists():\n    os.remove(CONFIG)", 0),
    "one file of two is removed": ("", "if STATIC.exists():\n    os.remove(CONFIG)", 2),
    "removed if there by a helper": (
        "def clean(name: str) -> None:\n    if release_path(name).exists():\n        os.remove(FOLDER / name)\n"
        "\n\ndef drop(path: Path) -> None:\n    if path.exists():\n        path.unlink()\n",
        "drop(FOLDER / name)",
        0,
    ),
    "removed in one of two ways": (
        "def drop(path: Path) -> None:\n    if path.name:\n        shutil.rmtree(path)\n    else:\n        path.unlink()\n",
        "drop(FOLDER / name)",
        2,
    ),
    "one step": ("", "os.unlink(FOLDER / name)", 1),
    "made and emptied": ("", "shutil.rmtree(FOLDER)\nos.mkdir(FOLDER)", 0),
    "made if missing": ("", "os.makedirs(FOLDER, exist_ok=True)", 1),
    "a wait in between": ("", "shutil.rmtree(FOLDER)\nawait other()\nos.mkdir(FOLDER)", 2),
    "a wait in between, perhaps": ("", "shutil.rmtree(FOLDER)\nif name:\n    await other()\nos.mkdir(FOLDER)", 0),
    "one or the other": ("", "if name:\n    shutil.rmtree(FOLDER)\nelse:\n    os.mkdir(FOLDER)", 2),
    "downloaded if missing": (
        "def ensure(name: str) -> Path:\n    path = FOLDER / name\n    if not path.exists():\n"
        "        partial = FOLDER / uuid.uuid4().hex\n        partial.write_bytes(requests.get(name).content)\n"
        "        partial.replace(path)\n    return path\n",
        "return ensure(name)",
        3,
    ),
    "one program": ("", 'subprocess.run(["ls"])', 1),
    "two programs": (
        'def build() -> None:\n    subprocess.run(["git", "add"])\n    subprocess.run(["git", "commit"])\n',
        "build()",
        0,
    ),
    "two programs in a folder of their own": (
        "def build() -> None:\n    with tempfile.TemporaryDirectory() as folder:\n"
        '        subprocess.run(["git", "add"], cwd=folder)\n        subprocess.run(["git", "commit"], cwd=folder)\n',
        "build()",
        3,
    ),
    "a program and its file": (
        'def build() -> None:\n    os.unlink(CONFIG)\n    subprocess.run(["make"])\n',
        "build()",
        0,
    ),
    "one working tree": (
        'def keep() -> None:\n    repo = git.Repo.init("traces")\n    repo.index.add(["x"])\n    repo.index.commit("x")\n',
        "keep()",
        0,
    ),
    # -- a guard
    "guarded by what is written": (
        "def load() -> dict:\n    return json.loads(CONFIG.read_text())\n\n\ndef save(value: dict) -> None:\n"
        "    with tempfile.NamedTemporaryFile('w', delete=False) as f:\n        json.dump(value, f)\n"
        "    os.replace(f.name, CONFIG)\n\n\ndef check(value: dict) -> None:\n    if value:\n        raise ValueError\n",
        "check(load())\nvalue = {}\nsave(value)\nawait other()",
        0,
    ),
    "guarded by something else": (
        "def load() -> dict:\n    return json.loads(STATIC.read_text())\n\n\ndef save(value: dict) -> None:\n"
        "    with tempfile.NamedTemporaryFile('w', delete=False) as f:\n        json.dump(value, f)\n"
        "    os.replace(f.name, CONFIG)\n\n\ndef check(value: dict) -> None:\n    if value:\n        raise ValueError\n",
        "check(load())\nawait other()\nsave({})",
        3,
    ),
    # -- what is noted, or undone, behind the new `await`
    "noted behind it": ("", 'os.mkdir(FOLDER / name)\nsessions["folder"] = name', 0),
    "noted behind a wait": ("", 'os.mkdir(FOLDER / name)\nawait other()\nsessions["folder"] = name', 1),
    "noted in a handler": (
        "",
        'try:\n    os.mkdir(FOLDER / name)\nexcept OSError:\n    sessions["folder"] = name',
        1,
    ),
    "noted in another branch": (
        "",
        'if name:\n    os.mkdir(FOLDER / name)\nelse:\n    sessions["folder"] = name',
        1,
    ),
    "noted what was read": ("", 'sessions["text"] = STATIC.read_text()', 1),
    "unregistered behind it": ("", "shutil.rmtree(FOLDER / name)\nsessions.pop(name, None)", 0),
    "sent and noted": ("", 'requests.post(name)\nsessions["sent"] = name', 0),
    "fetched and noted": ("", 'sessions["text"] = requests.get(name).text', 1),
    "undone behind it": (
        "",
        "folder = tempfile.mkdtemp()\ntry:\n    await other()\nfinally:\n    await asyncio.to_thread(shutil.rmtree, folder)"
        "\n    sessions.clear()",
        0,
    ),
    "undone for a cancelled task": (
        "",
        "os.mkdir(FOLDER)\ntry:\n    await other()\nexcept BaseException:\n    sessions.clear()\n    raise",
        0,
    ),
    "undone for errors only": (
        "",
        "os.mkdir(FOLDER)\ntry:\n    await other()\nexcept OSError:\n    sessions.clear()\n    raise",
        1,
    ),
    "nothing is undone": ("", "os.mkdir(FOLDER)\ntry:\n    await other()\nfinally:\n    print(name)", 1),
    "undone behind a wait": (
        "",
        "os.mkdir(FOLDER)\nawait other()\ntry:\n    await other()\nfinally:\n    sessions.clear()",
        1,
    ),
    "read before it": ("", "text = STATIC.read_text()\ntry:\n    await other()\nfinally:\n    sessions.clear()", 1),
    # -- tasks
    "task that runs whole": (
        "async def put(name: str) -> None:\n    client.put_item(TableName=name)\n",
        "asyncio.create_task(put(name))",
        0,
    ),
    "task of a task that runs whole": (
        "async def put(name: str) -> None:\n    client.put_item(TableName=name)\n"
        "\n\nasync def start(name: str) -> None:\n    await put(name)\n",
        "asyncio.create_task(start(name))",
        0,
    ),
    "task that waits": (
        "async def put(name: str) -> None:\n    await other_wait()\n    client.put_item(TableName=name)\n"
        "\n\nasync def other_wait() -> None:\n    await asyncio.sleep(1)\n",
        "asyncio.create_task(put(name))",
        1,
    ),
    "task that its starter waits for": (
        "async def put(name: str) -> None:\n    client.put_item(TableName=name)\n",
        "task = asyncio.create_task(put(name))\nprint(name)\nawait task",
        1,
    ),
    "no task": (
        "async def put(name: str) -> None:\n    client.put_item(TableName=name)\n",
        "await put(name)",
        1,
    ),
    "task of an abstract method": (
        "class Layer:\n    async def put(self, name: str) -> None:\n        pass\n\n\n"
        "class Dynamo(Layer):\n    async def put(self, name: str) -> None:\n        client.put_item(TableName=name)\n"
        "\n\ndef get_layer() -> Layer: ...\n",
        "asyncio.create_task(get_layer().put(name))",
        0,
    ),
    # -- caches and variables
    "cache without a lock": (
        "@cached(TTLCache(9, 9))\ndef load(name: str) -> str:\n    return requests.get(name).text\n",
        "return load(name)",
        0,
    ),
    "cache behind a helper": (
        "@cachetools.cached(cache=LRUCache(9))\ndef load(name: str) -> str:\n    return requests.get(name).text\n"
        "\n\ndef decode(name: str) -> str:\n    return load(name)\n",
        "return decode(name)",
        0,
    ),
    "cache with a lock": (
        "@cached(TTLCache(9, 9), lock=lock)\ndef load(name: str) -> str:\n    return requests.get(name).text\n",
        "return load(name)",
        1,
    ),
    "cache that is a dictionary": (
        "@cached({})\ndef load(name: str) -> str:\n    return requests.get(name).text\n",
        "return load(name)",
        1,
    ),
    "variables that belong together": (
        "at = 0.0\npaused = False\n\n\ndef is_paused() -> bool:\n    global at, paused\n    now = os.stat('x').st_mtime\n"
        "    if now != at:\n        at, paused = now, not paused\n    return paused\n",
        "return is_paused()",
        0,
    ),
    "variables that belong together under a lock": (
        "at = 0.0\npaused = False\n\n\ndef is_paused() -> bool:\n    global at, paused\n    now = os.stat('x').st_mtime\n"
        "    with lock:\n        if now != at:\n            at, paused = now, not paused\n        return paused\n",
        "return is_paused()",
        1,
    ),
    # -- looked for here, read in a thread
    "looked for, read, and removed by somebody": (
        "def revoke(name: str) -> None:\n    (FOLDER / name).unlink(missing_ok=True)\n",
        "file = FOLDER / name\nif not file.exists():\n    return None\nreturn file.read_text()",
        0,
    ),
    "looked for and read, and another one removed": (
        "def revoke() -> None:\n    (FOLDER / 'old').unlink(missing_ok=True)\n",
        "if not STATIC.exists():\n    return None\nreturn STATIC.read_text()",
        2,
    ),
    "looked for before a wait": (
        "def revoke(name: str) -> None:\n    (FOLDER / name).unlink(missing_ok=True)\n",
        "file = FOLDER / name\nif not file.exists():\n    return None\nawait other()\nreturn file.read_text()",
        2,
    ),
    # -- undone behind it, in a branch or by name
    "lock taken in the head of an `if`": (
        "if sessions:\n    take = client.put_item\nelse:\n    take = lambda **given: True\n",
        "while name:\n    if not take(TableName='x'):\n        await other()\n        continue\n"
        "    try:\n        await other()\n    finally:\n        sessions.clear()",
        0,
    ),
    "lock taken in the head of the `if` that has the `try`": (
        "",
        "if client.put_item(TableName='x'):\n    try:\n        await other()\n    finally:\n        sessions.clear()",
        0,
    ),
    "lock taken by name in Redis": (
        "import redis\n\nstore = redis.Redis()\n",
        "if not store.set('lock', 'x', nx=True):\n    return None\n"
        "try:\n    await other()\nfinally:\n    sessions.clear()",
        0,
    ),
    "renewed under a lock that is given back": (
        "",
        "if not client.put_item(TableName='x'):\n    return None\n"
        "try:\n    if requests.get(name):\n        sessions['x'] = name\n    await other()\n"
        "finally:\n    client.delete_item(TableName='x')",
        1,
    ),
    "lock given back by a script of Redis": (
        "import redis\n\nstore = redis.Redis()\n",
        "while name:\n    if not store.set('lock', 'x', nx=True):\n        await other()\n        continue\n"
        "    try:\n        await other()\n    finally:\n        await other()\n        store.eval('script', 1, 'lock')",
        0,
    ),
    "a read before a `try`": (
        "",
        "if not client.get_item(TableName='x'):\n    return None\n"
        "try:\n    await other()\nfinally:\n    sessions.clear()",
        1,
    ),
    "a wait before the `try`": (
        "",
        "if not client.put_item(TableName='x'):\n    return None\nawait other()\n"
        "try:\n    await other()\nfinally:\n    sessions.clear()",
        1,
    ),
    "a `try` in a branch of its own": (
        "",
        "client.put_item(TableName='x')\nif name:\n    try:\n        await other()\n    finally:\n        sessions.clear()",
        1,
    ),
    "undone by what is opened behind it": (
        "",
        "path = f'{uuid.uuid4()}'\ntry:\n    client.put_item(TableName=path)\n    opened = io.StringIO(path)\n"
        "    await other()\nfinally:\n    opened.close()",
        0,
    ),
    "undone by what was opened before it": (
        "",
        "path = f'{uuid.uuid4()}'\ntry:\n    opened = io.StringIO(path)\n    client.put_item(TableName=path)\n"
        "    await other()\nfinally:\n    opened.close()",
        1,
    ),
    "undone by what is opened behind a wait": (
        "",
        "path = f'{uuid.uuid4()}'\ntry:\n    client.put_item(TableName=path)\n    await other()\n"
        "    opened = io.StringIO(path)\nfinally:\n    opened.close()",
        1,
    ),
    "undone by what may be None": (
        "",
        "opened = None\ntry:\n    client.put_item(TableName=name)\n    opened = io.StringIO(name)\n"
        "    await other()\nfinally:\n    if opened:\n        opened.close()",
        1,
    ),
    # -- looked at by who cancels the task
    "started, and looked at by who cancels": (HOST, "host.start()\nawait host.stop()", 0),
    "started, and another one looked at": (
        HOST.replace("self.process = subprocess.Popen([", "self.other = subprocess.Popen(["),
        "host.start()\nawait host.stop()",
        1,
    ),
    "started, and nobody cancels": (
        HOST.replace("self.task.cancel()", "print(self.task)"),
        "host.start()\nawait host.stop()",
        1,
    ),
    "only read, and looked at by who cancels": (
        HOST.replace('self.process = subprocess.Popen(["x"])', "self.process = STATIC.read_text() and None"),
        "host.start()\nawait host.stop()",
        1,
    ),
    # -- short sleeps
    "constructor that sleeps": (
        "class Box:\n    def __init__(self) -> None:\n        time.sleep(1)\n",
        "return Box()",
        0,
    ),
    "constructor that sleeps, behind a method": (
        "class Box:\n    def __init__(self) -> None:\n        time.sleep(1)\n"
        "\n    @classmethod\n    def of(cls) -> 'Box':\n        return Box()\n",
        "return [Box.of() for _ in name]",
        0,
    ),
    "method that sleeps, and a constructor that does not": (
        "class Box:\n    def __init__(self) -> None:\n        self.x = 1\n"
        "\n    @classmethod\n    def of(cls) -> 'Box':\n        time.sleep(1)\n        return Box()\n",
        "return [Box.of() for _ in name]",
        1,
    ),
    "short sleep of a helper": ("def nap() -> None:\n    time.sleep(0.001)\n", "nap()", 0),
    "sleep of a helper": ("def nap() -> None:\n    time.sleep(1)\n", "nap()", 1),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_done_outside(name: str) -> None:
    code, body, fixes = CASES[name]
    assert _fixes(code, body) == fixes
