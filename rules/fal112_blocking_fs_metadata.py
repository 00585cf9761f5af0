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


class BlockingFsMetadata(BlockingRule):
    code = "FAL112"
    name = "blocking-fs-metadata"
    severity = Severity.INFO
    kind = "metadata"
    default = False
