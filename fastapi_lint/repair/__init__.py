"""What rules are given to compute a fix: the project, and its files as they are now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.source import SourceError, SourceFile

if TYPE_CHECKING:
    from fastapi_lint.project import Project

__all__ = ["Opener"]


class Opener:
    """Opens files of the project again; `read` gives the present content of a file by its key."""

    def __init__(self, project: Project, read: Callable[[str], bytes], offload_style: str = "auto") -> None:
        self.project = project
        self.offload_style = offload_style
        self._read = read

    def open(self, key: str) -> SourceFile | None:
        """A file as it is now, or None where it cannot be read."""
        try:
            return SourceFile(key, self._read(key))
        except (OSError, SourceError):
            return None
