"""Fills the database."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request

from journal import note


def fill(rows: int) -> int:
    for _ in range(rows):
        time.sleep(0.01)
    done = subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    with urllib.request.urlopen(os.environ["UPSTREAM"] + "/tool", timeout=5) as response:
        note("filled", rows, response.status)
    return done.returncode


async def check() -> str:
    await asyncio.sleep(0)
    return "checked"


def main() -> str:
    return f"{fill(3)} {asyncio.run(check())}"


if __name__ == "__main__":
    print(main())
