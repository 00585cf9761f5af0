"""How routes are called: with the prefixes of their routers and of those that include them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, check

ITEMS = """\
import time

from fastapi import APIRouter

router = APIRouter({own})


@router.get("/all")
async def index():
    time.sleep(1)
"""


def labels(root: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    settings = load_settings([root], root, isolated=True, overrides={"cache": False, "select": ["FAL1"]})
    result = check(CheckRequest((root,), settings, root))
    assert result.internal_errors == ()
    (diagnostic,) = result.diagnostics
    return [label.label for label in diagnostic.entry_points]


OWN = 'prefix="/items"'
TWICE = """\
import items

app.include_router(items.router, prefix='/v1')
app.include_router(items.router, prefix='/v2')
"""
NESTED = """\
import items

outer: APIRouter = APIRouter(prefix='/outer')
outer.include_router(items.router, prefix='/inner')
app.include_router(outer, prefix='/v1')
"""

ENTRIES = """\
import items

base = APIRouter()
for entry in [{entry}]:
    base.include_router(**entry)
app.include_router(base, prefix="/v2")
"""
NAMED = """\
import items

entries: list = [{"router": items.router, "prefix": "/named", "tags": ["N"]}]
for entry in entries:
    app.include_router(**entry)
app.include_router(**other)
"""
LATER = """\
import items

app.include_router(items.router, prefix=settings.v1)
app.include_router(items.router, prefix='/v2')
"""
LISTED = """\
import items

for each in [other, items.router]:
    app.include_router(each, prefix='/v1')
    app.include_router(each, prefix='/latest', include_in_schema=False)
"""
ELSEWHERE = """\
from routers import ROUTERS

for each in ROUTERS:
    app.include_router(each, prefix='/v1')
"""
MOUNTED = """\
import items

api = FastAPI()
api.include_router(items.router, prefix='/v1')
app.mount('/api', api)
"""
HELPED = """\
import items

def include(target: APIRouter) -> None:
    target.include_router(items.router)

v1 = APIRouter(prefix='/v1')
include(v1)
app.include_router(v1)
"""
ALONE = """\
import items

