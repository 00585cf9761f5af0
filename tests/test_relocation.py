"""Comments, blank lines and layout move what was found; nothing is linked again, and nothing else is found."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, CheckResult, check

APP = """
from fastapi import FastAPI

from shop import prices, stock

app = FastAPI()


@app.get("/{name}")
async def route(name: str):
    left = stock.left(name)
    return {"left": left, "price": prices.of(name)}
"""
STOCK = """
import time

import requests

seen = []


def left(name):
    seen.append(name)
    time.sleep(1)
    return requests.get(f"https://stock.example/{name}", timeout=3).json()
"""
PRICES = """
def of(name):
    with open(name) as file:
        return file.read()
"""
RACE = """
import asyncio

from fastapi import FastAPI

app = FastAPI()
sold = 0


@app.post("/")
async def sell():
    global sold
    before = sold
    await asyncio.sleep(0)
    sold = before + 1
"""
LAYOUTS = {
    "lines above": lambda text: "# why\n\n\n" + text,
    "comments at the ends": lambda text: text.replace(")\n", ")  # why\n"),
    "lines between": lambda text: text.replace("\n    ", "\n\n    "),
    "docstrings": lambda text: '"""What this is."""\n' + text.replace("):\n    ", '):\n    """Why."""\n    '),
    "parentheses": lambda text: text.replace("time.sleep(1)", "(\n        time.sleep(1)\n    )"),
    "lines in a call": lambda text: text.replace("(f", "(\n        f").replace(
        ", timeout=3", ",\n        timeout=3,\n    "
    ),
    "other line ends": lambda text: text.replace("\n", "\r\n"),
    "comment that silences": lambda text: text.replace("sleep(1)", "sleep(1)  # noqa: FAL101"),
    "comment that silences nothing": lambda text: text.replace("import time", "import time  # noqa: FAL101"),
}


def lint(root: Path) -> CheckResult:
    settings = load_settings([root], root, isolated=True, overrides={"select": ("ALL",)})
    return check(CheckRequest((root,), settings, root))


def cold(root: Path) -> CheckResult:
    shutil.rmtree(root / ".fastapi_lint_cache")
    return lint(root)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text.encode())


def no_linking(*_: object) -> None:
    raise AssertionError("linked again")


SHOP = {"app.py": APP, "shop/__init__.py": "", "shop/stock.py": STOCK, "shop/prices.py": PRICES}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("changed", [("shop/stock.py",), ("app.py",), tuple(SHOP)])
def test_what_was_found_is_found_in_its_new_place(
    layout: str, changed: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, SHOP)
    before = lint(tmp_path)
    assert {d.code for d in before.diagnostics} >= {"FAL101", "FAL102", "FAL104", "FAL301"}
    write(tmp_path, {name: LAYOUTS[layout](SHOP[name]) for name in changed})
    with monkeypatch.context() as patched:
        patched.setattr("fastapi_lint.analysis.Project", no_linking)
        now = lint(tmp_path)
        again = lint(tmp_path)
    fresh = cold(tmp_path)
    assert now.internal_errors == ()
    assert now.diagnostics == again.diagnostics == fresh.diagnostics


@pytest.mark.parametrize(
    "text",
    [
        STOCK.replace("sleep(1)", "sleep(2)"),
        STOCK.replace("time.sleep(1)", "pass"),
        STOCK.replace("    seen.append(name)\n", ""),
        STOCK + "\nseen.clear()\n",
    ],
)
def test_other_code_is_linked_again(text: str, tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    lint(tmp_path)
    write(tmp_path, {"shop/stock.py": "# moved\n" + text})
    now = lint(tmp_path)
    assert now.diagnostics == cold(tmp_path).diagnostics


def test_a_file_that_is_new_or_gone_is_linked(tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    lint(tmp_path)
    write(tmp_path, {"more.py": STOCK})
    assert lint(tmp_path).diagnostics == cold(tmp_path).diagnostics
    (tmp_path / "shop" / "stock.py").unlink()
    assert lint(tmp_path).diagnostics == cold(tmp_path).diagnostics


def test_a_message_that_names_a_line_names_the_new_one(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": RACE})
    (before,) = [d for d in lint(tmp_path).diagnostics if d.code == "FAL303"]
    assert "line 14" in before.message
    write(tmp_path, {"app.py": "\n\n" + RACE})
    (now,) = [d for d in lint(tmp_path).diagnostics if d.code == "FAL303"]
    assert "line 16" in now.message


def test_a_file_that_does_not_parse_is_told_of_again(tmp_path: Path) -> None:
    write(tmp_path, {**SHOP, "broken.py": "def ("})
    lint(tmp_path)
    write(tmp_path, {"app.py": "\n" + APP})
    now = lint(tmp_path)
    assert "FAL001" in {d.code for d in now.diagnostics}
    assert now.diagnostics == cold(tmp_path).diagnostics
    write(tmp_path, {"broken.py": "\ndef ("})
    assert lint(tmp_path).diagnostics == cold(tmp_path).diagnostics


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM facts",
        "UPDATE facts SET data = x'00'",
        "UPDATE facts SET shape = x'00'",
        "UPDATE states SET digests = x'00'",
        "DELETE FROM analyses",
    ],
)
def test_what_is_kept_may_be_lost(loss: str, tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    lint(tmp_path)
    with sqlite3.connect(tmp_path / ".fastapi_lint_cache" / "facts.sqlite") as connection:
        connection.execute(loss)
    connection.close()
    write(tmp_path, {"app.py": "\n\n" + APP})
    now = lint(tmp_path)
    assert now.internal_errors == ()
    assert now.diagnostics == cold(tmp_path).diagnostics
