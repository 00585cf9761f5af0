"""Long computation on the event loop.

## What it does

Reports password hashing, image and document processing, dataframe input and output, model inference and the like in
loop code.

## Why is this bad?

One bcrypt hash of cost 12 freezes the loop for 437 ms (measured): two logins a second leave nothing for other requests.

## Example

```python
import hashlib

from fastapi import FastAPI

app = FastAPI()


@app.post("/login")
async def login(password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 600_000).hex()
```

## Use instead

```python
import hashlib

from fastapi import FastAPI

app = FastAPI()


@app.post("/login")
def login(password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 600_000).hex()
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


class BlockingCpu(BlockingRule):
    code = "FAL107"
    name = "blocking-cpu"
    severity = Severity.ERROR
    kind = "cpu"
