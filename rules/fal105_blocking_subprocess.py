"""A child process started or awaited synchronously on the event loop.

## What it does

Reports `subprocess`, `os.system`, `os.wait*`, `Popen.wait` and the like in loop code.

## Why is this bad?

The loop waits for the child: often for seconds.

## Example

```python
import subprocess

from fastapi import FastAPI

app = FastAPI()


@app.post("/thumbnails")
async def thumbnails() -> int:
    return subprocess.run(["convert", "in.png", "out.png"]).returncode
```

## Use instead

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.post("/thumbnails")
async def thumbnails() -> int:
    child = await asyncio.create_subprocess_exec("convert", "in.png", "out.png")
    return await child.wait()
```
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingSubprocess(BlockingRule):
    code = "FAL105"
    name = "blocking-subprocess"
    severity = Severity.ERROR
    kind = "subprocess"
