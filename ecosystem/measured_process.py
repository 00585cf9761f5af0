"""Runs a command and writes down what it cost; a script of its own, and a small one.

Linux counts the memory of the process that starts a command into the command's peak. Started from the tool itself,
which holds the diagnostics of all projects so far, each linter would seem larger than the one before.

    python measured_process.py REPORT COMMAND...
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(report: str, command: list[str]) -> None:
    """Waits for the command and reports its exit code, seconds, CPU seconds and peak memory."""
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    # Popen did not see the end itself, and would warn about a child that still runs.
    process.returncode = os.waitstatus_to_exitcode(status)
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    costs = {
        "exit_code": process.returncode,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * bytes_per_unit / 1024**2,
    }
    Path(report).write_text(json.dumps(costs), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
