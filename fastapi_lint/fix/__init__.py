"""Fixes: chosen, applied in memory, checked, and written. Rules compute them, see `repair`."""

from __future__ import annotations

from fastapi_lint.fix.rounds import Change, FixCount, Repaired, repair

__all__ = ["Change", "FixCount", "Repaired", "repair"]