alone = {"router": items.router, "prefix": "/alone"}
app.include_router(**alone)
"""


@pytest.mark.parametrize(
    ("own", "app", "label"),
    [
        (OWN, "", "GET /items/all"),
        (OWN, "from items import router\napp.include_router(router)", "GET /items/all"),
        (OWN, "import items\napp.include_router(items.router, prefix='/v1')", "GET /v1/items/all"),
        ("", "import items\napp.include_router(router=items.router, prefix='/v1')", "GET /v1/all"),
        (OWN, "import items\nV1 = '/v1'\napp.include_router(items.router, prefix=V1)", "GET /v1/items/all"),
        (OWN, "import items\napp.include_router(items.router, prefix=settings.v1)", "GET /items/all"),
        (OWN, "import items\napp.include_router(items.router, **given)", "GET /items/all"),
        ("prefix=given", "import items\napp.include_router(items.router, prefix='/v1')", "GET /all"),
        (
            OWN,
            TWICE,
            "GET /v1/items/all",
        ),
        (
            OWN,
            NESTED,
            "GET /v1/outer/inner/items/all",
        ),
        (OWN, "import items\nitems.router.include_router(items.router, prefix='/x')", "GET /x/items/all"),
        ("", ENTRIES.format(entry='{"router": items.router, "prefix": "/a"}'), "GET /v2/a/all"),
        ("", ENTRIES.format(entry='{"router": items.router, "tags": []}'), "GET /v2/all"),
        ("", ENTRIES.format(entry='{"router": items.router, **given}'), "GET /all"),
        ("", ENTRIES.format(entry='{"router": items.router, "prefix": given}'), "GET /all"),
        ("", NAMED, "GET /named/all"),
        ("", ALONE, "GET /alone/all"),
        (OWN, LATER, "GET /v2/items/all"),
        (OWN, LISTED, "GET /v1/items/all"),
        (OWN, ELSEWHERE, "GET /v1/items/all"),
        (OWN, MOUNTED, "GET /api/v1/items/all"),
        (OWN, MOUNTED.replace("'/api'", "settings.api"), "GET /v1/items/all"),
        (OWN, MOUNTED.replace("'/api'", "'/api/'"), "GET /api/v1/items/all"),
        (OWN, MOUNTED.replace("'/api'", "'/'"), "GET /v1/items/all"),
        (OWN, MOUNTED.replace("'/api'", "''"), "GET /v1/items/all"),
        (OWN, HELPED, "GET /v1/items/all"),
        (OWN, HELPED.replace("include(v1)", "include(target=v1)"), "GET /v1/items/all"),
    ],
)
def test_prefixes(tmp_path: Path, own: str, app: str, label: str) -> None:
    files = {
        "items": ITEMS.format(own=own),
        "routers": "from items import router\n\nROUTERS = [router]\n",
        "main": f"from fastapi import APIRouter, FastAPI\n\napp = FastAPI()\n{app}\n",
    }
    assert labels(tmp_path, **files) == [label]


@pytest.mark.parametrize("served", ["app.include_router(items.router, prefix='/v1')\n", ""])
def test_what_tests_include_serves_nobody(tmp_path: Path, served: str) -> None:
    app = "from fastapi import FastAPI\nimport items\n\napp = FastAPI()\n"
    test = f"{app}app.include_router(items.router, prefix='/test')\n"
    label = "GET /v1/items/all" if served else "GET /items/all"
    assert labels(tmp_path, items=ITEMS.format(own=OWN), main=app + served, conftest=test) == [label]


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("methods=['POST']", "POST /items/all"),
        ("methods=['GET', 'POST']", "GET, POST /items/all"),
        ("methods=METHODS", "/items/all"),
        ("methods=[*METHODS]", "/items/all"),
        ("methods=['PURGE']", "/items/all"),
        ("name='all'", "/items/all"),
    ],
)
def test_a_route_with_methods_is_called_by_them(tmp_path: Path, given: str, label: str) -> None:
    items = ITEMS.format(own=OWN).replace('get("/all"', f'api_route("/all", {given}')
    assert labels(tmp_path, items=items) == [label]


def test_dots_stand_for_an_unknown_path_of_a_route_with_methods(tmp_path: Path) -> None:
    items = ITEMS.format(own=OWN).replace('get("/all"', "api_route(PATHS[0], methods=['POST']")
    assert labels(tmp_path, items=items) == ["POST /items..."]


ALIKE = """\
import httpx
from fastapi import APIRouter, FastAPI

app = FastAPI()
one, other = APIRouter(), APIRouter()


async def fetch() -> None:
    async with httpx.AsyncClient() as client:
        await client.get("https://example.org")


@one.post("")
async def first():
    await fetch()


@other.post("")
async def second():
    await fetch()


app.include_router(one, prefix=settings.one)
app.include_router(other, prefix=settings.other)
"""


def test_routes_are_counted_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ALIKE)
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL201"]})
    (diagnostic,) = check(CheckRequest((tmp_path,), settings, tmp_path)).diagnostics
    assert "(2 entry points lead here)" in diagnostic.message


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ('f"/provider/{name}/code"', "GET /provider/..."),
        ("ALL", "GET /all"),
        ("name", "GET ..."),
        ('"/" + name', "GET ..."),
    ],
)
def test_dots_stand_for_what_is_not_constant(tmp_path: Path, path: str, label: str) -> None:
    app = f"""\
import time
from fastapi import FastAPI
app = FastAPI()
ALL = "/all"

def add(name: str) -> None:
    @app.get({path})
    async def index():
        time.sleep(1)
