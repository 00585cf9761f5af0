"""A client, engine or pool of the application that nothing closes.

## What it does

Reports asynchronous clients, engines and pools that start-up or import creates, if nothing in the project ever closes
them, and the application has a lifespan or start-up handler where that belongs.

## Why is this bad?

Open connections outlive the application on every reload and in every test: the server keeps them until they time out,
and Python complains of unclosed sessions or of a closed event loop.

## Example

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool("postgresql://db/shop")
    yield


app = FastAPI(lifespan=lifespan)
```

## Use instead

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool("postgresql://db/shop") as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity


class UnclosedClient(ProjectRule):
    code = "FAL207"
    name = "unclosed-client"
    severity = Severity.INFO

    def check(self, project: Project) -> Iterator[Report]:
        for resource in project.unclosed_resources():
            message = f"`{resource.call.name}` makes what nothing ever closes; close it at the end of the lifespan"
            yield Report(project.spot(resource.frame.gid, resource.call.place), message)
