"""An HTTP client created for each request.

## What it does

Reports the creation of an httpx, aiohttp or requests client where request handling reaches it. Clients made at import,
in the lifespan, in a cached factory or where a look-up by a key of the configuration has missed them stay silent; what
only the handler of a failed attempt makes (`except httpx.ConnectError`), or what only runs where a cache has missed, is
information.

## Why is this bad?

Each client loads the TLS certificates anew, 70 ms of blocked loop (measured), and throws its connections away: no
keep-alive, a handshake for every call.

## Example

```python
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/rate")
async def rate() -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get("https://rates.example/eur")).text
```

## Use instead

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with httpx.AsyncClient() as client:
        yield {"client": client}


app = FastAPI(lifespan=lifespan)


@app.get("/rate")
async def rate(request: Request) -> str:
    return (await request.state.client.get("https://rates.example/eur")).text
```

## Fix safety

The fix is unsafe. What is made from constants by a constructor whose result all threads and requests may share, such as
a context for TLS, is made by a cached function of the module instead: when the first request asks for it, and never
again. There is no fix where the function closes the object, changes it, returns it or hands it to other code, where an
argument is not constant, and for what belongs to an event loop or remembers whom it served, such as clients that keep
cookies.
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._creation import CreationRule


class HttpClientPerRequest(CreationRule):
    code = "FAL201"
    name = "http-client-per-request"
    severity = Severity.WARNING
    kinds = frozenset({"http-client"})
    cost = "no connection is reused, and many clients load TLS certificates first"
    way_out = "create it once, in the lifespan"
