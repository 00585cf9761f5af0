"""What diagnostics of blocking calls say, and how severe they are."""

from pathlib import Path

import pytest

from fastapi_lint.diagnostic import Diagnostic, Severity
from fastapi_lint.testing import run_case

HEAD = "import os, threading, time\nfrom fastapi import FastAPI\napp = FastAPI()\n"


def found(tmp_path: Path, body: str, code: str) -> list[Diagnostic]:
    case = tmp_path / "case.py"
    case.write_text(HEAD + body)
    return list(run_case(case, (code,)).diagnostics)


@pytest.mark.parametrize(
    ("statement", "severity"),
    [
        ("time.sleep(0.01)", Severity.WARNING),
        ("time.sleep(0.05)", Severity.ERROR),
        ("time.sleep(n)", Severity.ERROR),
        ("while n:\n        time.sleep(0.01)", Severity.ERROR),
        ("short()", Severity.WARNING),
        ("[short() for _ in range(n)]", Severity.ERROR),
    ],
)
def test_a_sleep_of_a_few_milliseconds_is_a_warning(tmp_path: Path, statement: str, severity: Severity) -> None:
    body = f'def short(): time.sleep(0.001)\n@app.get("/")\nasync def index(n: int):\n    {statement}\n'
    assert [d.severity for d in found(tmp_path, body, "FAL101")] == [severity]


def test_a_lazy_iterator_goes_by_the_name_of_what_makes_it(tmp_path: Path) -> None:
    body = '@app.get("/")\nasync def index():\n    for _ in os.walk("."): pass\n'
    messages = [d.message for d in found(tmp_path, body, "FAL104")]
    assert [m.split(" ")[0] for m in messages] == ["`os.walk`"]


def test_the_way_out_is_named_once(tmp_path: Path) -> None:
    body = '@app.get("/")\nasync def index(t: threading.Thread):\n    t.join()\n'
    messages = [d.message for d in found(tmp_path, body, "FAL106")]
    assert [m.count("asyncio.to_thread") for m in messages] == [1]


def test_only_what_fastapi_calls_may_become_a_plain_def(tmp_path: Path) -> None:
    handler = "async def handle(c: sqlite3.Connection):\n    c.commit()\n"
    route = f'import sqlite3\n@app.get("/")\n{handler}'
    foreign = f'import sqlite3, socketio\nsio = socketio.AsyncServer()\n@sio.on("x")\n{handler}'
    waiting = route + "    await c.tell()\n"
    helper = '@app.get("/")\nasync def index(c: sqlite3.Connection):\n    await handle(c)\n' + handler
    for body, expected in ((route, True), (foreign, False), (waiting, False), (f"import sqlite3\n{helper}", False)):
        assert ["make the function `def`" in d.message for d in found(tmp_path, body, "FAL103")] == [expected]


@pytest.mark.parametrize(
    ("made", "severity"), [("static = Static()\n", Severity.INFO), ("", Severity.WARNING)], ids=["lasting", "made anew"]
)
def test_a_cached_property_blocks_its_object_once(tmp_path: Path, made: str, severity: Severity) -> None:
    static = (
        "from functools import cached_property\nclass Static:\n    def __init__(self): self.name = 'x'\n"
        "    @cached_property\n    def manifest(self): return open(self.name).read()\n"
    )
    local = "" if made else "    static = Static()\n"
    body = f'{static}{made}@app.get("/")\nasync def index():\n{local}    return static.manifest\n'
    assert [d.severity for d in found(tmp_path, body, "FAL104")] == [severity]


@pytest.mark.parametrize("method", ["first", "count", "delete"])
def test_a_method_is_answered_with_its_own_twin(tmp_path: Path, method: str) -> None:
    model = "from django.db import models\nclass Note(models.Model): pass\n"
    body = f'{model}@app.get("/")\nasync def index():\n    return Note.objects.filter(name="x").{method}()\n'
    messages = [d.message for d in found(tmp_path, body, "FAL103")]
    assert [f"use `django.db.models.QuerySet.a{method}`" in m for m in messages] == [True]


@pytest.mark.parametrize("client", ["OpenAI", "AzureOpenAI"])
def test_what_a_client_inherits_is_answered_with_its_own_twin(tmp_path: Path, client: str) -> None:
    body = f'import openai\n@app.get("/")\nasync def index():\n    openai.{client}().vector_stores.create(name="x")\n'
    messages = [d.message for d in found(tmp_path, body, "FAL108")]
    assert [f"use `openai.Async{client}`" in m for m in messages] == [True]


