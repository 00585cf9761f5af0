"""Fixed code is run: it gives the same results, in the same order of evaluation, and raises the same exceptions."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from repair_cases import fixed_to_the_end

MODULE = """\
import asyncio
import time
from fastapi import FastAPI

app = FastAPI()


def slow(x):
    time.sleep(0.011)
    log.append(("slow", x))
    if x == "bad":
        raise LookupError(x)
    return x


def quick(x):
    log.append(("quick", x))
    return x


class Box:
    def __init__(self, x=1):
        self.x = x

    @property
    def slow(self):
        time.sleep(0.011)
        log.append(("property", self.x))
        return self.x

    def get(self, *args, **kwargs):
        time.sleep(0.011)
        log.append(("get", args, kwargs))
        return Box(self.x + 1)


async def ready(x):
    log.append(("ready", x))
    return x


@app.get("/")
async def route():
    await ready(0)
    BODY
"""

BODIES = (
    "return quick(1), slow(2), quick(3)",
    "return quick(slow(quick(1))) + slow(2)",
    "return slow(quick(2)) ** slow(3) - -slow(1)",
    "return slow(0) or slow(0) or slow(3)",
    "return slow(1) if slow(0) else slow(2)",
    "return slow(1) < slow(2) < slow(1) < slow(5)",
    "return [slow(x) for x in (3, 2) if slow(x) > 2]",
    "return {slow(k): slow(v) for k, v in [(1, 2)]}",
    "return (y := slow(4)) + y",
    "a, *b = slow([1, 2, 3])\n    return a, b",
    "return f'{slow(1)!r:>{slow(4)}}'",
    "return quick(*slow([1]))",
    "return dict(**slow({'a': 1}), b=slow(2))",
    "x = {}\n    x[quick(1)] = slow(2)\n    return x",
    "x = 1\n    x += slow(2)\n    return x",
    "try:\n        return slow('bad')\n    except LookupError as e:\n        return repr(e), slow(1)",
    "try:\n        slow(1)\n    finally:\n        slow(2)",
    "return Box(slow(1)).get(quick(2), k=quick(3)).get(4).x",
    "return await ready(slow(await ready(slow(1))))",
    "assert slow(1), slow(2)\n    return slow(3)",
    "for x in slow([1, 2]):\n        if slow(x) > 1:\n            break\n    else:\n        return slow(9)",
    "while slow(0):\n        pass\n    else:\n        return slow(1)",
    "time.sleep(0.001)\n    return time.sleep(0.001) is None",
    "return (lambda x=1: x)() + slow(1)",
    "def inner():\n        return slow(1)\n    return inner() + quick(inner())",
    "match slow(2):\n        case 1 | 2 if slow(1):\n            return 'x'",
    "raise ValueError(slow(1)) from LookupError(slow(2))",
    "return slow(x=slow(1))",
    "return max(slow(1), slow(2), key=slow)",
    "return sorted([2, 1], key=slow)",
    "return [*slow([1]), *[slow(y) for y in slow([2])]]",
    "return slow([1, 2, 3])[slow(0) : slow(2)]",
    "return not slow(1), ~slow(1)",
    "import os\n    name = os.path.abspath(os.curdir)\n    with open(__file__) as f:\n        data = f.readline()\n    return data, name",
    "with open(__file__) as f:\n        return f.readline()",
    "return open(__file__).read(6)",
    "try:\n        with open('/nowhere/at/all') as f:\n            data = f.read()\n    except OSError as e:\n        return type(e)",
)


def _run(text: str) -> tuple[Any, list[Any]]:
    log: list[Any] = []
    space = {"log": log, "__file__": __file__, "__name__": "app"}
    exec(compile(text, "app.py", "exec", dont_inherit=True), space)
    route: Any = space["route"]
    try:
        return asyncio.run(route()), log
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return repr((error, error.__cause__)), log


@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("body", BODIES)
def test_runs_alike(body: str) -> None:
    text = MODULE.replace("BODY", body)
    fixed = fixed_to_the_end(text, ("FAL101", "FAL104"))
    assert fixed != text
    assert _run(fixed) == _run(text)


def test_runs_in_a_thread() -> None:
    """So that the test above tells something."""
    text = MODULE.replace("BODY", "return slow(1)").replace('("slow", x)', "threading.current_thread().name")
    threads = {
        name for name in _run("import threading\n" + fixed_to_the_end(text, ("FAL101",)))[1] if "ready" not in name
    }
    assert threads
    assert threading.current_thread().name not in threads
