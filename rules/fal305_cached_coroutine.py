"""A cache around an `async def`.

## What it does

Reports `functools.lru_cache`, `functools.cache` and the decorators of cachetools on coroutine functions.

## Why is this bad?

The cache keeps the coroutine, not its result. The second call gets a coroutine that has been awaited already, and raises
`RuntimeError: cannot reuse already awaited coroutine`.

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

import libcst as cst

from fastapi_lint.api import NodeContext, NodeRule, Severity, on

_CACHES = frozenset({"functools.lru_cache", "functools.cache", "cachetools.cached", "cachetools.cachedmethod"})


class CachedCoroutine(NodeRule):
    code = "FAL305"
    name = "cached-coroutine"
    severity = Severity.ERROR

    @on(cst.FunctionDef)
    def check(self, node: cst.FunctionDef, context: NodeContext) -> None:
        if node.asynchronous is None:
            return
        for decorator in node.decorators:
            cache = context.outer.qualified_name(decorator.decorator)
            if cache in _CACHES:
                context.report(
                    decorator.decorator,
                    f"`{cache}` keeps the coroutine of `{node.name.value}`, not its result; use `async_lru.alru_cache`",
                )
