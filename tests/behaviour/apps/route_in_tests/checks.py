"""Checks that run against the app, without pytest."""

from unittest import mock

from app import app, current_user, me
from fastapi.testclient import TestClient


async def direct():
    return await current_user("direct"), await me(user="given")


def overridden():
    async def fake_user() -> str:
        return "fake"

    app.dependency_overrides[current_user] = fake_user
    try:
        return TestClient(app).get("/me").json()
    finally:
        app.dependency_overrides.clear()


async def patched():
    with mock.patch("app.requests.get") as get:
        get.return_value.json.return_value = {"query": {"t": "patched"}}
        return await current_user("x"), get.call_args.kwargs["timeout"]
