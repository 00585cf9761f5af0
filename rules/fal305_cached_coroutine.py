"""A cache around an `async def`.

## What it does

Reports `functools.lru_cache`, `functools.cache` and the decorators of cachetools on coroutine functions,
except above the decorator of a route whose cached name nobody calls: that has no effect.

## Why is this bad?

The cache keeps the coroutine, not its result. The second call gets a coroutine that has been awaited already, and
raises `RuntimeError: cannot reuse already awaited coroutine`.

## Example

```python
from functools import lru_cache


@lru_cache
async def load_settings() -> dict[str, str]:
    return {}
```

## Use instead

```python
from async_lru import alru_cache


@alru_cache
async def load_settings() -> dict[str, str]:
    return {}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity

_CACHES = frozenset(
    {
        "functools.lru_cache",
        "functools.cache",
        "cachetools.cached",
        "cachetools.cachedmethod",
        "cachetools.func.fifo_cache",
        "cachetools.func.lfu_cache",
        "cachetools.func.lru_cache",
        "cachetools.func.rr_cache",
        "cachetools.func.ttl_cache",
    }
)


class CachedCoroutine(ProjectRule):
    code = "FAL305"
    name = "cached-coroutine"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Report]:
        for found in project.decorated_coroutines(_CACHES):
            message = (
                f"`{found.decorator}` keeps the coroutine of `{found.function}`, not its result; "
                "use `async_lru.alru_cache`"
            )
            yield Report(found.spot, message)
