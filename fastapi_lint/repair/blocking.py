"""What is to be done about an expression that blocks the event loop? The first strategy that is right there."""

from __future__ import annotations

from functools import cached_property
from typing import get_args

from fastapi_lint.catalogue import BlockKind
from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.repair.extraction import Extraction
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.moving import Moving
from fastapi_lint.repair.offload import Offloads
from fastapi_lint.repair.opened import OpenedFile
from fastapi_lint.repair.plain_def import PlainDefs
from fastapi_lint.repair.reentry import Reentry
from fastapi_lint.repair.style import Offloading
from fastapi_lint.repair.twin import Twins


class BlockingRepair:
    """The strategies in order: the asynchronous twin, a plain `def`, a thread for the call, a thread for its block."""

    def __init__(self, project: Project, offloading: Offloading) -> None:
        self._project = project
        self._moving = Moving(project)
        self._twins = Twins(project, self._moving, offloading)
        self._plain = PlainDefs(project, self._moving)
        self._offloads = Offloads(project, self._moving, offloading)
        self._extraction = Extraction(project, self._moving, offloading)
        self._reentry = Reentry()

    def fix(self, opened: OpenedFile, imports: Imports, use: BlockingUse) -> Fix | None:
        """The fix for one use; None where each strategy might change what the code does."""
        if use.once:
            # a thread each time for what blocks once; and two of them would both find it missing
            return None
        if use.call.spec.blocks == "reentry":
            return self._reentry.fix(opened, imports, use)
        if self._twins.has_twin(use):
            found = self._twins.fix(opened, imports, use, self._alike(use))
            if found is not None:
                return found
        if self._only_naps(use):
            return None
        if _asks_a_person(use):
            return self._offloads.fix(opened, imports, use, Applicability.SAFE)
        if not self._is_awaiting_soon(opened, imports, use):
            found = self._plain.fix(opened, use)
            if found is not None:
                return found
        found = self._offloads.fix(opened, imports, use, Applicability.UNSAFE)
        return found or self._extraction.fix(opened, imports, use)

    def _only_naps(self, use: BlockingUse) -> bool:
        """Whether what is called sleeps for about as long as a thread costs, or comes to a constructor that sleeps."""
        if use.edge is None or use.call.spec.blocks != "sleep":
            return False
        reached = self._project.graph.reach([use.edge.callee])
        return use.is_short or any(use.call in node.calls for node in reached if node.frame.scope.name == "__init__")

    def _alike(self, use: BlockingUse) -> list[BlockingUse]:
        """All uses of the same kind in the same file that a twin may replace."""
        kind = use.call.spec.blocks
        found = self._project.blocking(kind) if kind is not None else []
        return [other for other in found if other.spot.path == use.spot.path and self._twins.has_twin(other)]

    def _is_awaiting_soon(self, opened: OpenedFile, imports: Imports, use: BlockingUse) -> bool:
        """Whether a fix for another use gives the function its first `await`: then it has to stay asynchronous."""
        for other in self._bringing_await.get(use.frame.gid, ()):
            if other.spot == use.spot:
                continue
            if other.call.spec.blocks == "reentry" or _asks_a_person(other):
                return True
            if self._twins.replacement(opened, imports, other) is not None:
                return True
        return False

    @cached_property
    def _bringing_await(self) -> dict[int, list[BlockingUse]]:
        """By function the uses whose own fix may be an `await` whatever the function is like."""
        found: dict[int, list[BlockingUse]] = {}
        for kind in get_args(BlockKind):
            for use in self._project.blocking(kind):
                if kind == "reentry" or _asks_a_person(use) or self._twins.has_twin(use):
                    found.setdefault(use.frame.gid, []).append(use)
        return found


def _asks_a_person(use: BlockingUse) -> bool:
    return use.call.spec.blocks == "input" and use.edge is None
