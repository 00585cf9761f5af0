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
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._blocking import BlockingRule


class BlockingSdk(BlockingRule):
    code = "FAL108"
    name = "blocking-sdk"
    severity = Severity.ERROR
    kind = "sdk"
