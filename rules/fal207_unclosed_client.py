"""A client, engine or pool of the application that nothing closes.

## What it does

Reports asynchronous clients, engines and pools that start-up, import or the first request creates for all, if nothing
in the project ever closes them, and the application has a lifespan or start-up handler where that belongs. A method or
function that would close them, but that nothing calls, closes nothing.

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

## Fix safety

The fix is unsafe. It closes the object when all else is done that the lifespan does after its `yield`, in the `finally`
that is there, if any. There is no fix for what a condition, a start-up handler or a request makes, and none if the
lifespan does not yield exactly once, or for an HTTP client or pool that the module makes: after the first shutdown it
would be closed for good, for every further start in the same process, as tests do.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Applicability, Fix, Opener, Project, ProjectRule, Report, Resource, Severity


class UnclosedClient(ProjectRule):
    code = "FAL207"
    name = "unclosed-client"
    severity = Severity.INFO
    fix = Applicability.UNSAFE

    def check(self, project: Project) -> Iterator[Report]:
        for resource in project.unclosed_resources():
            message = f"`{resource.call.name}` makes what nothing ever closes; close it at the end of the lifespan"
            yield Report(project.spot(resource.frame.gid, resource.call.place), message, about=resource)

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.unclosed(report.about) if isinstance(report.about, Resource) else None
