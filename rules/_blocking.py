"""The family FAL1xx: an expression on the event loop reaches a call that blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from fastapi_lint.api import Applicability, BlockingUse, Fix, Opener, Project, ProjectRule, Report

Kind = Literal[
    "sleep",
    "http",
    "database",
    "file",
    "subprocess",
    "sync",
    "cpu",
    "sdk",
    "network",
    "reentry",
    "input",
    "metadata",
]


_ITERATE = "iterate it in a function that you run with"
"""A thread that only makes a generator (`to_thread(os.walk, path)`) leaves the work to the loop."""

_SPLIT = "run only what blocks in it with"


class BlockingRule(ProjectRule):
    """Reports each expression of loop code whose callee ends in a blocking call of one kind."""

    fix = Applicability.UNSAFE
    kind: ClassVar[Kind]
    effect: ClassVar[str] = "blocks the event loop"
    way_out: ClassVar[str] = "run it with `await asyncio.to_thread(...)`"

    def check(self, project: Project) -> Iterator[Report]:
        for use in project.blocking(self.kind):
            severity = self.severity.lowered() if use.once or use.is_short else None
            stage = use.stage or ("conditional" if use.is_conditional else "")
            message = _on_anyio(self.message(use)) if project.is_on_anyio else self.message(use)
            yield Report(use.spot, message, use.chain, use.entry_points, severity, stage, use)

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return opener.blocking(report.about, self.fix) if isinstance(report.about, BlockingUse) else None

    def message(self, use: BlockingUse) -> str:
        """What blocks, through what, and the way out."""
        through = f" through `{use.callee}`" if use.chain else ""
        spec = use.call.spec
        note = f" ({spec.note})" if spec.note else ""
        twin = f"use `{spec.twin}`{note}, or " if spec.twin and spec.twin not in self.way_out else ""
        once = " on first use" if use.once else ""
        return f"`{use.sink}` {self.effect}{once}{through}; {twin}{self.way_out_of(use)}"

    def way_out_of(self, use: BlockingUse) -> str:
        """What else to do than to use the twin."""
        if (use.needs_loop or use.is_awaited) and "run it with" in self.way_out:
            rest = "the rest needs the running loop" if use.needs_loop else "what it gives is awaited"
            return f"{self.way_out.replace('run it with', _SPLIT, 1)}: {rest}"
        return self.way_out.replace("run it with", _ITERATE, 1) if use.is_iterated else self.way_out


def _on_anyio(message: str) -> str:
    """The way out for a project that may run on trio, too."""
    return message.replace("asyncio.to_thread(", "anyio.to_thread.run_sync(").replace(
        "`asyncio.sleep`", "`anyio.sleep`"
    )
