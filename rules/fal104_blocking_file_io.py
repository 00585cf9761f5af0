"""File contents read or written on the event loop.

## What it does

Reports opening files, `Path.read_*` and `write_*`, copying trees, archives and `UploadFile.file` in loop code.

## Why is this bad?

A disk is usually fast and sometimes not: network file systems, full caches and large files stall every request.

## Example

```python
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/terms")
async def terms() -> str:
    return Path("terms.txt").read_text()
```

## Use instead

```python
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/terms")
def terms() -> str:
    return Path("terms.txt").read_text()
```

## Fix safety

The fix is safe for `UploadFile.file`: `file.file.read()` becomes `await file.read()`. All else is unsafe. A `with`
block around `open()` becomes a nested function that runs in a thread, if it can be told what comes out of it. A route
or dependency that awaits nothing, and that nothing but its registration names, becomes a plain `def`, which FastAPI
runs in its thread pool. Elsewhere the call is awaited in a thread, in the way that the project uses or `offload-style`
names. The code then runs beside the event loop, and not everything that it touches can be seen.

There is no fix where one would be wrong: a lock is held, shared state is looked at before the call and changed after
it, an object belongs to one thread or is shared by requests, or the code needs the running loop.
"""

from __future__ import annotations

from fastapi_lint.api import Applicability, Severity

from ._blocking import BlockingRule


class BlockingFileIo(BlockingRule):
    code = "FAL104"
    name = "blocking-file-io"
    severity = Severity.WARNING
    fix = Applicability.SAFE
    kind = "file"