@pytest.mark.parametrize(
    ("given", "severity"),
    [("", Severity.INFO), ("reload=False", Severity.INFO), ("reload=True", Severity.WARNING)],
    ids=["default", "said", "anew"],
)
@pytest.mark.parametrize(
    "guard",
    ["    if _text is not None and not reload: return _text\n    _text = ", "    if _text is None or reload: _text = "],
    ids=["leaves", "enters"],
)
def test_what_an_argument_decides_hides_no_first_use(
    tmp_path: Path, guard: str, given: str, severity: Severity
) -> None:
    body = (
        f"_text = None\ndef load(reload=False):\n    global _text\n{guard}open('table').read()\n    return _text\n"
        f'@app.get("/")\nasync def index():\n    return load({given})\n'
    )
    assert [d.severity for d in found(tmp_path, body, "FAL104")] == [severity]


@pytest.mark.parametrize(
    ("annotation", "severity"),
    [
        ("Kind", Severity.INFO),
        ("Mode", Severity.INFO),
        ("bool", Severity.INFO),
        ("str", Severity.WARNING),
        ("bool | str", Severity.WARNING),
    ],
)
def test_a_function_cached_for_few_arguments_blocks_the_first_time(
    tmp_path: Path, annotation: str, severity: Severity
) -> None:
    body = (
        "from enum import Enum\nfrom functools import cache\nfrom typing import Literal\nKind = Literal['a', 'b']\n"
        "class Mode(Enum):\n    A = 'a'\n    B = 'b'\n"
        f"@cache\ndef load(kind: {annotation}): return open('table').read()\n"
        f'@app.get("/")\nasync def index(kind: {annotation}):\n    return load(kind)\n'
    )
    assert [d.severity for d in found(tmp_path, body, "FAL104")] == [severity]


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ('"table"', Severity.INFO),
        ("NAME", Severity.INFO),
        ("settings().name", Severity.INFO),
        ("**settings().args()", Severity.INFO),
        ("**model().model_dump()", Severity.INFO),
        ("name", Severity.WARNING),
        ("settings().name + name", Severity.WARNING),
    ],
)
def test_a_function_cached_for_what_never_changes_blocks_the_first_time(
    tmp_path: Path, given: str, severity: Severity
) -> None:
    body = (
        "from functools import lru_cache\nNAME = 'table'\nclass Settings:\n    def __init__(self): self.name = NAME\n"
        "    def args(self): return {'name': self.name}\n@lru_cache\ndef settings(): return Settings()\n"
        "from pydantic import BaseModel\nclass Model(BaseModel):\n    name: str = NAME\n"
        "@lru_cache\ndef model(): return Model()\n"
        "@lru_cache\ndef load(name: str): return open(name).read()\n"
        f'@app.get("/")\nasync def index(name: str):\n    return load({given})\n'
    )
    assert [d.severity for d in found(tmp_path, body, "FAL104")] == [severity]


_CACHED = """\
from functools import lru_cache
from cachetools.func import ttl_cache
class Settings:
    path = "tables"
settings = Settings()
def configure(path): settings.path = path
@lru_cache
def load(path, key): return open(path + key).read()
class Loader:
    def __init__(self, key): self.key = key
    @lru_cache
    def load(self, key): return open(key).read()
def get(key="all"):
    return load(settings.path, key)
def pair(path):
    return path, "all"
def get_pair(path):
    first, second = pair(path)
    return load(first, second)
@ttl_cache(ttl=60)
def load_again(path): return open(path).read()
@app.get("/")
async def index(name: str):
    {use}
"""


@pytest.mark.parametrize(
    ("use", "severity"),
    [
        ("return get()", Severity.INFO),
        ("return get_pair(settings.path)", Severity.INFO),
        ("return get(name)", Severity.WARNING),
        ("return get_pair(name)", Severity.WARNING),
        ("return Loader(name).load(settings.path)", Severity.WARNING),
        ("return load_again(settings.path)", Severity.WARNING),
        ("for key in sorted(vars(settings)): print(load(settings.path, key))", Severity.WARNING),
        ("for key, _ in sorted(vars(settings).items()): print(load(settings.path, key))", Severity.WARNING),
    ],
)
def test_a_function_cached_for_what_no_request_brings_blocks_the_first_time(
    tmp_path: Path, use: str, severity: Severity
) -> None:
    assert [d.severity for d in found(tmp_path, _CACHED.format(use=use), "FAL104")] == [severity]


