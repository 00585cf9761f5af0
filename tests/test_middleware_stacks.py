"""How many of them one application has decides how bad a `BaseHTTPMiddleware` is."""

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.diagnostic import Severity
from fastapi_lint.engine import CheckRequest, check

HEAD = """
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware

class One(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)

async def other(request, call_next):
    return await call_next(request)
"""

CASES = {
    "one application": (
        "app = FastAPI()\napp.add_middleware(One)\napp.add_middleware(BaseHTTPMiddleware, dispatch=other)\n",
        [Severity.WARNING] * 2,
    ),
    "each its own": (
        (
            "public = FastAPI()\nadmin = FastAPI()\n"
            "public.add_middleware(One)\nadmin.add_middleware(BaseHTTPMiddleware, dispatch=other)\n"
        ),
        [Severity.INFO] * 2,
    ),
    "both on the second": (
        (
            "public = FastAPI()\nadmin = FastAPI()\n"
            "admin.add_middleware(One)\nadmin.add_middleware(BaseHTTPMiddleware, dispatch=other)\n"
        ),
        [Severity.WARNING] * 2,
    ),
    "in a list and by the call": (
        (
            "public = FastAPI()\nadmin = FastAPI(middleware=[Middleware(One)])\n"
            "admin.add_middleware(BaseHTTPMiddleware, dispatch=other)\n"
        ),
        [Severity.WARNING] * 2,
    ),
    "on what a function is given": (
        (
            "public = FastAPI()\nadmin = FastAPI()\n\ndef set_up(app: FastAPI):\n"
            "    app.add_middleware(One)\n    app.add_middleware(BaseHTTPMiddleware, dispatch=other)\n\nset_up(admin)\n"
        ),
        [Severity.WARNING] * 2,
    ),
    "on what a function makes": (
        (
            "public = FastAPI()\n\ndef create():\n    app = FastAPI()\n    app.add_middleware(One)\n    return app\n\n"
            "admin = create()\nadmin.add_middleware(BaseHTTPMiddleware, dispatch=other)\n"
        ),
        [Severity.WARNING] * 2,
    ),
    "on what a function is given that says nothing of it": (
        (
            "if __debug__:\n    app = FastAPI(debug=True)\nelse:\n    app = FastAPI()\n\ndef set_up(it):\n"
            "    it.add_middleware(One)\n    it.add_middleware(Two)\n\nset_up(app)\n\n"
            "class Two(BaseHTTPMiddleware):\n    pass\n"
        ),
        [Severity.WARNING] * 2,
    ),
    "never put on it": (
        "app = FastAPI()\napp.add_middleware(BaseHTTPMiddleware, dispatch=other)\n",
        [Severity.INFO] * 2,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, wanted = CASES[name]
    settings = load_settings([tmp_path], tmp_path, isolated=True, overrides={"cache": False, "select": ["FAL401"]})
    result = check(CheckRequest((), settings, tmp_path, ("example.py", (HEAD + source).encode())))
    assert result.internal_errors == ()
    assert [found.severity for found in result.diagnostics] == wanted
