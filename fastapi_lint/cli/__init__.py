"""The command line."""

from __future__ import annotations

from fastapi_lint.cli.app import main

__all__ = ["main"]
