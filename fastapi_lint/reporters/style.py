"""Colours, and text that is safe and known in width on a terminal."""

from __future__ import annotations

import unicodedata

from fastapi_lint.diagnostic import Severity

TAB = 4
SEVERITY_COLOUR = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}

_CODES = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}


class Style:
    """Paints text, or leaves it as it is where colours are off."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, text: str, colour: str | None = None, bold: bool = False) -> str:
        codes = (["1"] if bold else []) + ([] if colour is None else [str(_CODES[colour])])
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.enabled and codes and text else text


def printable(text: str) -> str:
    """Tabs become blanks and control characters a mark: source text must not steer the terminal."""
    return "".join(
        " " * TAB if char == "\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _UNSAFE else char
        for char in text
    )


def width(text: str) -> int:
    """The number of terminal cells of printable text."""
    return len(text) if text.isascii() else sum(map(_cells, text))


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
