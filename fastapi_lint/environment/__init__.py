"""The project's environment, read and never run: where the source of the packages to follow stands."""

from __future__ import annotations

from fastapi_lint.environment.errors import FollowError
from fastapi_lint.environment.followed import Followed, follow

__all__ = ["FollowError", "Followed", "follow"]
