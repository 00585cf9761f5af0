"""Synchronous network I/O on the event loop.

## What it does

Reports sockets, DNS look-ups, mail, FTP, SSH, LDAP, message brokers and synchronous gRPC in loop code.

## Why is this bad?

A name server that does not answer is enough: a freeze of 17 minutes is on record.

## Example

```python
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/resolve")
async def resolve(host: str) -> str:
    return socket.gethostbyname(host)
```

## Use instead

```python
import asyncio
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/resolve")
async def resolve(host: str) -> str:
    return await asyncio.to_thread(socket.gethostbyname, host)
```

Or, where nothing else is awaited:

```python
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/resolve")
def resolve(host: str) -> str:
    return socket.gethostbyname(host)
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


class BlockingNetwork(BlockingRule):
    code = "FAL109"
    name = "blocking-network"
    severity = Severity.ERROR
    kind = "network"
