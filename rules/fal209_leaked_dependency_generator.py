"""A dependency with `yield` that is driven by hand.

## What it does

Reports `async for` over a generator that is a FastAPI dependency, or that lends a session, connection or client as one
does, and `next()` or `anext()` of one, where nothing else closes it. FastAPI runs the code behind the `yield` only for
what it injects itself.

## Why is this bad?

`anext(get_session())` never comes back to the code behind the `yield`; `async for` does so only if its block ends
without `return`, `break` or an exception. Until the garbage collector finds the generator, the session and its
connection stay open, and the pool runs empty. A `next(get_session())` closes the session at once, while it is in use.

Silent is who holds the generator, or takes its value by `next()`, and closes that value in a `finally` or a `with`.

## Example

```python
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

app = FastAPI()
make_session = async_sessionmaker(expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


async def count_users() -> int:
    async for session in get_session():
        return (await session.execute(text("select count(*) from users"))).scalar_one()
    return 0


@app.get("/users/count")
async def users(session: AsyncSession = Depends(get_session)) -> int:
    return await count_users()
```

## Use instead

```python
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

app = FastAPI()
make_session = async_sessionmaker(expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


async def count_users(session: AsyncSession) -> int:
    return (await session.execute(text("select count(*) from users"))).scalar_one()


@app.get("/users/count")
async def users(session: AsyncSession = Depends(get_session)) -> int:
    return await count_users(session)
```

## Fix safety

The fix is unsafe. `async for db in get_db():` becomes `async with asynccontextmanager(get_db)() as db:`: the code
behind the `yield` runs when the block is left, and an exception in the block reaches the generator. There is no fix
where the generator catches exceptions at its `yield` without raising them again, where `break` or `continue` belong to
the loop, and for `anext()`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Applicability, Fix, LeakedGenerator, Opener, Project, ProjectRule, Report, Severity


class LeakedDependencyGenerator(ProjectRule):
    code = "FAL209"
    name = "leaked-dependency-generator"
    severity = Severity.WARNING
    fix = Applicability.UNSAFE

    def check(self, project: Project) -> Iterator[Report]:
        for leaked in project.leaked_generators():
            spot, labels = project.spot(leaked.gid, leaked.place), project.labels(leaked.gid)
            yield Report(spot, _message(leaked), (), labels, about=leaked)

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.leaked(report.about) if isinstance(report.about, LeakedGenerator) else None


def _message(leaked: LeakedGenerator) -> str:
    if leaked.how == "async for":
        return (
            f"`async for` leaves the dependency `{leaked.name}` suspended if its block is left early: what is "
            "behind its `yield` runs when the garbage collector finds it; inject it, or make it an "
            "`asynccontextmanager` for use here"
        )
    if leaked.fails:
        kind = "no async generator" if leaked.how.strip("_").startswith("a") else "an async generator"
        return (
            f"`{leaked.how}()` raises an error here: the dependency `{leaked.name}` is {kind}; inject it, or use it "
            "as a context manager"
        )
    return (
        f"`{leaked.how}()` takes one value out of the dependency `{leaked.name}`, and nothing runs the "
        "code behind its `yield` when the value has been used; inject it, or use it as a context manager"
    )
