"""Fixes import what they need and remove what they leave unused; everything else of the file stays as it is."""

from __future__ import annotations

import pytest
from repair_cases import Repaired, apply_one, fixed_to_the_end

SLEEP = ("FAL101",)
HTTP = ("FAL102",)

ADDED = {
    "before others of its kind": ("import time\n", "import asyncio\nimport time\n"),
    "between others": (
        "import abc\nimport os\nimport time\n",
        "import abc\nimport asyncio\nimport os\nimport time\n",
    ),
    "behind others": ("import abc\n", "import abc\nimport asyncio\n"),
    "before the from-imports": ("from os import path\n", "import asyncio\nfrom os import path\n"),
    "before libraries": ("import requests\n", "import asyncio\n\nimport requests\n"),
    "behind the docstring": (
        '"""Doc."""\n\nimport requests\n',
        '"""Doc."""\n\nimport asyncio\n\nimport requests\n',
    ),
    "behind future imports": (
        "from __future__ import annotations\n\nimport requests\n",
        "from __future__ import annotations\n\nimport asyncio\n\nimport requests\n",
    ),
    "alias that is there": ("import asyncio as aio\n", "import asyncio as aio\n"),
    "function that is there": ("from asyncio import to_thread\n", "from asyncio import to_thread\n"),
    "comment of an import": ("import requests  # http\n", "import asyncio\n\nimport requests  # http\n"),
    "two statements in a line": ("import os; import sys\n", "import asyncio\nimport os; import sys\n"),
    "shebang and cookie": (
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\nimport os\n",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\nimport asyncio\nimport os\n",
    ),
    "only for types": (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import asyncio\n",
        "import asyncio\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import asyncio\n",
    ),
    "something tried before": (
        "import os\n\ntry:\n    import orjson\nexcept ImportError:\n    orjson = None\n",
        "import asyncio\nimport os\n\ntry:\n    import orjson\nexcept ImportError:\n    orjson = None\n",
    ),
    "relative imports": ("from . import models\n", "import asyncio\n\nfrom . import models\n"),
}

ROUTE = """
import requests
from fastapi import FastAPI

app = FastAPI()


async def other(): ...


@app.get("/")
async def route(url: str):
    await other()
    return requests.get(url)
"""


@pytest.mark.parametrize("name", ADDED)
def test_added(name: str) -> None:
    before, after = ADDED[name]
    text = before + ROUTE
    (fix,) = Repaired({"app.py": text}, HTTP).fixes
    call = {"alias that is there": "aio.to_thread", "function that is there": "to_thread"}.get(
        name, "asyncio.to_thread"
    )
    assert apply_one(text, fix) == after + ROUTE.replace("requests.get(url)", f"await {call}(requests.get, url)")


