"""A cache that grows with every new key and is never emptied.

## What it does

Reports functions on a request's way under `functools.cache`, `lru_cache(maxsize=None)`, `alru_cache(maxsize=None)` or
`cachetools.cached` with a plain dictionary whose arguments come from requests, and dictionaries that requests share,
look up and fill under keys of their own, when nothing in the project ever removes, counts or replaces what is in them.
What `cache_clear()` empties is bounded. Flags, enumerations and literals are few, and so are files
that a function has asked the file system about, and what had to be in a list to get there (`if model not in MODELS:
raise`, here, in a caller or in a function that checks it): a cache keyed by them is none of these.

## Why is this bad?

Whoever sends requests decides how many keys there are. Memory grows until the process is killed, in every worker by
itself, and what is cached is never refreshed.

## Example

```python
from functools import cache

from fastapi import FastAPI

app = FastAPI()


@cache
def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


@app.get("/slug")
async def get_slug(title: str) -> str:
    return slug(title)
```

## Use instead

```python
from functools import lru_cache

from fastapi import FastAPI

app = FastAPI()


@lru_cache(maxsize=1024)
def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


@app.get("/slug")
async def get_slug(title: str) -> str:
    return slug(title)
```

## Fix safety

The fix is unsafe. A function whose results are known to be texts, numbers and the like keeps at most 1024 of them; what
fell out of the cache is computed again. There is no fix for other results, a lock or a list for example, for whoever
holds the old one would not notice the new one, and none for dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Applicability, CachedFunction, Fix, Opener, Project, ProjectRule, Report, Severity

from ._state import report


class UnboundedCache(ProjectRule):
    code = "FAL304"
    name = "unbounded-cache"
    severity = Severity.WARNING
    fix = Applicability.UNSAFE

    def check(self, project: Project) -> Iterator[Report]:
        for function in project.unbounded_functions():
            message = f"`{function.decorator}` keeps a result for every `{function.key}` that requests ever bring; " + (
                "keep them in a `weakref.WeakValueDictionary`: a `maxsize` would drop locks that are held"
                if function.gives_lock
                else "give the cache a `maxsize`"
            )
            spot = project.spot(project.index.parent(function.gid), function.place)
            yield Report(spot, message, (), project.labels(function.gid), about=function)
        for mutation in project.growing():
            message = (
                f"`{mutation.name}` ({mutation.where}) keeps an item for every key that requests ever bring, and "
                "nothing removes any; bound it, with `cachetools.TTLCache` for example"
            )
            yield report(project, mutation, message)

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.unbounded(report.about) if isinstance(report.about, CachedFunction) else None
