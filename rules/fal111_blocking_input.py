"""Waiting for a person at a terminal on the event loop.

## What it does

Reports `input`, `getpass.getpass` and reading standard input in loop code.

## Why is this bad?

The loop stands until somebody types, and a server has nobody who does.

## Example

```python
from fastapi import FastAPI

app = FastAPI()


@app.post("/confirm")
async def confirm() -> str:
    return input("really? ")
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.post("/confirm")
async def confirm() -> str:
    return await asyncio.to_thread(input, "really? ")
```
"""

from __future__ import annotations

from fastapi_lint.api import Applicability, Severity

from ._blocking import BlockingRule


class BlockingInput(BlockingRule):
    code = "FAL111"
    name = "blocking-input"
    severity = Severity.ERROR
    fix = Applicability.SAFE
    kind = "input"