REFUSED = {
    "parameter of that name": ROUTE.replace("url: str", "asyncio, url: str"),
    "local of that name": ROUTE.replace("    await other()", "    asyncio = await other()"),
    "function of that name": ROUTE + "\n\ndef asyncio(): ...\n",
    "other module of that name": ROUTE.replace("import requests", "import requests\nimport trio as asyncio"),
    "tried import": ROUTE.replace(
        "import requests", "import requests\ntry:\n    import asyncio\nexcept ImportError:\n    asyncio = None"
    ),
    "comprehension variable": ROUTE.replace("requests.get(url)", "[requests.get(url) for asyncio in [1]]"),
    "enclosing function's variable": """
import requests
from fastapi import FastAPI

app = FastAPI()


def make(asyncio):
    @app.get("/")
    async def route(url: str):
        await asyncio()
        return requests.get(url)
""",
    "rebound global": ROUTE.replace("import requests", "import asyncio\nimport requests")
    + "\n\ndef change():\n    global asyncio\n    asyncio = None\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    repaired = Repaired({"app.py": REFUSED[name]}, HTTP)
    assert repaired.found
    assert repaired.fixes == []


def test_a_module_of_the_project_has_the_name() -> None:
    files = {"app.py": ROUTE, "asyncio.py": "x = 1\n"}
    assert Repaired(files, HTTP).fixes == []


def test_an_import_of_the_function_counts() -> None:
    text = ROUTE.replace("    await other()", "    import asyncio\n\n    await other()")
    (fix,) = Repaired({"app.py": text}, HTTP).fixes
    assert apply_one(text, fix) == text.replace("requests.get(url)", "await asyncio.to_thread(requests.get, url)")


def test_an_import_behind_the_place_does_not_count() -> None:
    text = ROUTE.replace("return requests.get(url)", "x = requests.get(url)\n    import asyncio\n    return x")
    assert Repaired({"app.py": text}, HTTP).fixes == []


SLEEPER = """

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def route():
    time.sleep(1)
"""

REMOVED = {
    "only import": ("import time", "import asyncio"),
    "one of several": ("import os, time, sys", "import asyncio\nimport os, sys"),
    "first of a line": ("import time; import os", "import asyncio\nimport os"),
    "last of a line": ("import os; import time", "import asyncio\nimport os"),
    "last of several": ("import os, time", "import asyncio\nimport os"),
    "from-import": ("from time import sleep", "import asyncio"),
    "alias": ("import time as time_module", "import asyncio"),
    "with a comment": ("import time  # for sleeping", "import asyncio\n# for sleeping"),
    "kept for noqa": ("import time  # noqa: F401", "import asyncio\nimport time  # noqa: F401"),
    "kept for __all__": (
        'import time\n\n__all__ = ["time"]',
        'import asyncio\nimport time\n\n__all__ = ["time"]',
    ),
    "kept for another use": (
        "import time\n\nstart = time.time()",
        "import asyncio\nimport time\n\nstart = time.time()",
    ),
    "kept for a string annotation": (
        'import time\n\nx: "time.struct_time"',
        'import asyncio\nimport time\n\nx: "time.struct_time"',
    ),
    "kept in a try": (
        "import os\ntry:\n    import time\nexcept ImportError:\n    raise",
        "import asyncio\nimport os\ntry:\n    import time\nexcept ImportError:\n    raise",
    ),
    "replaced where asyncio is there": ("import asyncio\nimport time", "import asyncio"),
}


@pytest.mark.parametrize("name", REMOVED)
def test_removed(name: str) -> None:
    before, after = REMOVED[name]
    route = SLEEPER
    if "from time import sleep" in before:
        route = route.replace("time.sleep", "sleep")
    if "time_module" in before:
        route = route.replace("time.sleep", "time_module.sleep")
    text = before + route
    (fix,) = Repaired({"app.py": text}, SLEEP).fixes
    assert apply_one(text, fix) == after + SLEEPER.replace("time.sleep(1)", "await asyncio.sleep(1)")
    assert fix.applicability.value == "safe"


@pytest.mark.parametrize("other", ["from app import time\n", "import app\n\napp.time.time()\n", "from app import *\n"])
def test_kept_for_another_module(other: str) -> None:
    text = f"import time{SLEEPER}"
    (fix,) = Repaired({"app.py": text, "other.py": other}, SLEEP).fixes
    assert "import time\n" in apply_one(text, fix)


def test_local_import_is_removed() -> None:
    text = SLEEPER.replace("    time.sleep(1)", "    import time\n\n    time.sleep(1)")
    (fix,) = Repaired({"app.py": text}, SLEEP).fixes
    assert "import time" not in apply_one(text, fix)


def test_several_sleeps() -> None:
    """The last one takes the import with it, together with the others or after them."""
    text = f"import time{SLEEPER}    time.sleep(2)\n    print(time.sleep(3))\n"
    fixes = Repaired({"app.py": text}, SLEEP).fixes
    assert len(fixes) == 3
    first, second, last = (apply_one(text, fix) for fix in fixes)
    assert "import time" in first
    assert "time.sleep(1)" in second
    assert "time." not in last
    done = f"import asyncio{SLEEPER}    time.sleep(2)\n    print(time.sleep(3))\n".replace(
        "time.sleep", "await asyncio.sleep"
    )
    assert last == done
    assert fixed_to_the_end(text, SLEEP) == done


def test_suppressed_sleeps_stay() -> None:
    text = f"import time{SLEEPER}    time.sleep(2)  # noqa: FAL101\n    time.sleep(3)\n"
    fixes = Repaired({"app.py": text}, SLEEP).fixes
    assert "    time.sleep(2)  # noqa: FAL101\n" in apply_one(text, fixes[-1])
    assert "import time\n" in apply_one(text, fixes[-1])


STYLES = {
    "asyncio": ("", "", "await asyncio.to_thread(requests.get, url, timeout=1)"),
    "starlette": (
        "from fastapi.concurrency import run_in_threadpool\n",
        "",
        "await run_in_threadpool(requests.get, url, timeout=1)",
    ),
    "anyio": (
        "from functools import partial\n\nfrom anyio import to_thread\n",
        "",
        "await to_thread.run_sync(partial(requests.get, url, timeout=1))",
    ),
    "asyncer": ("from asyncer import asyncify\n", "", "await asyncify(requests.get)(url, timeout=1)"),
}
STYLED = """\
import requests
from fastapi import FastAPI

app = FastAPI()


async def other(): ...


@app.get("/")
async def route(url: str):
    await other()
    requests.get(url, timeout=1)
"""


@pytest.mark.parametrize("style", ["asyncio", "anyio", "starlette", "asyncer"])
def test_configured_style(style: str) -> None:
    (fix,) = Repaired({"app.py": STYLED}, HTTP, style).fixes  # type: ignore[arg-type]
    fixed = apply_one(STYLED, fix)
    assert STYLES[style][2] in fixed
    assert Repaired({"app.py": fixed}, HTTP, style).found == []  # type: ignore[arg-type]
    for line in STYLES[style][0].split("\n"):
        assert line in fixed.split("\n")


USES = {
    "anyio": "from anyio import to_thread\n\n\nasync def used():\n    await to_thread.run_sync(print)\n",
    "starlette": (
        "from starlette.concurrency import run_in_threadpool\n\n\nasync def used():\n    await run_in_threadpool(print)\n"
    ),
    "asyncer": "from asyncer import asyncify\n\n\nasync def used():\n    await asyncify(print)()\n",
    "asyncio": "import asyncio\n\n\nasync def used():\n    await asyncio.to_thread(print)\n",
}


@pytest.mark.parametrize("style", USES)
def test_style_of_the_project(style: str) -> None:
    (fix,) = Repaired({"app.py": STYLED, "other.py": USES[style]}, HTTP).fixes
    assert STYLES[style][2] in apply_one(STYLED, fix)
    if style == "starlette":
        assert "from starlette.concurrency import run_in_threadpool\n" in apply_one(STYLED, fix)


def test_style_of_the_file_wins() -> None:
    text = "import anyio\n" + STYLED + "    await anyio.to_thread.run_sync(print)\n"
    (fix,) = Repaired({"app.py": text, "b.py": USES["asyncio"], "c.py": USES["asyncio"]}, HTTP).fixes
    assert "await anyio.to_thread.run_sync(partial(requests.get, url, timeout=1))" in apply_one(text, fix)


def test_sleep_of_anyio() -> None:
    text = f"import time\n\nimport anyio{SLEEPER}    await anyio.lowlevel.checkpoint()\n"
    (fix,) = Repaired({"app.py": text}, SLEEP).fixes
    assert "    await anyio.sleep(1)\n" in apply_one(text, fix)


MERGED = {
    "one line": ("from fastapi.concurrency import iterate_in_threadpool", "iterate_in_threadpool, run_in_threadpool"),
    "parentheses": (
        "from fastapi.concurrency import (\n    contextmanager_in_threadpool,\n    iterate_in_threadpool,\n)",
        "iterate_in_threadpool,\n    run_in_threadpool,\n)",
    ),
    "parentheses without a last comma": (
        "from fastapi.concurrency import (\n    iterate_in_threadpool  # it\n)",
        "iterate_in_threadpool,\n    run_in_threadpool  # it\n)",
    ),
    "alias behind": ("from fastapi.concurrency import xyz as abc", "import run_in_threadpool, xyz as abc"),
}


@pytest.mark.parametrize("name", MERGED)
def test_merged(name: str) -> None:
    before, after = MERGED[name]
    text = f"{before}\n{STYLED}"
    (fix,) = Repaired({"app.py": text}, HTTP, "starlette").fixes
    fixed = apply_one(text, fix)
    assert after in fixed
    assert fixed.count("from fastapi.concurrency") == 1


def test_line_endings_and_tabs_stay() -> None:
    text = ROUTE.replace("    ", "\t").replace("\n", "\r\n")
    (fix,) = Repaired({"app.py": text}, HTTP).fixes
    fixed = apply_one(text.encode(), fix)
    assert "\n" not in fixed.replace("\r\n", "")
    assert "import asyncio\r\n\r\nimport requests\r\n" in fixed
    block = text.replace("return requests.get(url)", 'with open(url) as f:\r\n\t\tf.write("x")')
    (fix,) = Repaired({"app.py": block}, ("FAL104",)).fixes
    fixed = apply_one(block.encode(), fix)
    assert "\n" not in fixed.replace("\r\n", "")
    assert "\tdef use_file():\r\n\t\twith open(url) as f:\r\n\t\t\tf.write(" in fixed


def test_byte_order_mark_and_encoding() -> None:
    text = "# coding: latin-1\n" + ROUTE.replace("route(url", "route(ü, url")
    (fix,) = Repaired({"app.py": text.encode("latin-1")}, HTTP).fixes
    assert "asyncio.to_thread(requests.get, url)" in apply_one(text.encode("latin-1"), fix)
    marked = b"\xef\xbb\xbf" + ROUTE.encode()
    (fix,) = Repaired({"app.py": marked}, HTTP).fixes
    assert apply_one(marked, fix).startswith("\nimport asyncio\n\nimport requests\n")


def test_no_final_newline() -> None:
    text = ROUTE.rstrip("\n")
    (fix,) = Repaired({"app.py": text}, HTTP).fixes
    assert apply_one(text, fix).endswith("await asyncio.to_thread(requests.get, url)")
