"""What a diagnostic on something made per request says: how many lead there, and whose address it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.diagnostic import Diagnostic, Severity
from fastapi_lint.engine import CheckRequest, check

HEAD = "import httpx\nfrom fastapi import Depends, FastAPI, Header, Request\n\napp = FastAPI()\n"


def lint(source: str, folder: Path, code: str = "FAL201") -> tuple[Diagnostic, ...]:
    settings = load_settings([folder], folder, isolated=True, overrides={"cache": False, "select": [code]})
    result = check(CheckRequest((), settings, folder, ("example.py", (HEAD + source).encode())))
    assert result.internal_errors == ()
    return result.diagnostics


def test_forty_routes_are_one_diagnostic_that_counts_them(tmp_path: Path) -> None:
    routes = [f"@app.get('/r{n}')\nasync def r{n}():\n    return await fetch()\n" for n in range(40)]
    source = "async def deep():\n    return httpx.AsyncClient()\nasync def fetch():\n    return await deep()\n"
    near = "@app.get('/near')\nasync def near():\n    return await deep()\n"
    (found,) = lint(source + "".join(routes) + near, tmp_path)
    assert "(41 entry points lead here)" in found.message
    assert found.entry_points[0].label == "GET /near"
    assert len(found.entry_points) == 41
    assert [hop.text for hop in found.chain] == ["route `GET /near` enters here", "`near` runs `deep`"]


def test_one_route_is_not_counted(tmp_path: Path) -> None:
    (found,) = lint("@app.get('/')\ndef index():\n    httpx.Client()\n", tmp_path)
    assert "entry points" not in found.message
    assert found.severity is Severity.WARNING


def test_a_middleware_is_one_entry_point(tmp_path: Path) -> None:
    source = (
        "from starlette.middleware.base import BaseHTTPMiddleware\n"
        "class Auth(BaseHTTPMiddleware):\n"
        "    async def dispatch(self, request, call_next):\n"
        "        httpx.AsyncClient()\n"
        "        return await call_next(request)\n"
        "app.add_middleware(Auth)\n"
    )
    (found,) = lint(source, tmp_path)
    assert [label.label for label in found.entry_points] == ["Auth"]
    assert "entry points" not in found.message


OF_THE_REQUEST = {
    "path parameter": """
@app.get("/{host}")
def index(host: str):
    httpx.Client(base_url=f"https://{host}")
""",
    "header": """
@app.get("/")
def index(token: str = Header()):
    httpx.Client(headers={"X-Token": token})
""",
    "through a helper": """
def make(url):
    return httpx.Client(base_url=url)

@app.get("/")
def index(host: str):
    return make("https://" + host)
""",
    "user of a dependency": """
def user(request: Request):
    return load(request.headers["x-user"])

@app.get("/")
def index(me=Depends(user)):
    httpx.Client(auth=(me.name, me.key))
""",
    "attribute of an object": """
class Api:
    def __init__(self, key: str):
        self.key = key
    def client(self):
        return httpx.Client(auth=("x", self.key))

@app.get("/")
def index(key: str):
    Api(key).client()
""",
    "a copy, spread": """
@app.post("/")
def index(settings: dict):
    given = settings.copy()
    httpx.Client(**given)
""",
    "spread through the keywords of a constructor into a dictionary": """
class Probe:
    def __init__(self, **kwargs):
        options = {}
        options.update(kwargs)
        self.options = options
    def client(self):
        return httpx.Client(**self.options)

@app.post("/")
def index(settings: dict):
    Probe(**settings).client()
""",
    "spread into a named parameter": """
def make(url="", timeout=3):
    return httpx.Client(base_url=url, timeout=timeout)

@app.post("/")
def index(settings: dict):
    make(**settings)
""",
    "an item of a dictionary that is filled": """
@app.get("/")
def index(host: str):
    options = {}
    options["base_url"] = host
    httpx.Client(**options)
""",
    "handed to a thread": """
import asyncio

def make(url):
    return httpx.Client(base_url=url)

