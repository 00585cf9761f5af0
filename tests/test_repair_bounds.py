"""Cached functions get a bound where nobody can tell what is computed again from what was kept."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, fixed_to_the_end

APP = """\
{imports}
from fastapi import FastAPI

app = FastAPI()


@{decorator}
def slug(title: str){returns}:
    return {value}


@app.get("/slug")
async def get_slug(title: str):
    return slug(title)
"""


def app(imports: str, decorator: str, returns: str = " -> str", value: str = "title.lower()") -> str:
    return APP.format(imports=imports, decorator=decorator, returns=returns, value=value)


@pytest.mark.parametrize(
    ("imports", "decorator", "after_imports", "after"),
    [
        ("from functools import cache\n", "cache", "from functools import lru_cache\n", "lru_cache(maxsize=1024)"),
        ("import functools\n", "functools.cache", "import functools\n", "functools.lru_cache(maxsize=1024)"),
        ("import functools as f\n", "f.cache", "import functools as f\n", "f.lru_cache(maxsize=1024)"),
        *[
            ("from functools import lru_cache\n", before, "from functools import lru_cache\n", after)
            for before, after in [
                ("lru_cache(maxsize=None)", "lru_cache(maxsize=1024)"),
                ("lru_cache(None)", "lru_cache(1024)"),
                ("lru_cache(typed=True, maxsize=None)", "lru_cache(typed=True, maxsize=1024)"),
            ]
        ],
    ],
)
def test_a_bound(imports: str, decorator: str, after_imports: str, after: str) -> None:
    assert fixed_to_the_end(app(imports, decorator), ["FAL304"]) == app(after_imports, after)


@pytest.mark.parametrize(
    ("returns", "value"),
    [
        ("", "[title]"),
        (" -> list[str]", "[title]"),
        (" -> dict[str, int]", "{}"),
        ("", "asyncio.Lock()"),
        ("", "open(title)"),
        ("", "unknown(title)"),
        (" -> tuple[str, list[str]]", "(title, [])"),
    ],
)
def test_results_that_are_told_apart(returns: str, value: str) -> None:
    imports = "import asyncio\nfrom functools import cache\n\nfrom elsewhere import unknown\n"
    repaired = Repaired({"app.py": app(imports, "cache", returns, value)}, ["FAL304"])
    assert [fix for _, _, fix in repaired.found] == [None]
