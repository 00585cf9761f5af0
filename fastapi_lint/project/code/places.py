"""Where in the files does something stand, and by which entry points is it reached?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from fastapi_lint.diagnostic import EntryPointLabel, Hop
from fastapi_lint.facts import NONE, Place
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.serving.contexts import Arrival, Contexts
from fastapi_lint.project.serving.entrypoints import EntryPoint


class Spot(msgspec.Struct, frozen=True):
    """A place in a file of the project."""

    path: str
    place: Place


class Places:
    """Spots, chains and labels for what was found."""

    def __init__(self, index: Index, contexts: Contexts) -> None:
        self._index = index
        self._contexts = contexts
        self._reached_frames: dict[str, dict[int, list[Frame]]] = {}

    def spot(self, gid: int, place: int) -> Spot:
        """The file and place of an event of scope `gid`."""
        module = self._index.module(gid)
        return Spot(module.path, module.facts.places[place] if place != NONE else Place(1, 1, 1, 1))

    def hop(self, gid: int, place: int, text: str) -> Hop | None:
        if place == NONE:
            return None
        spot = self.spot(gid, place)
        return Hop(spot.path, spot.place.row, spot.place.column, text)

    def labels(
        self,
        gid: int,
        category: str = "request",
        able: set[Frame] | None = None,
        entry_of: Callable[[Frame, str, EntryPoint | None], EntryPoint | None] = lambda _frame, _category, nearest: (
            nearest
        ),
    ) -> tuple[EntryPointLabel, ...]:
        """The entry points from which requests (or start-up, ...) come to a function, by the nearest way.

        Of its frames only those count that are `able` to do what is told of the function, if that is known: block the
        loop on which the entry points run. `entry_of` knows of a frame that only some of its ways fit, or none.
        """
        reached = self._contexts.reached(category)
        if able is not None and category != "script":  # whose loops are all started by somebody
            reached = self._contexts.reached_on_loop(category)
        found: dict[EntryPointLabel, None] = {}
        for frame in self._frames_of(category).get(gid, ()):
            if able is not None and frame not in able:
                continue
            arrivals = self._contexts.way_in(frame, reached)[:1]
            entry = entry_of(frame, category, arrivals[0].entry) if arrivals else None
            if entry is not None:
                found[EntryPointLabel(entry.kind, entry.label)] = None
        return tuple(found)

    def _frames_of(self, category: str) -> dict[int, list[Frame]]:
        table = self._reached_frames.get(category)
        if table is None:
            table = self._reached_frames[category] = {}
            for frame in self._contexts.reached(category):
                table.setdefault(frame.gid, []).append(frame)
        return table

    def way_in(self, way: Iterable[Arrival]) -> tuple[Hop, ...]:
        """A chain from an entry point, one hop a call."""
        hops: list[Hop | None] = []
        for arrival in way:
            if arrival.entry is not None:
                entry = arrival.entry
                text = f"{entry.kind} `{entry.label}` enters here"
                hops.append(self.hop(entry.gid, entry.place, text))
            elif arrival.caller is not None and arrival.edge is not None:
                verb = "depends on" if arrival.edge.mode == "injected" else "runs"
                text = f"`{self._index.name(arrival.caller.gid)}` {verb} `{arrival.edge.name}`"
                hops.append(self.hop(arrival.caller.gid, arrival.edge.place, text))
        return tuple(hop for hop in hops if hop is not None)
