"""When not to look for garbage: next to nothing here has cycles, and looking for them takes a tenth of the time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 1_000_000
"""Objects that are worth a look before more are made: a warm run, of flake8 for each file, has fewer."""


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection meanwhile, except for what nothing refers to any more.

    What is left is not looked at afterwards, either: a look at a large project's objects takes seconds. Their turn
    comes when the next piece of work begins.
    """
    enabled = gc.isenabled()
    if enabled and gc.get_freeze_count() > _MANY:
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
