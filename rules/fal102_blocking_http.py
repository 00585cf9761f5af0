"""A synchronous HTTP request on the event loop.

## What it does

Reports each expression in loop code whose callee ends in a request of a synchronous HTTP client: requests,
`httpx.Client` and the functions of httpx, urllib, urllib3, http.client and others.

## Why is this bad?

The answer takes as long as another server and the network like. Until then the worker serves nobody.

## Example

```python
import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/rate")
async def rate() -> str:
    return requests.get("https://rates.example/eur", timeout=5).text
```

## Use instead

```python
import asyncio

import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/rate")
async def rate() -> str:
    answer = await asyncio.to_thread(requests.get, "https://rates.example/eur", timeout=5)
    return answer.text
```

Or, where nothing else is awaited:

```python
import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/rate")
def rate() -> str:
    return requests.get("https://rates.example/eur", timeout=5).text
```

## Fix safety

The fix is unsafe. A route or dependency that awaits nothing, and that nothing but its registration names, becomes a
plain `def`, which FastAPI runs in its thread pool. Elsewhere the call is awaited in a thread, in the way that the
project uses or `offload-style` names. The code then runs beside the event loop, and not everything that it touches can
be seen.

There is no fix where one would be wrong: a lock is held, shared state is looked at before the call and changed after
it, an object belongs to one thread or is shared by requests, or the code needs the running loop.
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingHttp(BlockingRule):
    code = "FAL102"
    name = "blocking-http"
    severity = Severity.ERROR
    kind = "http"
