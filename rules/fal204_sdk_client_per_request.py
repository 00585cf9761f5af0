"""An SDK client created for each request.

## What it does

Reports the creation of boto3, OpenAI, Anthropic and other SDK clients where request handling reaches it.

## Why is this bad?

A boto3 client takes 11 to 144 ms to build, an OpenAI or Anthropic client 70 ms (measured), and each starts with no
connection.

## Example

```python
from fastapi import FastAPI
from openai import AsyncOpenAI

app = FastAPI()


@app.post("/ask")
async def ask(question: str) -> str:
    client = AsyncOpenAI()
    answer = await client.responses.create(model="gpt-5", input=question)
    return answer.output_text
```

## Use instead

```python
from functools import lru_cache

from fastapi import Depends, FastAPI
from openai import AsyncOpenAI

app = FastAPI()


@lru_cache
def get_client() -> AsyncOpenAI:
    return AsyncOpenAI()


@app.post("/ask")
async def ask(question: str, client: AsyncOpenAI = Depends(get_client)) -> str:
    answer = await client.responses.create(model="gpt-5", input=question)
    return answer.output_text
```

## Fix safety

The fix is unsafe. What is made from constants by a constructor whose result all threads and requests may share, a
client of boto3 or the synchronous one of OpenAI for example, is made by a cached function of the module instead: when
the first request asks for it, and never again. There is no fix where the function closes the object, changes it,
returns it or hands it to other code, where an argument is not constant, and for what belongs to an event loop or
remembers whom it served, such as clients that keep cookies.
"""

from __future__ import annotations

from fastapi_lint.api import Severity

from ._creation import CreationRule


class SdkClientPerRequest(CreationRule):
    code = "FAL204"
    name = "sdk-client-per-request"
    severity = Severity.WARNING
    kinds = frozenset({"sdk-client"})
    cost = "building it is slow and no connection is reused"
    way_out = "create it once, in a cached factory or the lifespan"
