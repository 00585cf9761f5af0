"""Runs one command on some cores and writes down what it cost; a script of its own, and a small one.

Linux counts the memory of the process that starts a command into the command's peak, so that the starter must be small.

    python launcher.py REPORT CORES COMMAND...
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(report: str, cores: int, command: list[str]) -> None:
    """Waits for the command: exit code, seconds, CPU seconds of all its processes, memory of the largest of them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    costs = {
        "exit_code": process.returncode,
        "wall": seconds,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * bytes_per_unit / 1024**2,
    }
    Path(report).write_text(json.dumps(costs), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
