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
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingFileIo(BlockingRule):
    code = "FAL104"
    name = "blocking-file-io"
    severity = Severity.WARNING
    kind = "file"
