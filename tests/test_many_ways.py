"""What is written n times in a function does not take 2**n steps.

A statement that may rebind a name doubles the ways that lead to the name's first value. Each case repeats one so often
that a walk over all ways would not end; the test is that it ends, and that the blocking call behind is still reported.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, check

_TIMES = 40
_KINDS = ("str", "int", "Job", "dict", "list", "(str, int)")

STATEMENTS = {
    "narrowed": "if isinstance(x, {kind}):\n    print(x)",
    "narrowed in both branches": "if isinstance(x, {kind}):\n    y = x\nelse:\n    y = None\nx = y",
    "narrowed and asked": "if isinstance(x, {kind}) and x.name:\n    y = x.name",
    "narrowed twice": "if isinstance(x, Job) or isinstance(x, {kind}):\n    y = x",
    "narrowed by a walrus": "if (y := x) and isinstance(y, {kind}):\n    x = y",
    "None or not": "if x is not None:\n    print(x)",
    "filled": "if x is None:\n    x = SHARED.get('k{number}')",
    "alternative": "x = x or SHARED.get('k{number}')",
    "both": "x = x and x",
    "chosen": "x, y = (x if y else y), (y if x else x)",
    "exchanged": "if flag:\n    x, y = y, x",
    "pair": "x = (x, x)",
    "list": "x = [x, x]",
    "dict": "x = {{'a': x, 'b': x}}",
    "call": "x = first(x, x)",
    "constructor": "x = Job(x, x)",
    "attribute": "x.value = x",
    "item": "x = x[x]",
    "sum": "x = x + x",
    "text": "x = f'{{x}}{{x}}'",
    "loop": "for y in x:\n    if isinstance(y, {kind}):\n        x = y",
    "try": "try:\n    x = first(x, y)\nexcept ValueError:\n    x = y",
    "attribute asked": "if hasattr(x, 'a{number}'):\n    x = x.a{number}",
    "function asked": "if callable(x):\n    x = x()",
    "key": "if x in SHARED:\n    x = SHARED[x]",
    "prefix": "if x.startswith('p{number}'):\n    x = x[1:]",
    "named test": "y = x is None\nif y:\n    x = 'v'",
    "tests of tests": "y = not y\nflag = y if x else flag\nx = flag if y else x",
    "lambda": "x = lambda x=x: x",
    "default of getattr": "x = getattr(x, 'v', x)",
    "comprehension": "x = [x for x in x if x]",
}

_BEFORE = """\
import time
from fastapi import FastAPI

app = FastAPI()
SHARED = {}

class Job:
    name = ""

    def __init__(self, value=None, kind=None):
        self.value, self.kind = value, kind

    def get(self, key):
        return self.value

def first(one, other=None):
    if isinstance(one, str):
        return one
    return other
"""
_REST = """\
    Job(x, y).get(x)
    if x:
        time.sleep(1)
"""
_CALLS = """
@app.get("/helper")
async def helper(q: str):
    work("http://x")
    work(None, q)
    work(q, Job(), True)

class Kept:
    def __init__(self, x=None, y=None, flag=False):
{inner}
        self.x, self.y = x, y

    def go(self):
        if self.x:
            time.sleep(1)

KEPT = Kept("a")

@app.get("/kept")
async def kept(q: str):
    KEPT.go()
    Kept(q, Job()).go()
"""


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


def _program(statement: str) -> str:
    repeated = "\n".join(statement.format(kind=_KINDS[number % len(_KINDS)], number=number) for number in range(_TIMES))
    body = _indented(repeated, 4) + "\n" + _REST
    route = '\n@app.get("/route")\nasync def route(x: str, y: str = "", flag: bool = False):\n'
    helper = "\ndef work(x, y=None, flag=False):\n"
    return _BEFORE + route + body + helper + body + _CALLS.format(inner=_indented(repeated, 8))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_written_many_times_is_looked_at_as_often(name: str, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(_program(STATEMENTS[name]), encoding="utf-8")
    settings = load_settings([file], tmp_path, isolated=True, overrides={"cache": False})
    result = check(CheckRequest((file,), settings, tmp_path))
    assert not result.internal_errors
    slept = {d.location.row for d in result.diagnostics if d.code == "FAL101"}
    direct = file.read_text(encoding="utf-8").splitlines().index("        time.sleep(1)") + 1
    assert direct in slept