_PING = """\
_seen: set[str] = set()
def ping(name):
    if name in _seen:
        return {seen}
    _seen.add(name)
    thread = threading.Thread(target=print)
    thread.start()
    return thread
def record(name):
    thread = None
    if name:
        thread = ping(name)
    if thread is not None:
        thread.join()
@app.get("/")
async def index(name: str):
    record({name})
    {after}
"""


@pytest.mark.parametrize(
    ("seen", "name", "after", "severity"),
    [
        ("None", "'index'", "pass", Severity.WARNING),
        ("None", "name", "pass", Severity.ERROR),
        ("None", "'index'", "_seen.discard('index')", Severity.ERROR),
        ("threading.Thread(target=print)", "'index'", "pass", Severity.ERROR),
    ],
    ids=["once", "request's own", "taken out", "always a thread"],
)
def test_what_is_there_once_for_a_key_is_waited_for_once(
    tmp_path: Path, seen: str, name: str, after: str, severity: Severity
) -> None:
    body = _PING.format(seen=seen, name=name, after=after)
    assert [d.severity for d in found(tmp_path, body, "FAL106")] == [severity]


@pytest.mark.parametrize(
    ("name", "severity"), [("'index'", Severity.INFO), ("name", Severity.WARNING)], ids=["own", "request's own"]
)
def test_what_is_read_once_for_a_key_blocks_the_first_time(tmp_path: Path, name: str, severity: Severity) -> None:
    body = (
        "_pages = {}\ndef load(name):\n    if name not in _pages: _pages[name] = open(name).read()\n"
        f'    return _pages[name]\n@app.get("/")\nasync def index(name: str):\n    return load({name})\n'
    )
    assert [d.severity for d in found(tmp_path, body, "FAL104")] == [severity]


PAY = """\
async def pay(amount: int, digest: bytes | None = None, how: str = "plain"):
    if digest:
        time.sleep(1)
    if how == "slow":
        time.sleep(2)
@app.post("/plain")
async def plain():
    await pay(1)
@app.post("/digest")
async def digest():
    await pay(1, digest=b"x")
@app.post("/slow")
async def slow():
    await pay(1, how="slow")
"""


def test_only_entry_points_that_get_to_the_place_are_named(tmp_path: Path) -> None:
    named = [[label.label for label in d.entry_points] for d in found(tmp_path, PAY, "FAL101")]
    assert named == [["POST /digest"], ["POST /slow"]]


READ_OR_WRITE = """\
def write(value: str) -> None:
    with open("hash", "w") as file:
        file.write(value)
def read() -> str:
    if os.path.exists("hash"):
        value = {read}
        if value:
            return value
    write("new")
    return "new"
@app.get("/")
async def index():
    return read()
"""


@pytest.mark.parametrize(("read", "row"), [("open('hash').read()", 9), ("os.environ.get('HASH')", 5)])
def test_what_runs_each_time_is_told_before_what_runs_when_that_fails(tmp_path: Path, read: str, row: int) -> None:
    (diagnostic,) = found(tmp_path, READ_OR_WRITE.format(read=read), "FAL104")
    assert diagnostic.chain[-1].row == row


@pytest.mark.parametrize(
    ("made", "sink"),
    [
        ("boto3.resource('s3').Object('b', 'k').get()", "boto3.resource('s3').Object.get"),
        ("boto3.resource('s3').Bucket('b').objects.delete()", "boto3.resources.collection.CollectionManager.delete"),
        ("supabase.create_client('u', 'k').auth.sign_up({})", "supabase.Client.auth.sign_up"),
        ("supabase.create_client('u', 'k').auth.admin.list_users()", "supabase.Client.auth.admin.list_users"),
        (
            "supabase.create_client('u', 'k').table('t').insert({}).execute()",
            "postgrest.SyncQueryRequestBuilder.execute",
        ),
        (
            "pages = stripe.Subscription.list(customer='c').auto_paging_iter()\n    for c in pages: pass",
            "stripe.ListObject.auto_paging_iter",
        ),
    ],
)
def test_what_has_no_public_name_goes_by_what_gives_it(tmp_path: Path, made: str, sink: str) -> None:
    body = f'import boto3, stripe, supabase\n@app.get("/")\nasync def index():\n    {made}\n'
    assert f"`{sink}` blocks" in " ".join(d.message for d in found(tmp_path, body, "FAL108"))


