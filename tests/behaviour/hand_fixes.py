"""Fixes written by hand: right ones, which the harness has to accept, and wrong ones, which it has to refuse.

A fix is a list of replacements in `app.py`; a name with a colon says another file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Edits = list[tuple[str, str]]

ASYNCIO = ("import time\n", "import asyncio\nimport time\n")
INSTEAD = ("import time\n", "import asyncio\n")
NAP = ("time.sleep(", "await asyncio.sleep(")
LATE_ASYNCIO = ("from fastapi import", "import asyncio\nfrom fastapi import")
SYNC_GET = ("requests.get(", "await asyncio.to_thread(requests.get, ")
SYNC_POST = ("requests.post(", "await asyncio.to_thread(requests.post, ")
OS_ASYNCIO = ("import os\n", "import asyncio\nimport os\n")


@dataclass(frozen=True)
class HandFix:
    edits: Edits

    def __call__(self, paths: list[Path]) -> None:
        """Behave as a fixer: the second time, there is nothing left to do."""
        root = paths[0] if paths[0].is_dir() else paths[0].parent
        done = root.parent / "fixed"
        if done.exists():
            return
        done.touch()
        for old, new in self.edits:
            name, _, rest = old.partition(":") if old.partition(":")[0].endswith(".py") else ("app.py", "", old)
            path = root / name
            text = path.read_bytes().decode("utf-8")
            if rest not in text:
                raise AssertionError(f"{path}: no {rest!r}")
            path.write_bytes(text.replace(rest, new).encode("utf-8"))


def in_place(name: str) -> tuple[str, str]:
    """The calls of a helper on the loop, where nothing but such calls follows the name."""
    return (f"{name}(", f"await asyncio.to_thread({name}, ")


def keep_definition(name: str) -> tuple[str, str]:
    return (f"def await asyncio.to_thread({name}, ", f"def {name}(")


RIGHT: dict[str, Edits] = {
    "files_own": [
        ("async def make_report", "def make_report"),
        ("async def make_public", "def make_public"),
    ],
    "sleep_direct": [INSTEAD, NAP],
    "sleep_from_import": [
        ("from time import perf_counter, sleep", "import asyncio\nfrom time import perf_counter, sleep"),
        ("sleep(0.2);", "await asyncio.sleep(0.2);"),
        ("sleep(.2)", "await asyncio.sleep(.2)"),
    ],
    "sleep_alias": [("import time as t\n", "import asyncio\nimport time as t\n"), ("t.sleep(", "await asyncio.sleep(")],
    "sleep_as_value": [INSTEAD, NAP],
    "project_anyio": [
        ("import time\n", ""),
        ("    time.sleep(", "    await anyio.sleep("),
        (
            'requests.get(f"{UPSTREAM}/slow?ms=400", params={"b": "2"}, timeout=5)',
            'await anyio.to_thread.run_sync(partial(requests.get, UPSTREAM + "/slow?ms=400", params={"b": "2"}))',
        ),
    ],
    "project_threadpool": [("gateway.search(q, limit=2)", "await run_in_threadpool(gateway.search, q, limit=2)")],
    "requests_direct": [
        OS_ASYNCIO,
        ("requests.get(\n", "await asyncio.to_thread(\n        requests.get,\n"),
        ('requests.get("n', 'await asyncio.to_thread(requests.get, "n'),
    ],
    "httpx_sync_chain": [
        OS_ASYNCIO,
        ('httpx.get(UPSTREAM + "/slow?ms=400")', '(await asyncio.to_thread(httpx.get, UPSTREAM + "/slow?ms=400"))'),
    ],
    "urllib_with": [
        ("import json\n", "import asyncio\nimport json\n"),
        ("urlopen(Request", "await asyncio.to_thread(urlopen, Request"),
    ],
    "blocks_moved": [
        ("for line in slow_lines(", "async for line in stepped("),
        (
            '@app.get("/collected")',
            """async def stepped(count: int):
    lines = slow_lines(count)
    while (line := await asyncio.to_thread(next, lines, None)) is not None:
        yield line


