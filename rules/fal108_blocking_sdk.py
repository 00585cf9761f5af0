"""A synchronous call of a cloud, SaaS or model SDK on the event loop.

## What it does

Reports calls of boto3, Google Cloud, Azure, Stripe, Twilio, OpenAI, Anthropic, LangChain and other SDKs that do network
I/O synchronously, in loop code.

## Why is this bad?

Such calls take from tens of milliseconds to minutes; a model may think for as long as its timeout allows.

## Example

```python
import boto3
from fastapi import FastAPI

app = FastAPI()
s3 = boto3.client("s3")


@app.delete("/files/{key}")
async def delete_file(key: str) -> None:
    s3.delete_object(Bucket="files", Key=key)
```

## Use instead

```python
import boto3
from fastapi import FastAPI

app = FastAPI()
s3 = boto3.client("s3")


@app.delete("/files/{key}")
def delete_file(key: str) -> None:
    s3.delete_object(Bucket="files", Key=key)
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


class BlockingSdk(BlockingRule):
    code = "FAL108"
    name = "blocking-sdk"
    severity = Severity.ERROR
    kind = "sdk"
