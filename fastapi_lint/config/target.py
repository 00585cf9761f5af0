"""The oldest Python that the project supports: what fixes write must run there."""

from __future__ import annotations

import re
from typing import Any

from fastapi_lint.config.options import TARGET_VERSIONS, ConfigError, TargetVersion, read_toml
from fastapi_lint.config.settings import Settings

_LOWEST = re.compile(r"(?:>=?|~=|==|\^|~)\s*(3\.\d+)")


def oldest_python(settings: Settings) -> TargetVersion | None:
    """What `target-version` says, else the lower bound of `requires-python`; None where nothing says it."""
    if settings.target_version is not None:
        return settings.target_version
    try:
        required = _required(read_toml(settings.root / "pyproject.toml"))
    except ConfigError:
        return None
    found = _LOWEST.search(required)
    name = f"py{found[1].replace('.', '')}" if found is not None else ""
    return next((version for version in TARGET_VERSIONS if version == name), None)


def _required(document: dict[str, Any]) -> str:
    """PEP 621's key, or that of Poetry."""
    for path in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        value: Any = document
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    return ""
