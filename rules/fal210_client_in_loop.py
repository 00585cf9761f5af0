"""A client, connection, engine or pool created in each pass of a loop.

## What it does

Reports the creation of HTTP clients, connections, engines, pools and SDK clients inside of a loop that request
handling runs, also where the loop is in a caller. Such a place is reported here and not by FAL201 to FAL204.
Loops of attempts, which end with the first that succeeds, by `return` or `break`, count as no loop, nor do loops
around the handler of an error. A client of an object that the pass itself has made, with its credentials, is not
reported here.

## Why is this bad?

What one client costs, a TLS handshake, an authentication, a pool, is paid once for each item: ten items, ten handshakes
one after another.

## Example

```python
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
async def rates(currencies: list[str]) -> list[str]:
    found = []
    for currency in currencies:
        async with httpx.AsyncClient() as client:
            found.append((await client.get(f"https://rates.example/{currency}")).text)
    return found
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


@app.get("/rates")
async def rates(currencies: list[str], request: Request) -> list[str]:
    client = request.state.client
    return [(await client.get(f"https://rates.example/{currency}")).text for currency in currencies]
```

## Fix safety

The fix is unsafe. What is made from constants by a constructor whose result all threads and requests may share is made
by a cached function of the module instead: when the first request asks for it, and never again. There is no fix where
the function closes the object, changes it, returns it or hands it to other code, where an argument is not constant, and
for what belongs to an event loop or remembers whom it served, such as clients that keep cookies.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, Report, Severity

from ._creation import OF_THE_REQUEST, SharingRule, often, report, when

_KINDS = frozenset({"http-client", "connection", "engine", "sdk-client"})


class ClientInLoop(SharingRule):
    code = "FAL210"
    name = "client-in-loop"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Report]:
        for creation in project.creations(_KINDS):
            if creation.in_loop:
                name = project.creation_name(creation)
                message = f"{name} is created in each pass of a loop, {when(creation)}{often(creation)}; " + (
                    OF_THE_REQUEST if creation.from_request else "create it once, before the loop or in the lifespan"
                )
                is_engine = creation.call.spec.creates == "engine"
                yield report(project, creation, message, Severity.ERROR if is_engine else None)
