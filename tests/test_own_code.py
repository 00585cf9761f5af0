"""What users say of their own libraries and of their own code: entry points, blocking, offload, safe."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, check

SITE = ".venv/lib/python3.12/site-packages"


def lint(root: Path, config: str, select: str = "FAL1,FAL2", **files: str) -> list[str]:
    (root / "fastapi-lint.toml").write_text(f"cache = false\nselect = {select.split(',')}\n{dedent(config)}")
    for name, text in files.items():
        file = root / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    settings = load_settings([root], root)
    result = check(CheckRequest((root,), settings, settings.root))
    assert result.internal_errors == ()
    return [f"{Path(each.filename).name}:{each.location.row} {each.code}" for each in result.diagnostics]


# -- entry points


ENDPOINT = """\
import httpx
from acme.web import endpoint


@endpoint("/items")
def items():
    return httpx.Client()
"""


def test_a_decorator_of_a_library_registers_routes(tmp_path: Path) -> None:
    assert lint(tmp_path, "", app=ENDPOINT) == []
    config = 'entry-points = [{ names = ["acme.web.endpoint"], kind = "route" }]'
    assert lint(tmp_path, config, app=ENDPOINT) == ["app.py:7 FAL201"]


def test_methods_and_arguments_register_too(tmp_path: Path) -> None:
    app = """\
        import httpx
        from acme.web import App

        app = App()


        def items():
            return httpx.Client()


        def other():
            return httpx.Client()


        app.register("/items", handler=items)
    """
    config = """
        [[entry-points]]
        names = ["register"]
        type = "acme.web.App"
        kind = "route"
        args = ["handler", 1]
    """
    assert lint(tmp_path, "", app=app) == []
    assert lint(tmp_path, config, app=app) == ["app.py:8 FAL201"]


FRAMEWORK = """\
def endpoint(path):
    def register(function):
        TABLE[path] = function
        return function

    return register


TABLE = {}
"""


@pytest.mark.parametrize("name", ["shop.web.endpoint", "shop.endpoint"])
def test_the_decorator_may_be_the_projects_own(tmp_path: Path, name: str) -> None:
    files = {
        "shop/__init__": "from .web import endpoint as endpoint",
        "shop/web": FRAMEWORK,
        "shop/app": ENDPOINT.replace("acme.web", "shop.web"),
    }
    assert lint(tmp_path, "", **files) == []
    config = f'entry-points = [{{ names = ["{name}"], kind = "route" }}]'
    assert lint(tmp_path, config, **files) == ["app.py:7 FAL201"]


BLOCKING = """\
import time
from acme.web import endpoint


@endpoint
{kind} handle():
    time.sleep(1)
"""


@pytest.mark.parametrize(
    ("kind", "said", "found"),
    [
        ("def", 'kind = "route"', []),
        ("def", 'kind = "route", where = "loop"', ["app.py:7 FAL101"]),
        ("def", 'kind = "route", where = "thread"', []),
        ("def", 'kind = "loop-callback"', ["app.py:7 FAL101"]),
        ("def", 'kind = "worker-task", where = "loop"', ["app.py:7 FAL101"]),
        ("async def", 'kind = "route"', ["app.py:7 FAL101"]),
        ("async def", 'kind = "route", where = "thread"', []),
        ("async def", 'kind = "route", where = "process"', []),
        ("async def", 'kind = "worker-task"', []),
        ("async def", 'kind = "command"', []),
    ],
)
def test_where_an_entry_point_runs(tmp_path: Path, kind: str, said: str, found: list[str]) -> None:
    config = f'entry-points = [{{ names = ["acme.web.endpoint"], {said} }}]'
    assert lint(tmp_path, config, app=BLOCKING.format(kind=kind)) == found


# -- what is said of functions whose source is at hand


APP = """\
from fastapi import FastAPI
from shop.work import Worker, work

app = FastAPI()


@app.get("/")
async def index(worker: Worker):
    {call}
"""
WORK = """\
import time


def work(function=None):
    {body}


class Base:
    def run(self):
        {body}


class Worker(Base):
    pass
"""


@pytest.mark.parametrize(
    ("config", "call", "body", "found"),
    [
        ('blocking = ["shop.work.work"]', "work()", "pass", ["app.py:9 FAL108"]),
        ('blocking = [{ names = ["run"], type = "shop.work.Worker" }]', "worker.run()", "pass", ["app.py:9 FAL108"]),
        ('blocking = ["shop.work.other"]', "work()", "pass", []),
        ("", "work()", "time.sleep(1)", ["app.py:9 FAL101"]),
        ('safe = ["shop.work.work"]', "work()", "time.sleep(1)", []),
        ("", "worker.run()", "time.sleep(1)", ["app.py:9 FAL101"]),
        ('safe = [{ names = ["run"], type = "shop.work.Worker" }]', "worker.run()", "time.sleep(1)", []),
        ("", "work(worker.run)", "time.sleep(1)\n    function()", ["app.py:9 FAL101"]),
        ('offload = ["shop.work.work"]', "work(worker.run)", "time.sleep(1)", []),
    ],
)
def test_the_users_word_wins_over_the_source(
    tmp_path: Path, config: str, call: str, body: str, found: list[str]
) -> None:
    work = WORK.replace("{body}", body, 1).replace("{body}", body.split("\n", maxsplit=1)[0])
    files = {"shop/__init__": "", "shop/work": work, "shop/app": APP.format(call=call)}
    assert lint(tmp_path, config, **files) == found


def test_a_modules_own_name_is_no_library(tmp_path: Path) -> None:
    """The bundled catalogue knows `requests.get`; a module of the project that has the name is something else."""
    app = APP.format(call="get('x')").replace("shop.work import Worker, work", "requests import get, Worker")
    requests = "def get(url):\n    return url\n\n\nclass Worker:\n    pass\n"
    assert lint(tmp_path, "", requests=requests, app=app) == []


def test_the_catalogue_wins_over_the_source_of_a_followed_package(tmp_path: Path) -> None:
    site = tmp_path / SITE / "requests"
    site.mkdir(parents=True)
    (site / "__init__.py").write_text("from .api import get\n")
    (site / "api.py").write_text("def get(url):\n    return helper(url)\n\n\ndef helper(url):\n    return url\n")
    app = """\
        import requests
        from fastapi import FastAPI

        app = FastAPI()


        @app.get("/")
        async def index():
            return requests.get("x")
    """
    assert lint(tmp_path, 'follow = ["requests"]', app=app) == ["app.py:9 FAL102"]
