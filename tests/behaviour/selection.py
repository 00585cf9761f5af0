"""Which apps are driven in every run of the tests; `scripts/prove_fixes` sets `ALL_APPS` and drives all of them."""

from __future__ import annotations

import os

EVERY_RUN = frozenset(
    {
        "chain_helpers", "crlf_bom", "dependency_async", "generators", "lock_held", "name_collisions",
        "requests_direct", "sleep_direct", "sqlite_module_connection", "stop_iteration",
    }
)  # fmt: skip
SOME_HAND_FIXES = frozenset({"asyncio_lock", "sleep_direct", "crlf_bom"})
"""The apps whose right and wrong fixes by hand are tried in every run, so that the harness itself stays sharp."""


def is_chosen(name: str, among: frozenset[str] = EVERY_RUN) -> bool:
    """Whether an app is driven in this run."""
    return os.environ.get("ALL_APPS") == "1" or name in among
