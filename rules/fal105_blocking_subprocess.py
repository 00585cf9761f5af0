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

Or, where nothing else is awaited:

```python
import subprocess

from fastapi import FastAPI

app = FastAPI()


@app.post("/thumbnails")
def thumbnails() -> int:
    return subprocess.run(["convert", "in.png", "out.png"]).returncode
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


class BlockingSubprocess(BlockingRule):
    code = "FAL105"
    name = "blocking-subprocess"
    severity = Severity.ERROR
    kind = "subprocess"