"""
    assert labels(tmp_path, app=app) == [label]


@pytest.mark.parametrize("given", ["make_router()", "router=make_router()", "made"])
def test_a_router_that_a_function_makes_has_the_prefix_that_it_is_included_with(tmp_path: Path, given: str) -> None:
    items = ITEMS.format(own=OWN).replace("router = APIRouter", "def make_router():\n    router = APIRouter")
    body = items.replace("\n@router", "\n    @router").replace("\nasync def", "\n    async def")
    body = body.replace("\n    time.sleep(1)", "\n        time.sleep(1)\n    return router")
    app = (
        "from fastapi import FastAPI\nfrom items import make_router\n\napp = FastAPI()\nmade = make_router()\n"
        f"app.include_router({given}, prefix='/v1')\n"
    )
    assert labels(tmp_path, items=body, app=app) == ["GET /v1/items/all"]


@pytest.mark.parametrize(
    ("own", "label"),
    [
        ('prefix=f"{BASE}/items"', "GET /api/v1/items/all"),
        ('prefix=f"{BASE}/{NAME}-100%"', "GET /api/v1/items-100%/all"),
        ('prefix=f"/x/{{owner}}{BASE}"', "GET /x/{owner}/api/v1/all"),
        ('prefix=f"{BASE!r}/items"', "GET /all"),
        ('prefix=f"{unknown()}/items"', "GET /all"),
        ('prefix="%s/items" % (BASE,)', "GET /api/v1/items/all"),
    ],
)
def test_a_prefix_is_made_of_constants(tmp_path: Path, own: str, label: str) -> None:
    base = 'VERSION = "v1"\nBASE = f"/api/{VERSION}"\n'
    items = ITEMS.format(own=own).replace("import time\n", 'import time\nfrom base import BASE\nNAME = "items"\n')
    main = "from fastapi import FastAPI\nimport items\napp = FastAPI()\napp.include_router(items.router)\n"
    assert labels(tmp_path, base=base, items=items, main=main) == [label]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ('f"{PLACE}/{{item}}"', "GET /items/{item}"),
        ('f"{PLACE}/{unknown()}/x"', "GET ..."),
        ('f"/a/{unknown()}/x"', "GET /a/..."),
    ],
)
def test_a_path_is_made_of_constants(tmp_path: Path, path: str, label: str) -> None:
    items = ITEMS.format(own="").replace('"/all"', path).replace("import time\n", 'import time\nPLACE = "/items"\n')
    main = "from fastapi import FastAPI\nimport items\napp = FastAPI()\napp.include_router(items.router)\n"
    assert labels(tmp_path, items=items, main=main) == [label]


ASSEMBLED = """\
from fastapi import APIRouter, FastAPI
import items

others = APIRouter()


def assemble(target, *, given):
    target.include_router(given, prefix="/inner")


def build(*, given):
    outer = APIRouter(prefix="/outer")
    {nested}
    return outer


app = FastAPI()
app.include_router(build(given={given}), prefix="/v1")
"""


@pytest.mark.parametrize(
    ("nested", "given", "label"),
    [
        ("assemble(outer, given=given)", "items.router", "GET /v1/outer/inner/items/all"),
        ("outer.include_router(given)", "items.router", "GET /v1/outer/items/all"),
        ("assemble(outer, given=given)", "others", "GET /items/all"),
        ("assemble(outer, given=others)", "items.router", "GET /items/all"),
    ],
)
def test_a_router_may_go_through_functions_that_include_it(tmp_path: Path, nested: str, given: str, label: str) -> None:
    app = ASSEMBLED.format(nested=nested, given=given)
    assert labels(tmp_path, items=ITEMS.format(own=OWN), app=app) == [label]


def test_a_function_includes_in_each_application_what_it_got_with_it(tmp_path: Path) -> None:
    app = """\
from fastapi import APIRouter, FastAPI
import items

others = APIRouter()


def include(target, router):
    target.include_router(router)


app, first, second = FastAPI(), APIRouter(prefix="/first"), APIRouter(prefix="/second")
include(first, others)
include(second, items.router)
app.include_router(first)
app.include_router(second)
"""
    assert labels(tmp_path, items=ITEMS.format(own=OWN), app=app) == ["GET /second/items/all"]
