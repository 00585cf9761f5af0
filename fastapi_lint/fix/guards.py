"""Is the changed file still whole? Questions that need no analysis of the project."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Collection

from fastapi_lint.source import SourceError, SourceFile

# Strings are skipped whole, as in `suppress`.
_TOKEN = re.compile(
    r"""(?s:\"\"\"(?:\\.|(?!\"\"\").)*(?:\"\"\"|\Z)|'''(?:\\.|(?!''').)*(?:'''|\Z))"""
    r"""|"(?:\\(?:\r\n|[\s\S])|[^"\\\r\n])*"|'(?:\\(?:\r\n|[\s\S])|[^'\\\r\n])*'"""
    r"""|(?P<comment>\#[^\r\n]*)"""
)


def damage(before: SourceFile, after: SourceFile, about: Collection[int]) -> str | None:
    """What the change would break, or None. A file that was broken before cannot be judged.

    `about` are the offsets that are meant to change: a comment there may go.
    """
    if _compiles(before) and not _compiles(after):
        return "the result would not compile"
    # What LibCST cannot read, no rule sees; and it may know a newer Python than the one that runs.
    if _parses(before) and not _parses(after):
        return "the result would not parse"
    if _comments(before.text, about) - _comments(after.text):
        return "a comment would be lost"
    return None


def _comments(text: str, about: Collection[int] = ()) -> Counter[str]:
    """The comments of a file, as often as they occur."""
    found = (token for token in _TOKEN.finditer(text) if token["comment"])
    return Counter(
        token["comment"].rstrip() for token in found if not any(token.start() <= at < token.end() for at in about)
    )


def _compiles(source: SourceFile) -> bool:
    """Whether the Python that runs takes it; finds what no parser does, such as `await` outside of a coroutine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source.content, source.filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _parses(source: SourceFile) -> bool:
    from fastapi_lint.extract.parsing import parse

    try:
        parse(source)
    except SourceError:
        return False
    return True
