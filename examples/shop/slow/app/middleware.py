"""What happens around every request."""

import time

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response


# Runs every request as a task of its own and pumps every chunk of the answer through a stream.
class TimingMiddleware(BaseHTTPMiddleware):  # expect: FAL401
    """Tell in a header how long the answer took."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        response.headers["x-process-ms"] = f"{(time.perf_counter() - started) * 1000:.1f}"
        return response
