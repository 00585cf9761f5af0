"""Which entry points are named: those from which a request gets to the place, for what is passed on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.testing import run_case

HEAD = "import asyncio, time\nfrom fastapi import FastAPI\napp = FastAPI()\n"


def named(tmp_path: Path, body: str, code: str = "FAL101") -> list[list[str]]:
    """The entry points of all diagnostics, by the places of these."""
    case = tmp_path / "case.py"
    case.write_text(HEAD + body)
    return [[entry.label for entry in found.entry_points] for found in run_case(case, (code,)).diagnostics]


KEPT = """\
def is_able() -> bool: ...
async def replace(): time.sleep(1)
async def insert(name: str, renew: bool = True):
    use = {use}
    if use:
        await replace()
async def load(name: str, renew: bool):
    await insert(name, renew)
@app.post("/new")
async def new(name: str):
    await load(name, renew=False)
@app.post("/again")
async def again(name: str, renew: bool):
    await load(name, {given})
"""
CAPTURED = KEPT.replace(
    "    if use:\n        await replace()\n",
    "    async def write():\n        if {test}:\n            await replace()\n    await write()\n",
)


@pytest.mark.parametrize("given", ["renew", "True"])
@pytest.mark.parametrize("use", ["is_able() and renew", "renew and is_able()", "is_able() and renew is True"])
def test_a_name_keeps_what_a_caller_decides(tmp_path: Path, use: str, given: str) -> None:
    assert named(tmp_path, KEPT.format(use=use, given=given)) == [["POST /again"]]


@pytest.mark.parametrize("test", ["use", "use and name", "not (not use)"])
@pytest.mark.parametrize("use", ["is_able() and renew", "renew"])
def test_a_function_inside_asks_for_it(tmp_path: Path, use: str, test: str) -> None:
    assert named(tmp_path, CAPTURED.format(use=use, given="renew", test=test)) == [["POST /again"]]


@pytest.mark.parametrize(
    ("use", "test"),
    [
        ("is_able() or renew", "use"),
        ("is_able() and not renew", "use"),
        ("is_able() and renew", "not use"),
        ("is_able() and renew\n    if name: use = True", "use"),
        ("renew\n    def turn():\n        nonlocal use\n        use = True\n    turn()", "use"),
    ],
)
def test_what_may_be_otherwise_leaves_both(tmp_path: Path, use: str, test: str) -> None:
    assert named(tmp_path, CAPTURED.format(use=use, given="renew", test=test)) == [["POST /new"]]
