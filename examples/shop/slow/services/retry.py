"""How long to wait before asking an unreliable service again."""

import time

MAX_ATTEMPTS = 3
BASE_DELAY = 0.05


def wait_before_retry(attempt: int) -> None:
    _pause(BASE_DELAY * 2 ** (attempt - 1))


def _pause(seconds: float) -> None:
    time.sleep(seconds)
