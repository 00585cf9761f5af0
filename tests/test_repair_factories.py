"""What is made for each request from constants is made once, by a cached function, or left alone."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, fixed_to_the_end

CODES = ["FAL201", "FAL202", "FAL203", "FAL204", "FAL205", "FAL210"]
HEAD = """\
import os
import ssl

import boto3
import httpx
from fastapi import FastAPI
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
URL = "postgresql://db/shop"
HEADERS = {}


class Item(BaseModel):
    name: str


"""


def fixed(body: str, head: str = HEAD) -> str:
    result = fixed_to_the_end(head + body, CODES)
    return result.removeprefix(head) if result.startswith(head) else result


def untouched(body: str, head: str = HEAD) -> bool:
    repaired = Repaired({"app.py": head + body}, CODES)
    assert repaired.found, "nothing is reported, so nothing is proven"
    return not repaired.fixes


def test_a_client_is_made_once() -> None:
    result = fixed('@app.get("/")\ndef ask(q: str):\n    client = OpenAI(timeout=5)\n    return client.models.list()\n')
    assert "from functools import cache\n" in result
    assert result.endswith(
        "class Item(BaseModel):\n    name: str\n\n\n"
        "@cache\ndef get_client():\n    return OpenAI(timeout=5)\n\n\n"
        '@app.get("/")\ndef ask(q: str):\n    client = get_client()\n    return client.models.list()\n'
    )


@pytest.mark.parametrize(
    "made",
    [
        "create_engine(URL, pool_size=5)",
        'create_engine(f"{URL}?x=1")',
        'create_engine("postgresql://" + "db")',
        "create_engine(\n        URL,\n        echo=True,\n    )",
    ],
)
def test_engines_with_constant_arguments(made: str) -> None:
    body = f'@app.get("/")\ndef rows():\n    engine = {made}\n    with Session(engine) as session:\n        return session.execute(text("x")).all()\n'
    result = fixed(body)
    assert "@cache\ndef get_engine():\n    return create_engine(" in result
    assert "    engine = get_engine()\n    with Session(engine) as session:\n" in result


def test_who_makes_the_same_gets_the_same() -> None:
    route = '@app.get("/{0}")\ndef {0}(n: str):\n    return TypeAdapter(list[Item]).validate_json(n)\n\n\n'
    result = fixed(route.format("one") + route.format("two") + "x = 1\n")
    assert result.count("@cache") == 1
    assert result.count("return get_type_adapter().validate_json(n)") == 2


def test_who_makes_something_else_gets_another() -> None:
    result = fixed(
        '@app.get("/a")\ndef a(n: str):\n    return TypeAdapter(list[int]).validate_json(n)\n\n\n'
        '@app.get("/b")\ndef b(n: str):\n    return TypeAdapter(list[str]).validate_json(n)\n'
    )
    assert "def get_type_adapter():\n    return TypeAdapter(list[int])\n" in result
    assert "def get_type_adapter_2():\n    return TypeAdapter(list[str])\n" in result


def test_a_method_gets_a_function_before_its_class_and_annotations_where_there_are_some() -> None:
    result = fixed(
        "# The bot.\nclass Bot:\n    def ask(self, q: str) -> str:\n        return OpenAI().responses.create(input=q)\n\n\n"
        '@app.get("/")\ndef ask(q: str) -> str:\n    return Bot().ask(q)\n'
    )
    assert "@cache\ndef get_open_ai() -> OpenAI:\n    return OpenAI()\n\n\n# The bot.\nclass Bot:\n" in result
    assert "        return get_open_ai().responses.create(input=q)\n" in result


def test_contexts_of_tls_are_shared_and_clients_are_not() -> None:
    result = fixed(
        '@app.get("/")\nasync def ask():\n    tls = ssl.create_default_context()\n'
        "    async with httpx.AsyncClient(verify=tls) as client:\n        return (await client.get(URL)).text\n"
    )
    assert "@cache\ndef get_tls():\n    return ssl.create_default_context()\n" in result
    assert "    tls = get_tls()\n    async with httpx.AsyncClient(verify=tls) as client:\n" in result


@pytest.mark.parametrize(
    "body",
    [
        "def f(q: str):\n    client = OpenAI(api_key=q)\n    return client.models.list()",
        "def f():\n    name = 'x'\n    client = OpenAI(api_key=name)\n    return client.models.list()",
        "def f():\n    client = OpenAI(default_headers=HEADERS)\n    return client.models.list()",
        'def f():\n    client = OpenAI(api_key=os.environ["KEY"])\n    return client.models.list()',
        "def f():\n    with OpenAI() as client:\n        return client.models.list()",
        "def f():\n    client = OpenAI()\n    client.timeout = 3\n    return client.models.list()",
        "def f():\n    client = OpenAI()\n    found = client.models.list()\n    client.close()\n    return found",
        "def f():\n    client = OpenAI()\n    return keep(client)\n\n\ndef keep(client):\n    client.close()",
        "def f(other: bool):\n    client = OpenAI()\n    if other:\n        client = OpenAI(timeout=3)\n    return client.models.list()",
        "async def f():\n    client = AsyncOpenAI()\n    return await client.models.list()",
        "async def f():\n    async with httpx.AsyncClient() as client:\n        return (await client.get(URL)).text",
        'def f():\n    client = boto3.client("s3")\n    client.meta.events.register("before-call", print)\n    return client.list_buckets()',
        'def f():\n    engine = create_engine("sqlite://")\n    return engine.connect()',
        'def f():\n    engine = create_engine("sqlite:///:memory:")\n    return engine.connect()',
        "def f():\n    engine = create_engine(URL)\n    engine.dispose()",
        'def f():\n    engine = create_engine(URL)\n    event.listen(engine, "connect", print)\n    return engine.connect()',
        "def f():\n    engine = create_engine(URL)\n    return engine",
        "def f():\n    ctx = ssl.create_default_context()\n    ctx.check_hostname = False\n    return httpx.get(URL, verify=ctx).text",
        "def f():\n    ctx = ssl.create_default_context()\n    ctx.load_verify_locations(URL)\n    return httpx.get(URL, verify=ctx).text",
        "def f():\n    from typing import Any\n    return TypeAdapter(list[Any]).validate_python([])",
        "def f():\n    class Own(BaseModel):\n        x: int = 1\n    return TypeAdapter(Own).validate_python({})",
        "def f():\n    return [TypeAdapter(kind).validate_python(1) for kind in (int, str)]",
    ],
)  # fmt: skip
def test_what_is_left_alone(body: str) -> None:
    assert untouched(f'@app.get("/")\n{body}\n')


def test_what_another_cached_function_gives_is_constant() -> None:
    source = (
        "from functools import cache\n\n\n@cache\ndef get_http():\n    return httpx.Client(timeout=5)\n\n\n"
        '@app.get("/")\ndef models():\n    client = OpenAI(http_client=get_http())\n    return client.models.list()\n'
    )
    assert "@cache\ndef get_client():\n    return OpenAI(http_client=get_http())\n" in fixed(source)
    assert untouched(source.replace("@cache\n", ""))


def test_variables_that_change_are_no_constants() -> None:
    head = HEAD.replace(
        'URL = "postgresql://db/shop"\n', 'URL = "postgresql://db/shop"\nif os.name == "nt":\n    URL = "x"\n'
    )
    assert untouched('@app.get("/")\ndef f():\n    engine = create_engine(URL)\n    return engine.connect()\n', head)
    body = '@app.get("/")\ndef f():\n    engine = create_engine(URL)\n    return engine.connect()\n\n\ndef g():\n    global URL\n    URL = "y"\n'
    assert untouched(body)


@pytest.mark.parametrize(("url", "is_fixed"), [("sqlite://", False), ("sqlite:///shop.db", True)])
def test_where_the_database_is_may_be_said_by_another_module(url: str, is_fixed: bool) -> None:
    files = {
        "places.py": f'URL = "{url}"\n',
        "settings.py": "from places import URL as WHERE\n",
        "app.py": "from fastapi import FastAPI\nfrom settings import WHERE\nfrom sqlalchemy import create_engine\n\n"
        'app = FastAPI()\n\n\n@app.get("/")\ndef f():\n    engine = create_engine(WHERE)\n    return engine.connect()\n',
    }
    ((_, _, fix),) = Repaired(files, CODES).found
    assert (fix is not None) is is_fixed


def test_settings_of_another_module() -> None:
    files = {
        "settings.py": "class Settings:\n    def __init__(self):\n        self.url = 'postgresql://db'\n\n\nsettings = Settings()\n",
        "app.py": "from fastapi import FastAPI\nfrom settings import settings\nfrom sqlalchemy import create_engine\n\n"
        'app = FastAPI()\n\n\n@app.get("/")\ndef f():\n    engine = create_engine(settings.url)\n    return engine.connect()\n',
    }
    (fix,) = Repaired(files, CODES).fixes
    assert "get_engine" in fix.message
    changed = {**files, "other.py": "from settings import settings\n\n\ndef g():\n    settings.url = 'other'\n"}
    assert Repaired(changed, CODES).fixes == []
