"""One measurement, and what many of them come to."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Cost:
    """What one process cost, with its children: seconds, CPU seconds, memory of the largest process."""

    wall: float
    cpu: float
    peak_mb: float
    exit_code: int


class OverdueError(Exception):
    """A command that took longer than anybody wants to wait."""


def measure(command: Sequence[str], folder: Path, cores: int, timeout: float) -> Cost:
    """Runs a command in `folder` on the first `cores` cores."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        launch = [sys.executable, str(_LAUNCHER), str(report), str(cores), *command]
        process = subprocess.Popen(launch, cwd=folder, start_new_session=True)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise OverdueError from error
        return Cost(**json.loads(report.read_text("utf-8")))


def _end(process: subprocess.Popen[bytes]) -> None:
    import os
    import signal

    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each number by itself."""
    return Cost(
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
        peak_mb=median(cost.peak_mb for cost in costs),
        exit_code=costs[-1].exit_code,
    )
