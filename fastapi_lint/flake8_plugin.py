"""The flake8 plugin: the same engine and the project's own configuration; flake8 shows one file at a time.

flake8 selects codes and honours `# noqa`; fastapi-lint's own suppression comments work too.
"""

from __future__ import annotations

import ast
import os
import sys
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi_lint import __version__

if TYPE_CHECKING:
    from fastapi_lint.config import Settings
    from fastapi_lint.diagnostic import Diagnostic
    from fastapi_lint.engine import CheckResult

_STDIN = ("stdin", "-", "(none)")


class FastapiLintPlugin:
    """What flake8 calls for each file."""

    name = "fastapi-lint"
    version = __version__

    def __init__(  # flake8 looks at the names of the parameters
        self,
        tree: ast.AST,  # noqa: ARG002
        filename: str = "-",
        lines: list[str] | None = None,
    ) -> None:
        self._filename = "stdin.py" if filename in _STDIN else filename
        self._lines = lines or []

    def run(self) -> Iterator[tuple[int, int, str, type[FastapiLintPlugin]]]:
        """Row, 0-based column and text of each diagnostic; never raises, for flake8 would stop at that."""
        try:
            found = self._check()
        except Exception as error:  # noqa: BLE001 - see the docstring
            print(f"fastapi-lint: {self._filename}: {type(error).__name__}: {error}", file=sys.stderr)
            return
        for each in found:
            yield each.location.row, each.location.column - 1, f"{each.code} {each.message}", type(self)

    def _check(self) -> list[Diagnostic]:
        cwd = Path.cwd()
        settings = _settings(Path(self._filename), cwd)
        content = _encoded(self._lines)
        path = os.path.abspath(self._filename)
        if _same_on_disk(path, content):
            covered = _project_diagnostics(settings.root, settings.config_file, cwd)
            if path in covered:
                return covered[path]
        return list(_run(settings, (), (self._filename, content)).diagnostics)


@lru_cache(maxsize=4)
def _project_diagnostics(root: Path, config_file: Path | None, cwd: Path) -> dict[str, list[Diagnostic]]:
    """The diagnostics of every file of a project: one analysis serves all the files that flake8 asks for."""
    from fastapi_lint.files import discover

    settings = _settings(root, cwd)
    if (settings.root, settings.config_file) != (root, config_file):  # a nested project with a configuration above
        return {}
    found: dict[str, list[Diagnostic]] = {os.path.abspath(file): [] for file in discover([root], settings)}
    for each in _run(settings, (root,), None).diagnostics:
        found.setdefault(os.path.abspath(each.filename), []).append(each)
    return found


def _settings(path: Path, cwd: Path) -> Settings:
    return _settings_of_folder(path if path.is_dir() else path.parent, cwd)


@lru_cache(maxsize=256)
def _settings_of_folder(folder: Path, cwd: Path) -> Settings:
    """Found once for all files of a folder: to look for it above each of them took a tenth of a cached run."""
    import msgspec

    from fastapi_lint.config import load_settings

    return msgspec.structs.replace(load_settings((folder,), cwd), ignore_noqa=True)


def _run(settings: Settings, paths: tuple[Path, ...], stdin: tuple[str, bytes] | None) -> CheckResult:
    from fastapi_lint.engine import CheckRequest, check

    result = check(CheckRequest(paths=paths, settings=settings, stdin=stdin, root=settings.root))
    for error in result.internal_errors:
        print(f"fastapi-lint: internal error: {error.strip().splitlines()[-1]}", file=sys.stderr)
    return result


def _encoded(lines: list[str]) -> bytes:
    """The file as flake8 read it, in the encoding that it declares."""
    raw = iter([line.encode("utf-8", "surrogatepass") for line in lines])
    try:
        encoding, _ = tokenize.detect_encoding(lambda: next(raw, b""))
        return "".join(lines).encode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        return "".join(lines).encode("utf-8", "surrogatepass")


def _same_on_disk(path: str, content: bytes) -> bool:
    """Whether flake8 shows the file itself, not an editor's version of it; flake8 normalises line ends."""
    try:
        raw = Path(path).read_bytes()
    except OSError:
        return False
    return raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")
