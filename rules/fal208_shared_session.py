"""One database session or connection for many requests or tasks.

## What it does

Reports sessions and connections that modules, classes, `app.state` or objects shared by all requests hold, and sessions
that several coroutines of one `asyncio.gather` are given. Session factories and scoped sessions stay silent.

## Why is this bad?

A session is one transaction, and belongs to one task at a time. What one request adds, another commits or rolls back;
after an error all requests fail until somebody rolls back; concurrent use raises `InvalidRequestError` or
`InterfaceError: another operation is in progress`.

## Example

```python
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql://db/shop")
session = Session(engine)


@app.get("/users/count")
def users() -> int:
    return session.execute(text("select count(*) from users")).scalar_one()
```

## Use instead

```python
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql://db/shop")


@app.get("/users/count")
def users() -> int:
    with Session(engine) as session:
        return session.execute(text("select count(*) from users")).scalar_one()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity


class SharedSession(ProjectRule):
    code = "FAL208"
    name = "shared-session"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Report]:
        for shared in project.shared_sessions():
            if shared.driver and shared.where == "module level":
                continue  # FAL206
            if shared.where == "tasks":
                message = f"`{shared.holder}` (`{shared.type}`) is used by several tasks at once; give each its own"
            else:
                message = (
                    f"`{shared.holder}` is one `{shared.type}` for all requests ({shared.where}); "
                    "make one for each request"
                )
            yield Report(project.spot(shared.gid, shared.place), message)
