"""Loops over dependencies become context managers."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, fixed_to_the_end

CODES = ["FAL209"]
HEAD = """\
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

app = FastAPI()
make = async_sessionmaker()


"""
GENERATOR = "async def get_db(echo=False):\n    async with make() as session:\n        yield session\n\n\n"
USE = '@app.get("/")\nasync def f(db=Depends(get_db)):\n    return 1\n'


def test_a_loop_becomes_a_context_manager() -> None:
    loop = "async def load():\n    async for db in get_db(echo=True):\n        return await db.scalar('x')\n\n\n"
    result = fixed_to_the_end(HEAD + GENERATOR + loop + USE, CODES)
    assert "from contextlib import asynccontextmanager\n" in result
    assert (
        "    async with asynccontextmanager(get_db)(echo=True) as db:\n        return await db.scalar('x')\n" in result
    )


@pytest.mark.parametrize(
    ("caught", "is_fixed"),
    [
        ("except ValueError:\n        await session.rollback()\n        raise", True),
        ("except ValueError:\n        await session.rollback()", False),
        ("except ValueError:\n        raise KeyError from None", False),
        ("finally:\n        await session.close()", True),
    ],
)
def test_what_the_generator_does_with_exceptions(caught: str, is_fixed: bool) -> None:
    generator = f"async def get_db():\n    session = make()\n    try:\n        yield session\n    {caught}\n    await session.close()\n\n\n"
    loop = "async def load():\n    async for db in get_db():\n        return await db.scalar('x')\n\n\n"
    (found,) = Repaired({"app.py": HEAD + generator + loop + USE}, CODES).found
    assert (found[2] is not None) is is_fixed


@pytest.mark.parametrize(
    "loop",
    [
        "    async for db in get_db():\n        if db:\n            break\n",
        "    async for db in get_db():\n        if db:\n            continue\n        return 1\n",
        "    async for db in get_db():\n        return 1\n    else:\n        return 2\n",
        "    db = await anext(get_db())\n    return db\n",
    ],
)
def test_what_stays(loop: str) -> None:
    (found,) = Repaired({"app.py": f"{HEAD}{GENERATOR}async def load():\n{loop}\n\n{USE}"}, CODES).found
    assert found[2] is None


def test_a_break_of_an_inner_loop_is_no_matter() -> None:
    loop = "async def load():\n    async for db in get_db():\n        for x in (1, 2):\n            break\n        return 1\n\n\n"
    (found,) = Repaired({"app.py": HEAD + GENERATOR + loop + USE}, CODES).found
    assert found[2] is not None
