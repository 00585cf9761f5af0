"""The flake8 plugin: the same engine, one file at a time, with the project's own configuration.

flake8 selects codes and honours `# noqa`; fastapi-lint's own suppression comments work too.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from fastapi_lint import __version__

_STDIN = ("stdin", "-", "(none)")


class FastapiLintPlugin:
    """What flake8 calls for each file."""

    name = "fastapi-lint"
    version = __version__

    def __init__(self, tree: ast.AST, filename: str = "-", lines: list[str] | None = None) -> None:
        self._filename = filename
        self._lines = lines or []

    def run(self) -> Iterator[tuple[int, int, str, type[FastapiLintPlugin]]]:
        """Row, 0-based column and text of each diagnostic; never raises, for flake8 would stop at that."""
        try:
            found = list(self._check())
        except Exception as error:  # noqa: BLE001 - see the docstring
            print(f"fastapi-lint: {self._filename}: {type(error).__name__}: {error}", file=sys.stderr)
            return
        for row, column, text in found:
            yield row, column, text, type(self)

    def _check(self) -> Iterator[tuple[int, int, str]]:
        import msgspec

        from fastapi_lint.config import load_settings
        from fastapi_lint.engine import CheckRequest, check

        name = "stdin.py" if self._filename in _STDIN else self._filename
        path = Path(name)
        settings = msgspec.structs.replace(load_settings((path,), Path.cwd()), ignore_noqa=True)
        # flake8 may have read the file from an editor's buffer: its lines count, not what is on disk.
        stdin = (name, "".join(self._lines).encode("utf-8", "surrogatepass"))
        result = check(CheckRequest(paths=(), settings=settings, stdin=stdin, root=settings.root))
        for error in result.internal_errors:
            print(f"fastapi-lint: internal error: {error.strip().splitlines()[-1]}", file=sys.stderr)
        for each in result.diagnostics:
            yield each.location.row, each.location.column - 1, f"{each.code} {each.message}"
