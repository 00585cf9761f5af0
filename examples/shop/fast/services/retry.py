"""How long to wait before asking an unreliable service again."""

import asyncio

MAX_ATTEMPTS = 3
BASE_DELAY = 0.05


async def wait_before_retry(attempt: int) -> None:
    await _pause(BASE_DELAY * 2 ** (attempt - 1))


async def _pause(seconds: float) -> None:
    await asyncio.sleep(seconds)