@app.post("/")
async def index(request: Request):
    body = Body.model_validate_json(await request.body())
    await asyncio.to_thread(make, body.url.get_secret_value())
""",
    "through a decorator that hands all on": """
from functools import wraps

def traced(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

class Api:
    @traced
    def client(self, url: str):
        return httpx.Client(base_url=url)

@app.get("/")
def index(host: str):
    Api().client("https://" + host)
""",
    "a field of a model within a model": """
from pydantic import BaseModel

class Secret(BaseModel):
    value: str
    def plain(self) -> str:
        return self.value

class Base(BaseModel):
    key: Secret
    def client(self):
        return httpx.Client(auth=("x", self.key.plain()))

class Api(Base):
    pass

@app.get("/")
def index(key: str):
    Api(key=Secret(value=key)).client()
""",
    "through the constructor of a base class": """
class Api:
    def __init__(self, key: str):
        self.key = key

class Own(Api):
    def client(self):
        return httpx.Client(auth=("x", self.key))

@app.get("/")
def index(key: str):
    Own(key).client()
""",
    "through super": """
class Api:
    def __init__(self, name, *, key: str):
        self.key = key

class Own(Api):
    def __init__(self, key: str):
        super().__init__("x", key=key)
    def client(self):
        return httpx.Client(auth=("x", self.key))

@app.get("/")
def index(key: str):
    Own(key).client()
""",
    "another call passes a constant": """
def make(url):
    return httpx.Client(base_url=url)

@app.get("/all")
def all():
    make(URL)

@app.get("/")
def index(host: str):
    clients = {}
    clients[host] = make(host)
""",
    "bound by a partial": """
from functools import partial

def make(url):
    return httpx.Client(base_url=url)

@app.get("/")
def index(host: str):
    return partial(make, host)()
""",
    "a field of a row": """
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

sessions = async_sessionmaker()

class Base(DeclarativeBase): ...

class Row(Base):
    __tablename__ = "providers"
    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column()

    def to_provider(self) -> "Provider":
        return Provider(key=self.key)

class Provider(BaseModel):
    key: str | None = None

    def of_kind(self):
        return Own(**self.model_dump())

    async def models(self):
        return []

class Own(Provider):
    async def models(self):
        key = self.key if self.key else None
        return httpx.AsyncClient(auth=("x", key))

@app.get("/{provider_id}")
async def index(provider_id: str):
    async with sessions() as session:
        row: Row = (await session.execute(select(Row).where(Row.id == provider_id))).scalar_one()
    return await row.to_provider().of_kind().models()
""",
}
OF_THE_APPLICATION = {
    "constant": """
@app.get("/{name}")
def index(name: str):
    httpx.Client(base_url="https://a.example")
""",
    "not an address": """
@app.get("/{seconds}")
def index(seconds: int):
    httpx.Client(timeout=seconds)
""",
    "state of the app": """
@app.get("/")
def index(request: Request):
    httpx.Client(base_url=request.app.state.settings.url)
""",
    "another item of what is spread": """
def make(url="", name=""):
    print(name)
    return httpx.Client(base_url=url)

@app.get("/{name}")
def index(name: str):
    make(**{"url": URL, "name": name})
""",
    "another argument that is handed to a thread": """
import asyncio

def make(url, name):
    print(name)
    return httpx.Client(base_url=url)

@app.get("/{name}")
async def index(name: str):
    await asyncio.to_thread(make, URL, name)
""",
    "a dictionary filled from settings": """
@app.get("/{name}")
def index(name: str):
    options = {}
    options["base_url"] = SETTINGS.url
    seen = {}
    seen["name"] = name
    httpx.Client(**options)
""",
    "another argument through a decorator": """
def traced(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

@traced
def make(url: str, name: str):
    print(name)
    return httpx.Client(base_url=url)

@app.get("/")
def index(name: str):
    make(URL, name)
""",
    "a decorator that passes what it has itself": """
def with_url(function):
    def wrapper(name):
        return function(URL)
    return wrapper

@with_url
def make(url: str):
    return httpx.Client(base_url=url)

@app.get("/")
def index(name: str):
    make(name)
""",
    "another field of a model": """
from pydantic import BaseModel

class Api(BaseModel):
    name: str
    url: str
    def client(self):
        return httpx.Client(base_url=self.url)

class Other(BaseModel):
    url: str

@app.get("/")
def index(name: str):
    Other(url=name)
    Api(name=name, url=URL).client()
""",
    "a field of what all share": """
from pydantic import BaseModel

class Provider(BaseModel):
    key: str | None = None

    def models(self):
        return httpx.Client(auth=("x", self.key))

provider = Provider(**load())

@app.get("/")
def index(name: str):
    return provider.models()
""",
    "another argument through super": """
class Api:
    def __init__(self, name, *, key: str):
        self.name = name
        self.key = key

class Own(Api):
    def __init__(self, name: str):
        super().__init__(name, key=KEY)
    def client(self):
        return httpx.Client(auth=("x", self.key))

@app.get("/")
def index(name: str):
    Own(name).client()
""",
    "other calls keep what they get": """
clients = {}

def make(url):
    return httpx.Client(base_url=url)

@app.get("/kept")
def kept(host: str):
    client = clients.get(host)
    if not client:
        client = make(host)
        clients[host] = client

@app.get("/")
def index():
    make(URL)
""",
    "settings of a dependency": """
def settings():
    return SETTINGS

@app.get("/")
def index(s=Depends(settings)):
    httpx.Client(base_url=s.url)
""",
}


@pytest.mark.parametrize(
    ("made", "code", "lost", "way_out"),
    [
        ("httpx.Client()", "FAL201", "no connection is reused, and many", "create it once, in the lifespan"),
        ("ssl.create_default_context()", "FAL201", "certificates are loaded anew", "create it once, in the lifespan"),
        ("http.client.HTTPSConnection('a.example')", "FAL201", "no connection is reused", "use a client with a pool"),
        ("http.client.HTTPSConnection(host)", "FAL201", "no connection is reused", "use a client with a pool"),
        ("boto3.Session()", "FAL204", "the descriptions of services loaded", "create it once, in a cached factory"),
        ("azure.identity.DefaultAzureCredential()", "FAL204", "the tokens that it keeps", "in a cached factory"),
    ],
)
def test_what_is_lost_is_what_the_thing_holds(made: str, code: str, lost: str, way_out: str, tmp_path: Path) -> None:
    source = f"import http.client, ssl, azure.identity, boto3\n@app.get('/')\ndef index(host: str):\n    {made}\n"
    (found,) = lint(source, tmp_path, code)
    assert lost in found.message
    assert way_out in found.message
    assert ("no connection" in found.message) is ("no connection" in lost)


@pytest.mark.parametrize("name", OF_THE_REQUEST)
def test_an_address_of_the_request_lowers_the_severity(name: str, tmp_path: Path) -> None:
    (found,) = lint(OF_THE_REQUEST[name], tmp_path)
    assert found.severity is Severity.INFO
    assert "come with the request" in found.message


@pytest.mark.parametrize("name", OF_THE_APPLICATION)
def test_an_address_that_is_the_same_for_all_does_not(name: str, tmp_path: Path) -> None:
    (found,) = lint(OF_THE_APPLICATION[name], tmp_path)
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("pinned", "severity"), [("url", Severity.INFO), ("'https://db'", Severity.WARNING), ("HOST", Severity.WARNING)]
)
def test_a_connector_that_is_told_of_the_request_is_its_own(pinned: str, severity: Severity, tmp_path: Path) -> None:
    source = (
        "import aiohttp\nHOST = 'db'\nclass Resolver:\n    def pin(self, url):\n        self.url = url\n"
        "def connector(resolver):\n    return aiohttp.TCPConnector(resolver=resolver)\n"
        f"@app.get('/')\nasync def index(url: str):\n    resolver = Resolver()\n    resolver.pin({pinned})\n"
        "    async with aiohttp.ClientSession(connector=connector(resolver)) as session:\n"
        "        await session.get('https://example.com')\n"
    )
    (found,) = lint(source, tmp_path)
    assert found.severity is severity


@pytest.mark.parametrize(("user", "severity"), [("user", Severity.INFO), ("'shop'", Severity.ERROR)])
def test_a_function_that_connects_takes_what_it_uses(user: str, severity: Severity, tmp_path: Path) -> None:
    source = (
        "import psycopg, sqlalchemy\n@app.get('/{user}')\ndef index(user: str):\n    def connect():\n"
        f"        return psycopg.connect(host='db', user={user})\n"
        "    sqlalchemy.create_engine('postgresql+psycopg://', creator=connect).connect()\n"
    )
    (found,) = lint(source, tmp_path, "FAL203")
    assert found.severity is severity


GENERATOR = """
from sqlalchemy.ext.asyncio import AsyncSession

{kind}def get_session():
    session = AsyncSession()
    try:
        yield session
    finally:
        session.close()

@app.get("/")
{kind}def index(session=Depends(get_session)):
    {step}
"""


@pytest.mark.parametrize(
    ("kind", "step", "said"),
    [
        ("async ", "next(get_session())", "raises an error here: the dependency `get_session` is an async generator"),
        ("async ", "await anext(get_session())", "takes one value out of the dependency"),
        ("", "next(get_session())", "takes one value out of the dependency"),
        ("", "get_session().asend(None)", "raises an error here: the dependency `get_session` is no async generator"),
    ],
)
def test_a_step_of_the_wrong_kind_is_told_as_the_error_it_is(kind: str, step: str, said: str, tmp_path: Path) -> None:
    (found,) = lint(GENERATOR.format(kind=kind, step=step), tmp_path, "FAL209")
    assert said in found.message


@pytest.mark.parametrize(
    ("field", "severity", "said"),
    [
        ("int", Severity.WARNING, "define it at module level"),
        ("Literal[KINDS]", Severity.WARNING, "define it at module level"),
        ("Literal[kinds]", Severity.WARNING, "make it once for each `kinds`, in a cached function"),
        ("Literal[name]", Severity.INFO, "it depends on `name`, which comes with the request"),
    ],
)
def test_a_model_class_that_takes_values_of_its_function_cannot_move_to_module_level(
    field: str, severity: Severity, said: str, tmp_path: Path
) -> None:
    source = f"""
from typing import Literal
from pydantic import BaseModel
KINDS = ("a", "b")

@app.get("/{{name}}")
def index(name: str):
    kinds = load()
    class Item(BaseModel):
        x: {field}
    return Item
"""
    (found,) = lint(source, tmp_path, "FAL205")
    assert found.severity is severity
    assert said in found.message


def test_a_model_class_is_kept_for_all_that_its_methods_and_bases_take(tmp_path: Path) -> None:
    source = """
from pydantic import BaseModel

def scorer(func, base, is_session, unused):
    limit = load()
    def check(x):
        return x < limit
    class Scorer(BaseModel, base):
        session = is_session
        def __call__(self, x):
            return func(x) if check(x) else None
    return Scorer()

@app.get("/{session}")
def index(session: bool):
    return scorer(len, object, session, 1)
"""
    (found,) = lint(source, tmp_path, "FAL205")
    assert (
        "it depends on `base`, `is_session`, `func` and `limit`, some of which come with the request" in found.message
    )


def test_in_a_loop_too_what_comes_with_the_request_is_not_to_be_made_once(tmp_path: Path) -> None:
    source = """
@app.post("/")
def index(hosts: list[str]):
    for host in hosts:
        httpx.Client(base_url=host)
"""
    (found,) = lint(source, tmp_path, "FAL210")
    assert found.severity is Severity.INFO
    assert "come with the request" in found.message


@pytest.mark.parametrize(
    ("handled", "severity", "said"),
    [
        ("httpx.ConnectError", Severity.INFO, "anew after an error"),
        ("(ConnectionError, TimeoutError)", Severity.INFO, "anew after an error"),
        ("KeyError", Severity.WARNING, "for each request"),
        ("Exception", Severity.WARNING, "for each request"),
    ],
)
def test_what_a_failed_attempt_makes_is_not_made_for_each_request(
    handled: str, severity: Severity, said: str, tmp_path: Path
) -> None:
    source = (
        "def again():\n    return httpx.Client().get('/')\n@app.get('/')\ndef index():\n"
        f"    try:\n        return work()\n    except {handled}:\n        return again()\n"
    )
    (found,) = lint(source, tmp_path)
    assert found.severity is severity
    assert said in found.message


def test_a_usual_way_to_what_is_also_made_after_errors_is_told(tmp_path: Path) -> None:
    source = (
        "def make():\n    return httpx.Client()\n@app.get('/a')\ndef a():\n    try:\n        return work()\n"
        "    except TimeoutError:\n        return make()\n@app.get('/b')\ndef b():\n    return other()\n"
        "def other():\n    return make()\n"
    )
    (found,) = lint(source, tmp_path)
    assert found.severity is Severity.WARNING
    assert found.chain[0].text == "route `GET /b` enters here"


_CACHES = """
class Kept:
    def __init__(self):
        self.items = {}
        self.others = {}
    def find(self, key):
        entry = self.items.get(key)
        return entry[0] if entry and entry[1] > time() else None
    def keep(self, key, value):
        self.items[key] = (value, time() + 60)
    def note(self, key, value):
        self.others[key] = value
kept, values = Kept(), {}
remote = redis.asyncio.Redis()
async def ask(key):
    async with httpx.AsyncClient() as client:
        return (await client.get(f"https://api.example/{key}")).text
def find(key):
    return values.get(key)
def keep(key, value):
    values[key] = value
"""


@pytest.mark.parametrize(
    ("asked", "stored", "is_cache"),
    [
        ("kept.find(key)", "kept.keep(key, found)", True),
        ("find(key=key)", "keep(key, found)", True),
        ("await remote.get(key)", "await remote.setex(key, 60, found)", True),
        ("await remote.get('rates')", "await remote.setex('rates', 60, found)", True),
        ("kept.find(key)", "kept.keep('last', found)", False),  # under another key
        ("kept.find(key)", "kept.note(key, found)", False),  # elsewhere
        ("kept.find(key)", "Kept().keep(key, found)", False),  # in another object
        ("Kept().find(key)", "Kept().keep(key, found)", False),  # gone with the request
        ("values.get(key)", "values[key] = True", False),  # nothing of what was found out
        ("await remote.get(key)", "await remote.get(key, found)", False),  # not stored
    ],
)
def test_what_is_made_where_a_cache_misses_is_not_made_for_each_request(
    asked: str, stored: str, is_cache: bool, tmp_path: Path
) -> None:
    source = (
        f"import redis.asyncio\n{_CACHES}@app.get('/{{key}}')\nasync def index(key: str):\n    known = {asked}\n"
        f"    if known:\n        return known\n    found = (await ask(key)).strip()\n    {stored}\n    return found\n"
    )
    (found,) = lint(source, tmp_path)
    assert ("whenever a look-up in a cache misses" in found.message) is is_cache
    assert (found.severity is Severity.INFO) is is_cache


def test_a_way_past_a_cache_is_told(tmp_path: Path) -> None:
    source = (
        f"import redis.asyncio\n{_CACHES}@app.get('/a/{{key}}')\nasync def a(key: str):\n"
        "    known = find(key)\n    if known is None:\n        known = await ask(key)\n        keep(key, known)\n"
        "    return known\n"
    )
    (found,) = lint(source, tmp_path)
    assert "whenever a look-up in a cache misses" in found.message
    source += "@app.get('/b/{key}')\nasync def b(key: str):\n    return await ask(key)\n"
    (found,) = lint(source, tmp_path)
    assert "for each request" in found.message
    assert found.chain[0].text == "route `GET /b/{key}` enters here"


@pytest.mark.parametrize("name", ["ClientSecretCredential", "ManagedIdentityCredential", "DefaultAzureCredential"])
def test_of_a_group_of_classes_the_one_that_stands_there_is_named(name: str, tmp_path: Path) -> None:
    for package in ("azure.identity", "azure.identity.aio"):
        source = f"from {package} import {name}\n@app.get('/')\ndef index():\n    {name}()\n"
        (found,) = lint(source, tmp_path, "FAL204")
        assert found.message.startswith(f"`{package}.{name}` is created for each request")


def test_entry_points_count_whatever_they_pass(tmp_path: Path) -> None:
    source = (
        "def make(kind):\n    client = httpx.Client()\n    if kind == 'a':\n        client.close()\n    return client\n"
        "@app.get('/a')\ndef a():\n    make('a')\n@app.get('/b')\ndef b():\n    make('b')\n"
        "@app.get('/c')\ndef c():\n    make('c')\n"
    )
    (found,) = lint(source, tmp_path)
    assert "(3 entry points lead here)" in found.message
    made = "    client = httpx.Client()\n"
    closing = "    if kind == 'a':\n        client.close()\n"
    skipping = source.replace(made + closing, "    if kind == 'b':\n        return None\n" + made)
    (found,) = lint(skipping, tmp_path)
    assert [entry.label for entry in found.entry_points] == ["GET /a", "GET /c"]


def test_objects_that_last_do_not_count_as_ways(tmp_path: Path) -> None:
    source = (
        "from functools import cache\nclass Holder:\n    def __init__(self):\n        self.kept = None\n"
        "    def client(self):\n        if self.kept is None:\n            self.kept = httpx.Client()\n"
        "        return self.kept\n@cache\ndef get():\n    return Holder()\ndef use(holder):\n    holder.client()\n"
        "@app.get('/a')\ndef a(holder: Holder = Depends(get)):\n    holder.client()\n"
        "@app.get('/b')\ndef b():\n    use(get())\n@app.get('/c')\ndef c():\n    Holder().client()\n"
    )
    (found,) = lint(source, tmp_path)
    assert [entry.label for entry in found.entry_points] == ["GET /c"]
    (found,) = lint(source.replace("@cache\n", ""), tmp_path)
    assert [entry.label for entry in found.entry_points] == ["GET /a", "GET /c", "GET /b"]


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("make().connect()", Severity.ERROR),
        ("one = make()\n    try:\n        one.connect()\n    finally:\n        one.dispose()", Severity.WARNING),
        ("engine = make()\n    engine.connect().close()", Severity.ERROR),
    ],
)
def test_a_pool_that_is_closed_leaves_nothing(body: str, severity: Severity, tmp_path: Path) -> None:
    made = "from sqlalchemy import create_engine\ndef make():\n    return create_engine('postgresql://db/shop')\n"
    (found,) = lint(f"{made}@app.get('/a')\ndef a():\n    {body}\n", tmp_path, "FAL203")
    assert found.severity is severity
    other = "@app.get('/b')\ndef b():\n    make().connect()\n"
    (found,) = lint(f"{made}@app.get('/a')\ndef a():\n    {body}\n{other}", tmp_path, "FAL203")
    assert found.severity is Severity.ERROR


def test_what_only_websockets_make_is_made_for_each_connection(tmp_path: Path) -> None:
    source = (
        "def make():\n    return httpx.Client()\n"
        "@app.websocket('/a')\nasync def a(ws):\n    make()\n@app.websocket('/b')\nasync def b(ws):\n    make()\n"
    )
    (found,) = lint(source, tmp_path)
    assert "is created for each websocket connection (2 entry points lead here)" in found.message
    (found,) = lint(source + "@app.get('/c')\ndef c():\n    make()\n", tmp_path)
    assert "is created for each request (3 entry points lead here)" in found.message


def test_the_way_leads_through_the_object_of_the_request_not_through_one_that_lasts(tmp_path: Path) -> None:
    source = """
from fastapi.responses import StreamingResponse

class Proxy:
    def __init__(self):
        self._ready = False
        self._client = None
    async def start(self):
        if not self._ready:
            self._client = httpx.AsyncClient()
            self._ready = True
    async def chat(self):
        if not self._client:
            await self.start()
        return await self._client.get("https://example.org")
    async def stream(self):
        if not self._client:
            await self.start()
        yield b""

proxy = Proxy()

@app.post("/chat")
async def chat(stream: bool = False):
    if stream:
        return StreamingResponse(proxy.stream())
    return await proxy.chat()

@app.post("/test")
async def test():
    return await Proxy().chat()
"""
    (found,) = lint(source, tmp_path)
    assert "entry points" not in found.message
    assert [entry.label for entry in found.entry_points] == ["POST /test"]
    assert [hop.text for hop in found.chain] == [
        "route `POST /test` enters here",
        "`test` runs `Proxy.chat`",
        "`Proxy.chat` runs `Proxy.start`",
    ]


TABLE = """
async def extract():
    pass
async def cluster():
    httpx.AsyncClient()
class Runner:
    def __init__(self):
        self.steps = {"extract": extract, "cluster": cluster}
    async def run(self, name: str):
        await self.steps[name]()
runner = Runner()
@app.post("/extract")
async def extract_all():
    await runner.run("extract")
@app.post("/cluster")
async def cluster_all():
    await runner.run("cluster")
"""
KEPT = """
class Service:
    def __init__(self, session=None):
        self.session = session
        self.made = None
    def client(self):
        if self.made is None:
            self.made = httpx.Client()
        return self.made
_service = None
def get_service(session=None):
    global _service
    if session is not None:
        return Service(session)
    if _service is None:
        _service = Service()
    return _service
@app.get("/kept")
def kept():
    get_service().client()
@app.get("/made")
def made(session=Header()):
    get_service(session=str(session)).client()
"""


@pytest.mark.parametrize(("source", "label"), [(TABLE, "POST /cluster"), (KEPT, "GET /made")])
def test_who_passes_what_leads_elsewhere_is_not_counted(source: str, label: str, tmp_path: Path) -> None:
    (found,) = lint(source, tmp_path)
    assert [one.label for one in found.entry_points] == [label]
    assert "entry points" not in found.message


def test_an_answer_that_is_stored_anew_leads_there(tmp_path: Path) -> None:
    source = """
async def ask() -> list[dict]:
    return (await httpx.AsyncClient().get("https://x.example")).json()
@app.get("/asked")
async def asked():
    return await ask()
@app.post("/renewed")
async def renewed(request: Request):
    request.app.state.found = await ask()
@app.get("/kept")
async def kept(request: Request):
    if not hasattr(request.app.state, "found"):
        request.app.state.found = await ask()
"""
    (found,) = lint(source, tmp_path)
    assert [one.label for one in found.entry_points] == ["GET /asked", "POST /renewed"]


ROWS = """
from pydantic import create_model
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
sessions = async_sessionmaker()
async def get_session():
    async with sessions() as session:
        yield session
class Repository:
    def __init__(self, session: AsyncSession = Depends(get_session)):
        self.session = session
    async def all(self):
        return list(await self.session.scalars(select(1)))
async def fields(session: AsyncSession = Depends(get_session)):
    return list(await session.scalars(select(1)))
async def kept(repository: Repository = Depends(Repository)):
    return await repository.all()
async def written():
    return ["name"]
@app.get("/")
async def index(session: AsyncSession = Depends(get_session), found=Depends({source})):
    create_model("Fields", **{{name: (str, ...) for name in found}})
    await session.commit()
"""


@pytest.mark.parametrize(
    ("source", "severity"), [("fields", Severity.INFO), ("kept", Severity.INFO), ("written", Severity.WARNING)]
)
def test_a_model_of_rows_cannot_be_made_once(source: str, severity: Severity, tmp_path: Path) -> None:
    (found,) = lint(ROWS.format(source=source), tmp_path, "FAL205")
    assert found.severity is severity
    assert ("comes with the request" in found.message) is (severity is Severity.INFO)
