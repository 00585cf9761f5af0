"""Fixes: chosen, applied in memory, checked, and written. Rules compute them, see `repair`."""

from __future__ import annotations

from fastapi_lint.fix.diff import unified_diff
from fastapi_lint.fix.rounds import Change, FixCount, Repaired, repair
from fastapi_lint.fix.writing import WriteError, write_changes

__all__ = ["Change", "FixCount", "Repaired", "WriteError", "repair", "unified_diff", "write_changes"]
