"""An analysis of the same code in other places: comments, blank lines and layout have changed, and nothing else.

Facts name places by their number (`ModuleFacts.places`), so what is found in equal facts is the same, and where it
stands is looked up by that number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from fastapi_lint.diagnostic import Hop, Position
from fastapi_lint.facts import ModuleFacts, Place
from fastapi_lint.findings import Analysis, Finding

_NAMES_A_LINE = re.compile(r"\bline \d")
_START = Place(1, 1, 1, 1)


class UnplacedError(Exception):
    """It cannot be told where something stands now."""


class Move:
    """Where the things of one file stand now, by where they stood. Raises UnplacedError where that is not one place."""

    def __init__(self, before: ModuleFacts, now: ModuleFacts) -> None:
        places = {_START: _START}
        starts: dict[Position, Position] = {}
        self._moved = places, starts
        for old, new in zip(before.places, now.places, strict=True):
            start = Position(new.row, new.column)
            if places.setdefault(old, new) != new or starts.setdefault(Position(old.row, old.column), start) != start:
                raise UnplacedError

    def place(self, old: Place) -> Place:
        """Where something stands now."""
        new = self._moved[0].get(old)
        if new is None:
            raise UnplacedError
        return new

    def start(self, row: int, column: int) -> Position:
        """Where something begins now."""
        new = self._moved[1].get(Position(row, column))
        if new is None:
            raise UnplacedError
        return new


def relocated(analysis: Analysis, moves: Mapping[str, Move]) -> Analysis:
    """The analysis with new places in the files that have a move; raises UnplacedError."""
    findings = tuple(_finding(finding, moves) for finding in analysis.findings)
    return msgspec.structs.replace(analysis, findings=findings)


def _finding(finding: Finding, moves: Mapping[str, Move]) -> Finding:
    chain = tuple(_hop(hop, moves) for hop in finding.chain)
    move = moves.get(finding.path)
    if move is None:
        return msgspec.structs.replace(finding, chain=chain) if chain != finding.chain else finding
    if _NAMES_A_LINE.search(finding.message):
        raise UnplacedError
    return msgspec.structs.replace(finding, chain=chain, place=move.place(finding.place))


def _hop(hop: Hop, moves: Mapping[str, Move]) -> Hop:
    move = moves.get(hop.filename)
    if move is None:
        return hop
    start = move.start(hop.row, hop.column)
    return msgspec.structs.replace(hop, row=start.row, column=start.column)