@app.get("/collected")""",
        ),
        ("async def rows():\n    await asyncio.sleep(0)\n", "def rows():\n"),
    ],
    "unclosed_client": [
        (
            'await watched.get("/slow?ms=1")\n\n',
            'await watched.get("/slow?ms=1")\n        await watched.aclose()\n\n',
        )
    ],
    "chain_helpers": [
        LATE_ASYNCIO,
        ("build_report(name)", "await asyncio.to_thread(build_report, name)"),
        ('report.build(name + "!"', 'await asyncio.to_thread(report.build, name + "!"'),
    ],
    "argument_order": [
        ("return work(", "return await asyncio.to_thread(work, "),
        ('), work(mark("b")', '), await asyncio.to_thread(work, mark("b")'),
        ("key=work(", "key=await asyncio.to_thread(work, "),
    ],
    "precedence": [
        ("import asyncio\n", ""),
        ("async def", "def"),
        ("    await asyncio.sleep(0)\n", ""),
    ],
    "statements": [in_place("slow"), keep_definition("slow")],
    "dependency_async": [OS_ASYNCIO, SYNC_GET, SYNC_POST],
    "dependency_generator": [INSTEAD, NAP],
    "dependency_class": [ASYNCIO, ("time.sleep(0.4", "await asyncio.sleep(0.4")],
    "middleware_function": [("import time\n", ""), ("import hashlib\n", "import asyncio\nimport hashlib\n"), NAP],
    "middleware_asgi": [
        ASYNCIO,
        ("                time.sleep(", "                await asyncio.sleep("),
        ("self.think()", "await asyncio.to_thread(self.think)"),
    ],
    "exception_handler": [INSTEAD, NAP],
    "background_tasks": [ASYNCIO, ("time.sleep(0.4", "await asyncio.sleep(0.4")],
    "websocket": [
        ASYNCIO,
        ("+ translate(text)", "+ await asyncio.to_thread(translate, text)"),
        ("time.sleep(0.1", "await asyncio.sleep(0.1"),
    ],
    "async_stream": [ASYNCIO, ("time.sleep(0.3", "await asyncio.sleep(0.3")],
    "async_protocols": [INSTEAD, NAP],
    "class_based_view": [
        OS_ASYNCIO,
        (
            'requests.get(f"{self.base}/slow", params={"key": key, "ms": 400}, timeout=5)',
            '(await asyncio.to_thread(requests.get, f"{self.base}/slow", params={"key": key, "ms": 400}, timeout=5))',
        ),
    ],
    "route_called_elsewhere": [
        (
            'requests.get(f"{UPSTREAM}/slow?ms=300", timeout=5)',
            '(await asyncio.to_thread(requests.get, f"{UPSTREAM}/slow?ms=300", timeout=5))',
        ),
    ],
    "route_in_tests": [OS_ASYNCIO, SYNC_GET],
    "overridden_method": [("import time\n", ""), NAP],
    "super_call": [
        OS_ASYNCIO,
        ("[super().fetch(n)", "[await asyncio.to_thread(super().fetch, n)"),
        ('Derived("ann", greet=True)', 'await asyncio.to_thread(Derived, "ann", greet=True)'),
    ],
    "decorated": [("import functools\n", "import asyncio\nimport functools\n"), ("import time\n", ""), NAP],
    "nested_async": [
        ("time.sleep(0.2", "await asyncio.sleep(0.2"),
        ("visit(depth), *", "await asyncio.to_thread(visit, depth), *"),
    ],
    "try_finally": [("step(name: ", "STEP(name: "), in_place("step"), ("STEP", "step")],
    "loops": [
        ("def probe(n: int) -> bool:\n    time.sleep(", "def probe(n: int) -> bool:\n    time.SLEEP("),
        NAP,
        ("SLEEP", "sleep"),
        SYNC_GET,
        ("not probe(n)", "not await asyncio.to_thread(probe, n)"),
        ("while probe(n)", "while await asyncio.to_thread(probe, n)"),
    ],
    "crlf_bom": [("import time\r\n", "import asyncio\r\n"), NAP],
    "tabs_no_newline": [
        ASYNCIO,
        ("work( 1 )", "await asyncio.to_thread(work, 1)"),
        ("work(n = 2)", "await asyncio.to_thread(work, n = 2)"),
    ],
    "mixed_newlines": [("import time\n", "import asyncio\n"), ("time . sleep", "await asyncio . sleep")],
    "future_shebang": [("from time import sleep\n", "import asyncio\n"), ("    sleep(", "    await asyncio.sleep(")],
    "future_only": [("; import time", "; import asyncio"), NAP],
    "type_checking_import": [
        ("import time\n", "import asyncio\nimport time\n"),
        ("    time.sleep(0.4)\n    note", "    await asyncio.sleep(0.4)\n    note"),
        ("return helper(", "return await asyncio.to_thread(helper, "),
    ],
    "reexports": [
        LATE_ASYNCIO,
        ("    nap(", "    await asyncio.to_thread(nap, "),
        ("    sleep(", "    await asyncio.sleep("),
    ],
    "export_list": [ASYNCIO, ("    sleep(", "    await asyncio.sleep("), NAP],
    "lazy_import": [LATE_ASYNCIO, ("return load(", "return await asyncio.to_thread(load, ")],
    "one_file_only": [LATE_ASYNCIO, ("return compute(", "return await asyncio.to_thread(compute, ")],
    "local_imports": [
        ("from time import (", "import asyncio\nfrom time import ("),
        ("    import time\n\n    time.sleep", "    await asyncio.sleep"),
        ("    rest(0.1); clock.sleep(0.1)", "    await asyncio.sleep(0.1); await asyncio.sleep(0.1)"),
        ("    time.sleep(", "    await asyncio.sleep("),
        ("    sleep(0.1)", "    await asyncio.sleep(0.1)"),
        ("from time import sleep as nap; nap(", "await asyncio.sleep("),
    ],
    "from_thread": [("import time\n", ""), NAP],
    "upload": [("text = file.file.read()", "text = (await file.read())")],
    "subprocesses": [
        ("import subprocess\n", "import asyncio\nimport subprocess\n"),
        ("subprocess.run(\n", "await asyncio.to_thread(\n        subprocess.run,\n"),
        ("subprocess.check_output(", "await asyncio.to_thread(subprocess.check_output, "),
    ],
    "cpu": [
        ("digest(form.password, salt", "await asyncio.to_thread(digest, form.password, salt"),
        (
            'hashlib.pbkdf2_hmac("sha256", form.password.encode(), b"token", ROUNDS)',
            '(await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", form.password.encode(), b"token", ROUNDS))',
        ),
    ],
    "shared_session": [
        OS_ASYNCIO,
        (
            'session.get(f"{UPSTREAM}/cookie?ms=400")',
            '(await asyncio.to_thread(session.get, f"{UPSTREAM}/cookie?ms=400"))',
        ),
    ],
    "console_input": [LATE_ASYNCIO, ('input(f"{what}? ")', '(await asyncio.to_thread(input, f"{what}? "))')],
    "asyncio_lock": [SYNC_GET],
    "sqlite_local_helper": [OS_ASYNCIO, ('query("select n', 'await asyncio.to_thread(query, "select n')],
    "loop_bound_routes": [
        (
            'requests.get(f"{UPSTREAM}/slow?ms=400", timeout=5)',
            '(await asyncio.to_thread(requests.get, f"{UPSTREAM}/slow?ms=400", timeout=5))',
        ),
    ],
    "contextvar_dependency": [INSTEAD, NAP],
    "contextvar_in_route": [OS_ASYNCIO, SYNC_POST],
    "contextvar_read": [ASYNCIO, ("log(text)", "await asyncio.to_thread(log, text)")],
    "awaits_around": [
        in_place("slow"),
        keep_definition("slow"),
        ("await prepare(1)", "await (await asyncio.to_thread(prepare, 1))"),
        ("= prepare(2)", "= await asyncio.to_thread(prepare, 2)"),
    ],
    "response_parameter": [
        OS_ASYNCIO,
        (
            '= urlopen(f"{UPSTREAM}/slow?ms=400", timeout=5)',
            '= (await asyncio.to_thread(urlopen, f"{UPSTREAM}/slow?ms=400", timeout=5))',
        ),
        ("with urlopen(", "with await asyncio.to_thread(urlopen, "),
    ],
    "methods": [
        ("import functools\n", "import asyncio\nimport functools\n"),
        ("time.sleep(seconds)", "await asyncio.sleep(seconds)"),
        ("time.sleep(0.2)", "await asyncio.sleep(0.2)"),
        ("self.__walk(n)", "await asyncio.to_thread(self.__walk, n)"),
        ("self.__walk(n=-1)", "await asyncio.to_thread(self.__walk, n=-1)"),
    ],
    "exceptions_through_calls": [ASYNCIO, ("return work(", "return await asyncio.to_thread(work, ")],
    "reentry": [('{"n": asyncio.run(load(n)) + 1}', '{"n": await load(n) + 1}')],
    "eager_offload": [
        ("to_thread(resize(2", "to_thread(resize, 2"),
        ("in_threadpool(resize(4", "in_threadpool(resize, 4"),
        ("times=3))", "times=3)"),
        ("4))}", "4)}"),
    ],
    "offloaded_coroutine": [
        ("from fastapi.concurrency import run_in_threadpool\n", ""),
        ("run_in_threadpool(load, ", "load("),
    ],
    "suppressions_unused": [
        ("import json  # noqa: FAL101", "import json"),
        ("FAL102, F401", "F401"),
        ("[import-not-found]  # noqa: FAL101", "[import-not-found]"),
    ],
    "unrelated_lines": [("import  os,time ", "import asyncio, os "), NAP],
    "syntax_trouble": [INSTEAD, NAP],
    "bounded_results": [
        ("@cache\ndef slug", "@lru_cache(maxsize=512)\ndef slug"),
        ("@lru_cache(maxsize=None)", "@lru_cache(maxsize=512)"),
    ],
    "driven_dependency": [
        ("from fastapi import", "from contextlib import asynccontextmanager\n\nfrom fastapi import"),
        (
            'async for session in get_session():\n        if key == "none"',
            'async with asynccontextmanager(get_session)() as session:\n        if key == "none"',
        ),
    ],
    "made_once": [
        ("class Reports:", "ENGINE = create_engine(URL)\n\n\nclass Reports:"),
        ("        engine = create_engine(URL)\n        with engine", "        with ENGINE"),
        ("adapter = TypeAdapter(list[Item])\n    try", "adapter = ITEMS\n    try"),
        ('@app.post("/items")', 'ITEMS = TypeAdapter(list[Item])\n\n\n@app.post("/items")'),
    ],
}


@dataclass(frozen=True)
class Wrong:
    app: str
    edits: Edits
    complaint: str
    why: str


WRONG = [
    Wrong(
        "sqlite_module_connection",
        [("row = insert(name)", "row = await asyncio.to_thread(insert, name)")],
        "ProgrammingError",
        "the connection belongs to the loop's thread",
    ),
    Wrong(
        "contextvar_written",
        [("    authenticate(name)", "    await asyncio.to_thread(authenticate, name)")],
        "trace none",
        "the variable is set in a copy of the context",
    ),
    Wrong(
        "contextvar_dependency",
        [("async def set_tenant", "def set_tenant")],
        "nobody",
        "the same, by dropping async",
    ),
    Wrong(
        "lock_held",
        [ASYNCIO, ("time.sleep(", "await asyncio.sleep(")],
        "the fixed app does not run: the loop stood still",
        "the second request waits for the lock on the loop",
    ),
    Wrong(
        "rlock_across_await",
        [("lock.acquire()", "await asyncio.to_thread(lock.acquire)")],
        "cannot release un-acquired lock",
        "the lock belongs to the worker thread",
    ),
    Wrong(
        "decorated",
        [("async def with_log", "def with_log")],
        "can't be used in 'await' expression",
        "awaited by wrapper",
    ),
    Wrong("decorated", [("async def with_check", "def with_check")], "does not run", "refused by the decorator"),
    Wrong(
        "augmented_shared",
        [ASYNCIO, ("+= weigh(", "+= await asyncio.to_thread(weigh, ")],
        "/total",
        "the old value is read before the await",
    ),
    Wrong("atomic_check", [INSTEAD, NAP], "sold book", "both requests see the last piece"),
    Wrong(
        "lazy_singleton",
        [ASYNCIO, ("connection = Connection()", "connection = await asyncio.to_thread(Connection)")],
        '"body": "2"',
        "made twice",
    ),
    Wrong(
        "iterating_shared",
        [ASYNCIO, ("(ping(name))", "(await asyncio.to_thread(ping, name))")],
        "changed size during iteration",
        "an await in the body",
    ),
    Wrong("sleep_zero", [INSTEAD, NAP], "refused", "the twin takes negative delays"),
    Wrong(
        "httpx_sync_chain",
        [OS_ASYNCIO, ('httpx.get(UPSTREAM + "/slow', 'await asyncio.to_thread(httpx.get, UPSTREAM + "/slow')],
        "has no attribute 'raise_for_status'",
        "parentheses are missing",
    ),
    Wrong(
        "argument_order",
        [
            ("    return combine(", '    first = await asyncio.to_thread(work, mark("b"))\n    return combine('),
            ('work(mark("b")), mark("c"', 'first, mark("c"'),
        ],
        "mark b",
        "hoisted before an argument that comes first",
    ),
    Wrong(
        "stop_iteration",
        [("append(take(feed))", "append(await asyncio.to_thread(take, feed))")],
        "/take",
        "no future carries a StopIteration",
    ),
    Wrong(
        "exc_info_in_helper",
        [
            ("    give_up()", "    await asyncio.to_thread(give_up)"),
        ],
        "No active exception",
        "no exception is handled in the thread",
    ),
    Wrong(
        "serialization", [('ADA.model_dump(exclude={"password"})', "ADA")], "secret", "the dump leaves something out"
    ),
    Wrong(
        "sequential_awaits",
        [
            ("    allowed = await check(cents)\n", ""),
            ("left = await book(cents)", "allowed, left = await asyncio.gather(check(cents), book(cents))"),
        ],
        "booked 40",
        "the second happens although the first fails",
    ),
    Wrong(
        "offloaded_coroutine_awaited",
        [("await (await run_in_threadpool(load, 3))", "await (await load(3))")],
        "can't be used in 'await' expression",
        "the value is awaited twice",
    ),
    Wrong(
        "type_checking_import",
        [("    time.sleep(0.4)\n    note", "    await asyncio.sleep(0.4)\n    note")],
        "NameError",
        "imported for type checkers only",
    ),
    Wrong(
        "reexports",
        [LATE_ASYNCIO, ("from time import sleep, ", "from time import "), ("    sleep(", "    await asyncio.sleep(")],
        "cannot import name 'sleep'",
        "another module takes the import from here",
    ),
    Wrong(
        "sleep_from_import",
        [
            ("import perf_counter, sleep", "import perf_counter, sleep\nimport asyncio"),
            ("sleep(0.2);", "await asyncio.sleep(0.2);"),
        ],
        "still freezes",
        "half of it is left",
    ),
    Wrong("crlf_bom", [("import time\r\n", "import asyncio\n"), NAP], "foreign line ending", "a line from elsewhere"),
    Wrong(
        "tabs_no_newline",
        [("\n@app.get", "\nif app:\n    pass\n@app.get")],
        "spaces in a file with tabs",
        "spaces among tabs",
    ),
    Wrong("requests_direct", [("  # the path", "")], "comments lost", "a comment goes"),
    Wrong("sleep_direct", [ASYNCIO, NAP], "imports that nothing uses: ['time']", "an import stays behind"),
    Wrong("sleep_direct", [NAP, ("async def", "def")], "does not compile", "await without async"),
    Wrong("one_file_only", [("helper.py:n + 1", "(n + 1)")], "outside of the run", "a file that was not asked for"),
    Wrong(
        "file_responses",
        [
            (
                'return Response(path.read_bytes(), media_type="text/plain", status_code=202)',
                "from fastapi.responses import FileResponse; return FileResponse(path, status_code=202)",
            )
        ],
        "File at path SCRATCH/a does not exist",
        "the file is gone when it is sent",
    ),
    Wrong(
        "client_per_request",
        [
            ("app = FastAPI()", "app = FastAPI()\nshared = httpx.AsyncClient(base_url=UPSTREAM)"),
            (
                "    async with httpx.AsyncClient(base_url=UPSTREAM) as client:\n        first",
                "    if client := shared:\n        first",
            ),
        ],
        "visitor",
        "cookies of others",
    ),
]
