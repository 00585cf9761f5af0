"""Path patterns, as `exclude` and `per-file-ignores` use them.

A pattern without a slash names a file or folder at any depth; one with a slash is relative to the folder of the
configuration. `*` and `?` stay within one segment, `**` crosses them, `[abc]` and `{a,b}` are alternatives. A pattern
that matches a folder covers everything below it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

_MAGIC = re.compile(r"([*?\[\]{}])")


def anchored(pattern: str, base: Path) -> str:
    """The pattern made absolute, unless it names a file or folder at any depth."""
    sign, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    body = body.replace(os.sep, "/").removeprefix("./").rstrip("/")
    if "/" not in body or os.path.isabs(body):
        return sign + body
    return f"{sign}{_escape(base.as_posix().rstrip('/'))}/{body}"


class PatternSet:
    """Anchored patterns, compiled; `base` bounds how far up the folders of a path are looked at."""

    def __init__(self, patterns: Iterable[str], base: Path) -> None:
        names: list[str] = []
        paths: list[str] = []
        for pattern in patterns:
            (paths if "/" in pattern else names).append(_regex(pattern))
        self._names = _union(names)
        self._paths = _union(paths)
        self._base = base

    def matches(self, path: PurePath) -> bool:
        """Whether a pattern names exactly this absolute path."""
        if self._names is not None and self._names.fullmatch(path.name):
            return True
        return self._paths is not None and self._paths.fullmatch(path.as_posix()) is not None

    def covers(self, path: PurePath) -> bool:
        """Whether a pattern names this absolute path or one of its folders below `base`."""
        if self.matches(path):
            return True
        return any(self.matches(folder) for folder in path.parents if self._base in folder.parents)


def _union(parts: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(parts)) if parts else None


def _escape(text: str) -> str:
    return _MAGIC.sub(r"[\1]", text)


def _regex(pattern: str) -> str:
    """The pattern as a regular expression."""
    out: list[str] = []
    depth = at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at):
            out.append("(?:[^/]+/)*")
            at += 3
            continue
        if pattern.startswith("**", at):
            out.append(".*")
            at += 2
            continue
        bracket = _bracket(pattern, at) if char == "[" else None
        if bracket is not None:
            text, at = bracket
            out.append(text)
            continue
        if char == "{" and "}" in pattern[at:]:
            depth += 1
            out.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            out.append(")")
        elif char == "," and depth:
            out.append("|")
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char))
        at += 1
    return "".join(out) + ")" * depth


def _bracket(pattern: str, start: int) -> tuple[str, int] | None:
    """The class that begins at `start` and the index after it; None where the bracket is never closed."""
    end = pattern.find("]", start + 2)
    if end < 0:
        return None
    body = pattern[start + 1 : end]
    negated = body[0] in "!^" and len(body) > 1
    body = body[1:] if negated else body
    inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", body)
    return f"[{'^/' if negated else ''}{inner}]", end + 1
