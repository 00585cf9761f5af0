"""A file system look-up on the event loop.

## What it does

Reports `os.path.exists`, `stat`, `mkdir`, `listdir` and their like in loop code. Off by default.

## Why is this bad?

A look-up on a local disk takes microseconds and hurts nobody; on a network file system it may take long.

## Example

```python
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/ready")
async def ready() -> bool:
    return os.path.exists("/mnt/share/ready")
```

## Use instead

```python
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/ready")
def ready() -> bool:
    return os.path.exists("/mnt/share/ready")
```
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingFsMetadata(BlockingRule):
    code = "FAL112"
    name = "blocking-fs-metadata"
    severity = Severity.INFO
    kind = "metadata"
    default = False
