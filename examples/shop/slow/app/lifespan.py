"""What is made once at start-up, and put away at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from ..core.db import close_database, prepare_database
from ..core.settings import settings
from ..services.analytics import POOL


class State(TypedDict):
    http: httpx.AsyncClient


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    await run_in_threadpool(prepare_database)
    async with httpx.AsyncClient(base_url=settings.provider_url, timeout=5) as http:
        yield {"http": http}
    POOL.shutdown(wait=False)
    await run_in_threadpool(close_database)
