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


LEFT = """\
from dataclasses import dataclass
@dataclass
class Swap:
    name: str
    days: int | None = None
async def launch(swap: Swap):
    time.sleep(1)
async def apply(swap: Swap):
    if {test}:
        await launch(swap)
async def make(name: str) -> Swap | None:
    if name:
        return Swap({made})
    return None
@app.patch("/near")
async def near(name: str):
    swap = await make(name)
    if swap:
        await apply(swap)
async def far():
    for swap in [Swap("x", days=3)]:
        await apply(swap)
@app.post("/far")
async def further():
    await far()
"""


@pytest.mark.parametrize(
    ("test", "made", "label"),
    [
        ("swap.days", "name=name", "POST /far"),
        ("swap.days is not None and swap.name", "name=name", "POST /far"),
        ("swap.days", "name=name, days=1", "PATCH /near"),
        ("swap.days or swap.name", "name=name", "PATCH /near"),
        ("swap.name", "name=name", "PATCH /near"),
        ("not swap.days", "name=name", "PATCH /near"),
    ],
)
def test_a_call_further_up_leaves_a_field_out(tmp_path: Path, test: str, made: str, label: str) -> None:
    assert named(tmp_path, LEFT.format(test=test, made=made)) == [[label]]


def test_no_way_is_no_entry(tmp_path: Path) -> None:
    body = (
        'async def work(values: dict):\n    if "wait" in values:\n        await pause()\n'
        "async def pause():\n    time.sleep(1)\n"
        '@app.get("/role")\nasync def role(name: str):\n    await work({"role": name})\n'
    )
    assert named(tmp_path, body) == [[]]


FLAG = """\
async def remember(data: str, plan: bool | str = False, **options):
    if {first}:
        plan = "sort"
    if plan == "sort":
        {ends}
    if plan:
        time.sleep(1)
@app.post("/remember")
async def post(data: str, short: bool, plan: bool):
    await remember(data, **({{{given}: 1}} if short else {{}}))
@app.post("/plan")
async def plan(data: str, plan: bool):
    await remember(data, plan)
"""


@pytest.mark.parametrize(
    ("first", "ends", "given", "labels"),
    [
        ("plan is False and data", "return", "'limit'", ["POST /plan"]),
        ("data", "raise ValueError", "'limit'", ["POST /plan"]),
        ("plan is False and data", "print(plan)", "'limit'", ["POST /remember", "POST /plan"]),
        ("plan is False and data", "return", "'plan'", ["POST /remember"]),
        ("plan is False and data", "return", "data", ["POST /remember"]),
    ],
)
def test_a_flag_is_left_at_its_default(tmp_path: Path, first: str, ends: str, given: str, labels: list[str]) -> None:
    assert named(tmp_path, FLAG.format(first=first, ends=ends, given=given)) == [labels]


UNDONE = """\
import contextlib
class Undo(Exception): ...
class Work:
    def __init__(self, dry: bool = False):
        self.dry = dry
    async def run(self):
        try:
            {block}:
                print()
                if self.dry:
                    {leaves}
        except Undo:
            pass
        else:
            time.sleep(1)
async def start(dry: bool = False):
    await Work(dry=dry).run()
@app.post("/dry")
async def dry():
    await start(dry=True)
@app.post("/wet")
async def wet():
    await start()
"""


@pytest.mark.parametrize(
    ("block", "leaves", "labels"),
    [
        ("with contextlib.nullcontext()", "raise Undo", ["POST /wet"]),
        ("async with asyncio.Lock()", "raise Undo", ["POST /wet"]),
        ("with open('x'), open('y')", "return", ["POST /wet"]),
        ("async with asyncio.Lock()", "print()", ["POST /dry", "POST /wet"]),
        ("with contextlib.suppress(Undo)", "raise Undo", ["POST /dry", "POST /wet"]),
        ("for _ in range(2)", "break", ["POST /dry", "POST /wet"]),
    ],
)
def test_the_else_of_a_try_is_behind_what_leaves_it(tmp_path: Path, block: str, leaves: str, labels: list[str]) -> None:
    assert named(tmp_path, UNDONE.format(block=block, leaves=leaves)) == [labels]
