"""What the lifespan makes is closed at its end; what outlives the application is not."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, fixed_to_the_end

APP = """\
from contextlib import asynccontextmanager

import aiomysql
import httpx
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine
{module}

@asynccontextmanager
async def lifespan(app: FastAPI):
{body}

app = FastAPI(lifespan=lifespan)
"""
CLIENT = "app.state.client = httpx.AsyncClient()"


def app(body: str, module: str = "") -> str:
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())
    return APP.format(body=lines, module=f"\n{module}\n" if module else "")


CLOSED = {
    "after the yield": (f"{CLIENT}\nyield", f"{CLIENT}\nyield\nawait app.state.client.aclose()"),
    "behind all else": (
        f"{CLIENT}\nyield  # runs\nprint('bye')  # done\n# end",
        f"{CLIENT}\nyield  # runs\nprint('bye')  # done\nawait app.state.client.aclose()\n# end",
    ),
    "in the finally": (
        f"{CLIENT}\ntry:\n    yield\nfinally:\n    print('bye')",
        f"{CLIENT}\ntry:\n    yield\nfinally:\n    print('bye')\n    await app.state.client.aclose()",
    ),
    "behind a with": (
        "client: httpx.AsyncClient = httpx.AsyncClient()\nasync with other() as x:\n    yield {'client': client}",
        "client: httpx.AsyncClient = httpx.AsyncClient()\nasync with other() as x:\n    yield {'client': client}\n"
        "await client.aclose()",
    ),
    "inside of a with": (
        f"async with other() as x:\n    {CLIENT}\n    yield\nprint(1)",
        f"async with other() as x:\n    {CLIENT}\n    yield\n    await app.state.client.aclose()\nprint(1)",
    ),
}
LEFT = {
    "on a condition": f"if app.debug:\n    {CLIENT}\nyield",
    "inside of the try": f"try:\n    {CLIENT}\n    yield\nfinally:\n    print('bye')",
    "in a handler": f"{CLIENT}\ntry:\n    yield\nexcept ValueError:\n    print('bye')",
    "yield on a condition": f"{CLIENT}\nif app.debug:\n    yield\nelse:\n    print('bye')\n    yield",
    "return": f"{CLIENT}\nyield\nif app.debug:\n    return\nprint('bye')",
    "taken away": f"{CLIENT}\nyield\napp.state.client = None",
    "given away": "app.state.client, x = httpx.AsyncClient(), 1\nyield",
    "closed in two steps": "app.state.pool = await aiomysql.create_pool()\nyield",
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed(name: str) -> None:
    before, after = CLOSED[name]
    assert fixed_to_the_end(app(before), ["FAL207"]) == app(after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    assert Repaired({"app.py": app(LEFT[name])}, ["FAL207"]).fixes == []


ENGINE = 'engine = create_async_engine("postgresql+asyncpg://db/shop")'


@pytest.mark.parametrize(
    ("module", "closer"), [(ENGINE, "await engine.dispose()"), ("cache = Redis()", "await cache.aclose()")]
)
def test_objects_of_the_module_that_open_again(module: str, closer: str) -> None:
    assert fixed_to_the_end(app("yield", module), ["FAL207"]) == app(f"yield\n{closer}", module)


@pytest.mark.parametrize(
    "module",
    [
        "client = httpx.AsyncClient()",
        'engine = create_async_engine("sqlite+aiosqlite://")',
        f"{ENGINE}\nengine = engine.execution_options(echo=True)",
        f"if True:\n    {ENGINE}",
    ],
)
def test_objects_of_the_module_that_stay(module: str) -> None:
    assert Repaired({"app.py": app("yield", module)}, ["FAL207"]).fixes == []


def test_only_the_lifespan_of_all() -> None:
    other = (
        "from fastapi import FastAPI\n\nasync def start(app: FastAPI):\n    yield\n\nother = FastAPI(lifespan=start)\n"
    )
    assert Repaired({"app.py": app("yield", ENGINE), "other.py": other}, ["FAL207"]).fixes == []


def test_a_name_of_its_own_hides_the_one_of_the_module() -> None:
    assert Repaired({"app.py": app("engine = app.state\nyield", ENGINE)}, ["FAL207"]).fixes == []
