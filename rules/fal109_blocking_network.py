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
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingNetwork(BlockingRule):
    code = "FAL109"
    name = "blocking-network"
    severity = Severity.ERROR
    kind = "network"
