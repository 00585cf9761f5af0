"""TOML on every supported Python."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from ecosystem.errors import EcosystemError


def read_toml(file: Path) -> dict[str, Any]:
    """The file's tables; a file that cannot be read is reported by its name."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EcosystemError(f"cannot read {file}: {error}") from error