@pytest.mark.parametrize(
    ("used", "sink"),
    [
        ("reader.readline()", "socket.socket.makefile().readline"),
        ("list(reader)", "socket.socket.makefile"),
    ],
)
def test_what_is_called_on_what_a_function_gave_is_named(tmp_path: Path, used: str, sink: str) -> None:
    body = (
        'import socket\n@app.get("/")\nasync def index():\n'
        f"    reader = socket.socket().makefile()\n    return {used}\n"
    )
    assert f"`{sink}` blocks" in " ".join(d.message for d in found(tmp_path, body, "FAL109"))


@pytest.mark.parametrize(
    ("way", "labels"),
    [
        ("await work()", [["GET /"]]),
        ("await asyncio.create_task(work())", [["GET /"]]),
        ("await asyncio.to_thread(alone)", []),
        ("await asyncio.to_thread(asyncio.run, work())", []),
        ("threading.Thread(target=asyncio.run, args=(work(),)).start()", []),
        ("threading.Thread(target=asyncio.run, args=(both(),)).start()", [[]]),
    ],
)
def test_what_runs_on_a_loop_of_its_own_keeps_nobody_waiting(tmp_path: Path, way: str, labels: list[list[str]]) -> None:
    body = "import asyncio\nasync def work():\n    time.sleep(1)\ndef alone():\n    asyncio.run(work())\n"
    body += "async def both():\n    await asyncio.gather(work(), work())\n"
    body += f'@app.get("/")\nasync def index():\n    {way}\n'
    assert [[entry.label for entry in d.entry_points] for d in found(tmp_path, body, "FAL101")] == labels


@pytest.mark.parametrize(
    ("helper", "expected"),
    [
        (
            "await anyio.to_thread.run_sync(print)",
            "use `anyio.sleep`, or run it with `await anyio.to_thread.run_sync(...)`",
        ),
        ("await asyncio.to_thread(print)", "use `asyncio.sleep`, or run it with `await asyncio.to_thread(...)`"),
        (
            "await anyio.to_thread.run_sync(print)\n    await asyncio.to_thread(print)",
            "use `asyncio.sleep`, or run it with `await asyncio.to_thread(...)`",
        ),
    ],
    ids=["anyio", "asyncio", "both"],
)
def test_a_project_on_anyio_is_told_of_anyio(tmp_path: Path, helper: str, expected: str) -> None:
    body = f"import anyio, asyncio\nasync def show():\n    {helper}\n"
    body += '@app.get("/")\nasync def index():\n    time.sleep(1)\n'
    assert [d.message.partition("; ")[2] for d in found(tmp_path, body, "FAL101")] == [expected]


def test_a_glob_that_walks_goes_by_its_own_name(tmp_path: Path) -> None:
    body = 'from pathlib import Path\n@app.get("/")\nasync def index():\n    return list(Path("x").glob("**/*"))\n'
    assert [d.message.split(" ")[0] for d in found(tmp_path, body, "FAL104")] == ["`pathlib.Path.glob`"]


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ('{"role": name}', "GET /sure"),
        ("dict(values)", "GET /first"),
        ('{"role": name, "wait": 1}', "GET /first"),
    ],
)
def test_entry_points_are_named_whose_calls_get_there(tmp_path: Path, given: str, label: str) -> None:
    body = (
        'async def work(values: dict):\n    if "wait" in values:\n        time.sleep(1)\n'
        f'@app.get("/first")\nasync def first(name: str, values: dict):\n    await work({given})\n'
        '@app.get("/sure")\nasync def sure():\n    await work({"wait": 1})\n'
    )
    assert [[entry.label for entry in d.entry_points] for d in found(tmp_path, body, "FAL101")] == [[label]]


