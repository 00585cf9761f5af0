"""Blocking calls whose author knows what they are and says so.

Must not change: what is suppressed is not fixed, and these suppressions are used.
"""

import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/noqa", response_model=str)
async def with_noqa() -> str:
    time.sleep(0.02)  # noqa: FAL101
    return "noqa"


@app.get("/ignore", response_model=str)
async def with_ignore() -> str:
    time.sleep(0.02)  # fastapi-lint: ignore[blocking-sleep] -- the hardware needs it
    return "ignore"
