"""Shared state changed after an `await`, on the strength of what was true before it.

## What it does

Reports changes of module-level, class-level and application state in async code where the new value, or the condition
for the change, was read before an `await`, and no lock is held over both. Where the same work is done
twice and nothing is lost, it is a warning, once for all variables that are set together. Looking again after the
`await`, or marking the state as taken before it, makes it right.

## Why is this bad?

At every `await` other requests run. Two of them read the same old value, and one change is lost; two find a place free,
and both take it; two find no client, both make one, and one is never closed.

## Example

```python
import asyncio

from fastapi import FastAPI

app = FastAPI()
stock = {"tea": 3}


@app.post("/buy/{name}")
async def buy(name: str) -> int:
    left = stock[name]
    await asyncio.sleep(0.1)
    stock[name] = left - 1
    return left - 1
```

## Use instead

```python
from fastapi import FastAPI, Request

app = FastAPI()


@app.post("/buy/{name}")
async def buy(name: str, request: Request) -> int:
    return await request.state.redis.decr(f"stock:{name}")
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity

from ._state import report


class RaceAcrossAwait(ProjectRule):
    code = "FAL303"
    name = "race-across-await"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Report]:
        for race in project.races:
            if race.joined:
                continue
            line = project.spot(race.frame.gid, race.pause).place.row
            if race.repeats:
                message = (
                    f"requests that get here before `{race.name}` ({race.where}) is set all do what line {line} does, "
                    "and the last one wins; hold an `asyncio.Lock` over check and change"
                )
                yield report(project, race, message, Severity.WARNING)
                continue
            message = (
                f"`{race.name}` ({race.where}) may have changed since it was read, during the `await` in line {line}; "
                "hold an `asyncio.Lock` from the read to this change"
            )
            yield report(project, race, message)