@pytest.mark.parametrize(
    ("first", "is_split"),
    [
        ("self.loop = asyncio.get_running_loop()", True),
        ("self.task = asyncio.create_task(keep())", True),
        ("self.loop = loop_of()", True),
        ("self.loop = None", False),
        ("self.loop = asyncio.get_running_loop() if quick else None", False),
        ("if quick: self.task = asyncio.create_task(keep())", False),
        ("self.queue = asyncio.Queue()", False),
        ("try: self.loop = asyncio.get_running_loop()\n        except RuntimeError: self.loop = None", False),
    ],
)
def test_what_needs_the_running_loop_is_not_sent_to_a_thread(tmp_path: Path, first: str, is_split: bool) -> None:
    body = (
        "import asyncio, sqlite3\nasync def keep(): pass\ndef loop_of(): return asyncio.get_running_loop()\n"
        f"class Lines:\n    def __init__(self, quick):\n        {first}\n"
        "        self.rows = sqlite3.connect('x').execute('y')\n"
        '@app.get("/")\nasync def index(quick: bool): return Lines(quick)\n'
    )
    messages = [d.message for d in found(tmp_path, body, "FAL103")]
    assert [("only what blocks" in m, "`def`" in m) for m in messages] == [(is_split, not is_split)]


@pytest.mark.parametrize(
    ("kind", "called", "is_split"),
    [("async def", "await work()", True), ("def", "work()", False)],
)
def test_what_makes_a_coroutine_is_not_sent_to_a_thread_as_a_whole(
    tmp_path: Path, kind: str, called: str, is_split: bool
) -> None:
    """A thread would give the coroutine back, and nobody would await it."""
    body = (
        "import functools, time\ndef timed(fn):\n    @functools.wraps(fn)\n    def wrapper():\n        time.sleep(1)\n"
        f"        return fn()\n    return wrapper\n@timed\n{kind} work(): pass\n"
        f'@app.get("/")\nasync def index():\n    {called}\n'
    )
    messages = [d.message for d in found(tmp_path, body, "FAL101")]
    assert ["only what blocks" in m for m in messages] == [is_split]


@pytest.mark.parametrize("is_special_first", [True, False])
def test_what_may_be_a_special_case_of_an_api_goes_by_the_plain_one(tmp_path: Path, is_special_first: bool) -> None:
    kinds = ["AzureOpenAI", "OpenAI"] if is_special_first else ["OpenAI", "AzureOpenAI"]
    body = (
        "import openai\n"
        f'def client(): return openai.{kinds[0]}() if os.environ.get("KIND") else openai.{kinds[1]}()\n'
        '@app.get("/")\nasync def index():\n    return client().chat.completions.create(model="m", messages=[])\n'
    )
    messages = [d.message for d in found(tmp_path, body, "FAL108")]
    assert [m.split(" ")[0] for m in messages] == ["`openai.OpenAI.chat.completions.create`"]


def test_an_api_that_is_the_special_case_goes_by_its_own_name(tmp_path: Path) -> None:
    body = (
        "import openai\nclient = openai.AzureOpenAI()\n"
        '@app.get("/")\nasync def index():\n    return client.chat.completions.create(model="m", messages=[])\n'
    )
    messages = [d.message for d in found(tmp_path, body, "FAL108")]
    assert [m.split(" ")[0] for m in messages] == ["`openai.AzureOpenAI.chat.completions.create`"]


@pytest.mark.parametrize(
    ("decorator", "is_once"),
    [
        ("cachetools.cached(cachetools.TTLCache(maxsize=1, ttl=60))", False),
        ("cachetools.cached(cache=TTLCache(1, 60))", False),
        ("cachetools.func.ttl_cache(maxsize=1, ttl=60)", False),
        ("cachetools.func.ttl_cache", False),
        ("cachetools.cached(kept)", False),
        ("cachetools.cached(cachetools.LRUCache(maxsize=1))", True),
        ("functools.cache", True),
    ],
)
def test_what_gets_too_old_blocks_again_and_again(tmp_path: Path, decorator: str, is_once: bool) -> None:
    body = (
        "import functools, cachetools, cachetools.func\nfrom cachetools import TTLCache\nkept = TTLCache(1, 60)\n"
        f'@{decorator}\ndef keys():\n    time.sleep(1)\n    return "keys"\n'
        '@app.get("/")\nasync def index():\n    return keys()\n'
    )
    (found_one,) = found(tmp_path, body, "FAL101")
    assert ("on first use" in found_one.message) is is_once
    assert found_one.severity is (Severity.WARNING if is_once else Severity.ERROR)
